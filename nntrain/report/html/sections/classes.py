"""Classes: precision, recall and F1 of each class, from the confusion matrix that the run has recorded or drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.errors import UserError
from nntrain.report.html.elements import Html, element, folded, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.tables import Cell, Row, score, table

LARGEST = 30  # classes of a matrix that is shown


@dataclass(frozen=True)
class Matrix:
    """Counts (true classes, predicted classes)."""

    counts: np.ndarray
    names: Sequence[str]
    about: str  # of which samples


def classes(run: ReportedRun) -> Html:
    matrix = recorded(run) or drawn(run)
    if matrix is None:
        return Html()
    return section(
        "Classes",
        element("p", f"{matrix.about}."),
        per_class(matrix.counts, matrix.names),
        confusion(matrix.counts, matrix.names) if len(matrix.counts) <= LARGEST else None,
        key="classes",
    )


def recorded(run: ReportedRun) -> Matrix | None:
    """Of the metric `confusion_matrix`, for the split that tells most about the network."""
    for split in ("test", "validation", "train"):
        counts = square(run.scores.get(split, {}).get("confusion_matrix"))
        if counts is not None:
            numbers = [str(number) for number in range(len(counts))]
            return Matrix(
                counts, run.classes if len(run.classes) == len(counts) else numbers, f"The {split} split"
            )
    return None


def drawn(run: ReportedRun) -> Matrix | None:
    """What `fit` has drawn the confusion matrix from."""
    from nntrain.report.pictures.registry import pictures

    try:
        arrays = pictures()["confusion"].stored_arrays(run.path)
        counts = square(arrays["counts"])
        return (
            None
            if counts is None
            else Matrix(counts, [str(name) for name in arrays["classes"]], str(arrays["about"]))
        )
    except UserError:
        return None


def square(value: object) -> np.ndarray | None:
    try:
        counts = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return counts if counts.ndim == 2 and len(counts) == counts.shape[1] and len(counts) else None


def per_class(matrix: np.ndarray, names: Sequence[str]) -> Html:
    hit, true, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    rows: list[Row] = [
        [
            name,
            quotient(hit[i], predicted[i]),
            quotient(hit[i], true[i]),
            quotient(2 * hit[i], true[i] + predicted[i]),
            Cell(f"{true[i]:,.6g}", float(true[i]), numeric=True),
        ]
        for i, name in enumerate(names)
    ]
    return table(["class", "precision", "recall", "F1", "samples"], rows)


def quotient(part: float, whole: float) -> Cell:
    return score(float(part / whole)) if whole else score(None)


def confusion(matrix: np.ndarray, names: Sequence[str]) -> Html:
    rows: list[Row] = [
        [
            Cell(name, heading=True),
            *(Cell(f"{value:.6g}" if value else "", value, numeric=True) for value in map(float, row)),
        ]
        for name, row in zip(names, matrix, strict=True)
    ]
    note = element("p", "Rows are true classes, columns predicted ones.")
    return folded("confusion matrix", note, table(["", *names], rows, sortable=False))
