"""Classes: precision, recall and F1 of each class, for runs whose metrics include the confusion matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.report.html.elements import Html, element, folded, section
from nntrain.report.html.reported import ReportedRun
from nntrain.report.html.tables import Cell, Row, score, table

LARGEST = 30  # classes of a matrix that is shown


def classes(run: ReportedRun) -> Html:
    split = next((name for name in ("test", "validation", "train") if matrix_of(run, name) is not None), None)
    matrix = matrix_of(run, split) if split else None
    if matrix is None:
        return Html()
    names = run.classes if len(run.classes) == len(matrix) else [str(number) for number in range(len(matrix))]
    return section(
        f"Classes, {split} split",
        per_class(matrix, names),
        confusion(matrix, names) if len(matrix) <= LARGEST else None,
        key="classes",
    )


def matrix_of(run: ReportedRun, split: str) -> np.ndarray | None:
    """Counts (true classes, predicted classes); None where the run has none."""
    value: Any = run.scores.get(split, {}).get("confusion_matrix")
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return matrix if matrix.ndim == 2 and len(matrix) == matrix.shape[1] and len(matrix) else None


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
