"""Errors: which predictions are wrong, those of which the network was most certain first, in words."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import counted, number
from nntrain.report.pictures.judging.chosen import places_of
from nntrain.report.pictures.judging.predictions import Judged, named, share

SEARCHED = 200  # times as many rows as are shown, for different ones


@dataclass(frozen=True)
class Errors:
    """Rows of the predictions, with what is true and what is predicted."""

    rows: np.ndarray
    true: list[str]
    predicted: list[str]
    sentence: str
    correct: bool = False  # there are no errors: these are the least certain predictions


Key = Callable[[int], Hashable]  # of rows; of those with the same key, the first is shown


def errors_of(
    rows: Judged, most: int, true: str | None, predicted: str | None, place: str, key: Key | None = None
) -> Errors:
    """At most so many; of classifiers only those of a true and a predicted class, where these are given. Raises UserError."""
    if rows.kind == "classes":
        return of_classes(rows, most, true, predicted, place, key)
    if true is not None or predicted is not None:
        raise UserError(
            "errors can be chosen by class only where each sample has one of several classes", place=place
        )
    return of_labels(rows, most) if rows.kind == "labels" else of_numbers(rows, most)


def of_classes(
    rows: Judged, most: int, true: str | None, predicted: str | None, place: str, key: Key | None
) -> Errors:
    number_of_row = np.arange(len(rows))
    certainty = rows.probabilities[number_of_row, rows.predicted]
    if not rows.loss.probabilistic:
        certainty = np.abs(rows.outputs).max(axis=1)
    wanted = rows.true != rows.predicted
    wrong = f"{int(wanted.sum()):,} of {len(rows):,} predictions {is_or_are(wanted)} wrong"
    if true is not None or predicted is not None:
        wanted, wrong = filtered(rows, wanted, true, predicted, place)
    if wanted.any():
        found = np.flatnonzero(wanted)
        order = cut(found[np.argsort(-certainty[found], kind="stable")], most, key)
        some = (
            "the most certain first" if len(order) == len(found) else f"{these(len(order))} the most certain"
        )
        sentence = f"{wrong}; {some}"
    else:
        order = cut(np.argsort(certainty, kind="stable"), most, key)
        sentence = f"All {len(rows):,} predictions are correct; these are the least certain"
    names = rows.names

    def words(row: int, label: int) -> str:
        sure = rows.probabilities[row, label]
        return f"{named(names[label])} ({share(sure)})" if rows.loss.probabilistic else named(names[label])

    return Errors(
        order,
        [words(row, rows.true[row]) for row in order],
        [words(row, rows.predicted[row]) for row in order],
        sentence,
        not wanted.any() or (true is not None and true == predicted),
    )


def cut(order: np.ndarray, most: int, key: Key | None) -> np.ndarray:
    """The first rows, each key once."""
    if key is None:
        return order[:most]
    first: dict[Hashable, int] = {}
    for row in order[: most * SEARCHED]:
        first.setdefault(key(int(row)), int(row))
    return np.array(list(first.values())[:most])


def filtered(
    rows: Judged, wrong: np.ndarray, true: str | None, predicted: str | None, place: str
) -> tuple[np.ndarray, str]:
    """Which rows have this true and this predicted class, and a sentence about them."""
    of_true, taken = np.ones(len(rows), bool), np.ones(len(rows), bool)
    if true is not None:
        of_true = rows.true == places_of((true,), rows.names, "class", place)[0]
    if predicted is not None:
        taken = rows.predicted == places_of((predicted,), rows.names, "class", place)[0]
    wanted = of_true & taken & (wrong if true != predicted else True)
    samples = f"of {named(true)}" if true is not None else "of other classes"
    verb = f"taken for {named(predicted)}" if predicted is not None else "misclassified"
    if not wanted.any():
        raise UserError(f"no sample {samples} of the {rows.split} split is {verb}", place=place)
    total = of_true if true is not None else rows.true != places_of((predicted or "",), rows.names, "", "")[0]
    return (
        wanted,
        f"{int(wanted.sum()):,} of {counted(int(total.sum()), 'sample')} {samples} are {verb}",
    )


def of_labels(rows: Judged, most: int) -> Errors:
    """A label that is wrong is an error of its own."""
    wrong = rows.true != rows.predicted
    certainty = np.abs(rows.outputs)
    found = np.argwhere(wrong if wrong.any() else ~wrong)
    values = certainty[tuple(found.T)]
    order = found[np.argsort(-values if wrong.any() else values, kind="stable")][:most]
    total = f"{wrong.size:,} labels"
    sentence = (
        f"{int(wrong.sum()):,} of {total} {is_or_are(wrong)} wrong; {these(len(order))} the most certain"
        if wrong.any()
        else f"All {total} are correct; these are the least certain"
    )

    def words(row: int, label: int, answer: bool) -> str:
        sure = rows.probabilities[row, label] if answer else 1 - rows.probabilities[row, label]
        name = f"{'' if answer else 'not '}{named(rows.names[label])}"
        return f"{name} ({share(float(sure))})" if rows.loss.probabilistic else name

    return Errors(
        order[:, 0],
        [words(row, label, bool(rows.true[row, label])) for row, label in order],
        [words(row, label, bool(rows.predicted[row, label])) for row, label in order],
        sentence,
        not wrong.any(),
    )


def of_numbers(rows: Judged, most: int) -> Errors:
    """Of each row the output that is furthest off, in units of its standard deviation."""
    true, predicted = np.asarray(rows.target, np.float64), rows.values
    spread = true.std(axis=0)
    off = np.abs(predicted - true) / np.where(spread > 0, spread, 1)
    output = off.argmax(axis=1)
    order = np.argsort(-off.max(axis=1), kind="stable")[:most]
    several = true.shape[1] > 1

    def words(values: np.ndarray, row: int) -> str:
        text = number(float(values[row, output[row]]))
        return f"{named(rows.names[output[row]], 14)}: {text}" if several else text

    worst = abs(float(true[order[0], output[order[0]]] - predicted[order[0], output[order[0]]]))
    unit = f" of {named(rows.names[output[order[0]]])}" if several else ""
    sentence = f"The largest errors of {len(rows):,} predictions: up to {number(worst)}{unit}"
    return Errors(
        order,
        [words(true, row) for row in order],
        [words(predicted, row) for row in order],
        sentence,
    )


def these(count: int) -> str:
    return "this is" if count == 1 else f"these {count:,} are"


def is_or_are(wrong: np.ndarray) -> str:
    return "is" if wrong.sum() == 1 else "are"
