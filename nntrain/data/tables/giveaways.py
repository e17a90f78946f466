"""Giveaways: columns of a table that number the rows or give the answer away, so that what is learned from them is of no use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset
from nntrain.data.tables.dates import dates_of
from nntrain.data.tables.features import columns, features_line

FEWEST_ROWS = 20  # fewer rows agree by chance
FEWEST_OF_CLASS = 5  # with one row of a class, a column that is 1 there alone is chance, too
ROWS_AT_FIRST = 2000  # the rules look at so many rows, and at the rest only where all of these agree
SAME = 0.9999  # a correlation from which a column is the target in another unit
IDENTIFIERS = {"id", "identifier", "idx", "index", "key", "no", "nr", "number", "row", "uid", "uuid"}
YEARS = (1500, 2200)


def warnings_of(data: Dataset, choosable: bool) -> tuple[str, ...]:
    """One warning per column; `choosable`: the source has the option `features`."""
    found = giveaways(data)
    dates = dates_of(data.feature_names)
    kept = [name for name, _, _ in columns(data.feature_names, data.one_hot) if name not in found]
    kept = list(dict.fromkeys(dates.get(name, name) for name in kept))
    advice = (
        f"leave it out with {features_line(kept)}, or list it there to keep it"
        if choosable
        else "leave it out"
    )
    return tuple(f"column {name!r} {giveaway.warning}: {advice}" for name, giveaway in found.items())


@dataclass(frozen=True)
class Giveaway:
    """Why the network should not see a column."""

    reason: str  # "row number"
    numbers_rows: bool  # else it determines the target

    @property
    def warning(self) -> str:
        """What it does, after the column's name."""
        if self.numbers_rows:
            return f"identifies the samples ({self.reason}) and says nothing about new ones"
        return f"gives the answer away ({self.reason})"


def giveaways(data: Dataset) -> dict[str, Giveaway]:
    """What is wrong with a column, by its name; empty where all is well.

    Only for tables with names: pixels, sequences and unnamed arrays have no columns of this kind. A table with a single column
    is exempt, because that column is all that there is to predict from; dates never are a giveaway.
    """
    if not data.feature_names or not isinstance(data.x, np.ndarray) or data.x.ndim != 2:
        return {}
    dates = dates_of(data.feature_names)
    others = {*dates, *(texts.column for texts in data.raw_texts)}
    parts = [part for part in columns(data.feature_names, data.one_hot) if part[0] not in others]
    if len(parts) + len(set(dates.values())) < 2 or len(data) < 10:
        return {}
    if len(data) > ROWS_AT_FIRST and mapped.is_large(
        data.x
    ):  # the rest is read for columns that some of the rows show to be such
        some = (slice(0, ROWS_AT_FIRST), np.linspace(0, len(data) - 1, ROWS_AT_FIRST).astype(np.int64))
        likely = {name for rows in some for name in giveaways(data.select(rows))}
        parts = [part for part in parts if part[0] in likely]
    found = {}
    for name, position, text in parts:
        values = mapped.column(data.x, position)
        if text is not None:
            values = np.where(np.isnan(values), np.nan, text.labels(data.x))
        if reason := numbering(name, values, text is not None):
            found[name] = Giveaway(reason, numbers_rows=True)
        elif reason := answer(data, values, text is not None):
            found[name] = Giveaway(reason, numbers_rows=False)
    return found


def numbering(name: str, values: np.ndarray, is_text: bool = False) -> str:
    """How a column numbers or names the rows; empty if it does not."""
    if is_text:
        different = len(values) >= FEWEST_ROWS and len(np.unique(values)) == len(values)
        return "another text in every row" if different else ""
    if len(values) < 10 or not agree(values, lambda part: bool((part == np.floor(part)).all())):
        return ""
    if values[0] in (0, 1) and agree(values, lambda part: bool((np.diff(part) == 1).all())):
        return "row number"
    if len(values) < FEWEST_ROWS or (YEARS[0] <= values.min() and values.max() <= YEARS[1]):
        return ""
    rising = agree(values, lambda part: bool((np.diff(part) > 0).all()))
    dense = values[-1] - values[0] < 2 * len(values)
    named = named_identifier(name) and len(np.unique(values)) == len(values)
    return "identifier, a different whole number in every row" if (rising and dense) or named else ""


def named_identifier(name: str) -> bool:
    words = words_of(name)
    numbered = words[-1:] in (["no"], ["nr"]) and len(words) > 2  # such as "smoker yes cancer no"
    return bool(words) and (
        (words[-1] in IDENTIFIERS and not numbered) or name.endswith("Id") or name.endswith("ID")
    )


def words_of(name: str) -> list[str]:
    """The words of a column's name, in lower case: ["store", "id"] of "store_id"."""
    return name.replace("_", " ").replace("-", " ").replace(".", " ").lower().split()


def agree(values: np.ndarray, holds: Callable[[np.ndarray], bool]) -> bool:
    """Whether a rule holds for all values; most columns fail at the first rows."""
    return holds(values[:ROWS_AT_FIRST]) and (len(values) <= ROWS_AT_FIRST or holds(values))


def answer(data: Dataset, values: np.ndarray, is_text: bool) -> str:
    """Whether a column alone determines a target; empty if it does not."""
    known = ~np.isnan(values)
    if known.sum() < max(FEWEST_ROWS, 0.9 * len(values)):
        return ""
    for name, target in targets_of(data):
        rows = np.flatnonzero(known)
        for chosen in (rows[:: -(-len(rows) // ROWS_AT_FIRST)], rows):
            how = determines(values[chosen], target[chosen], bool(data.classes), is_text)
            if not how:
                break
        if how:
            return how.format(target=name)
    return ""


def targets_of(data: Dataset) -> Iterator[tuple[str, np.ndarray]]:
    """The name and the values (rows,) of each target column."""
    target = np.asarray(data.target)
    names = [repr(name) for name in data.target_names] or ["the target"]
    if target.ndim == 1:
        yield names[0], target
    elif target.ndim == 2 and target.shape[1] == len(names):
        yield from zip(names, target.T, strict=True)


def determines(values: np.ndarray, target: np.ndarray, is_class: bool, is_text: bool) -> str:
    """How the values of a column determine a target, with {target} for its name; empty if they do not."""
    if not is_class and not is_text and abs(r := correlation(values, target)) > SAME:
        return f"its correlation with {{target}} is {r:.5f}".rstrip("0").rstrip(".")
    _, value = np.unique(values, return_inverse=True)
    distinct, number = np.unique(target, return_inverse=True)
    kinds = value.max() + 1
    if not 1 < kinds <= len(values) / 5 or len(distinct) < 2:
        return ""
    if np.count_nonzero(np.bincount(number) >= FEWEST_OF_CLASS) < 2:
        return ""
    pairs = len(np.unique(value.astype(np.int64) * len(distinct) + number))
    return f"each of its {kinds:,} values occurs with a single value of {{target}}" if pairs == kinds else ""


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r; 0 where one of them is constant."""
    # Each is scaled first, so that no square overflows.
    a, b = (centred / max(np.abs(centred).max(), 1e-300) for centred in (a - a.mean(), b - b.mean()))
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 0 else 0.0
