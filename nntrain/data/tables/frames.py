"""Frames: the columns of a DataFrame, of pandas, Polars or alike, as the features of a table."""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Number, Real
from typing import Any

import numpy as np

from nntrain.data.tables.columns import MISSING, Column
from nntrain.data.tables.dates import DateParts, parts_among
from nntrain.data.tables.features import OneHot, indicator_of, listed
from nntrain.data.tables.formats.typed import cell_text, is_missing
from nntrain.data.tables.kinds import Categorical, ColumnKind, Date, Ignore
from nntrain.data.tables.kinds import Number as NumberKind
from nntrain.data.tables.table import Table, values_of
from nntrain.errors import DataError

CONVERT = (
    "Convert the column, such as with `astype(float)` or `pandas.to_datetime`, to the type category if its texts are categories, "
    "or leave it out."
)
FILL = "Fill or remove missing values."
PATH = "x"  # what errors call the frame


def is_mixed(frame: Any) -> bool:
    """Whether x is a DataFrame with a column that holds other values than plain numbers, such as text, dates or booleans.

    Raises DataError for two columns of the same name.
    """
    is_frame = hasattr(frame, "columns") and hasattr(frame, "__getitem__")
    if is_frame:
        counts = Counter(map(str, frame.columns))
        if same := [name for name, count in counts.items() if count > 1]:
            raise DataError(f"two columns are named {same[0]!r}", "Rename one of them.", PATH)
    return is_frame and any(_plain_numbers(frame[name]) is None for name in frame.columns)


@dataclass(frozen=True)
class Reading:
    """How a DataFrame is read: what its columns hold, by name, and what becomes of missing values and texts."""

    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    missing: Sequence[str] = ()  # the texts that mark a missing value
    gaps: bool = False  # accept missing values, which become NaN
    indicate: bool = False  # where numbers are missing
    one_hot: bool = True
    fill: str = FILL  # hints
    convert: str = CONVERT


class EncodedFrame:
    """A DataFrame as features: x (rows, features) float64, their names, the text columns among them, notes and warnings.

    known: the features of the training data, as names and text columns, which then are the only ones. Raises DataError.
    """

    def __init__(
        self,
        frame: Any,
        known: tuple[Sequence[str], Sequence[OneHot]] | None = None,
        reading: Reading | None = None,
    ):
        reading = reading or Reading()
        used = [name for name in frame.columns if not isinstance(reading.kinds.get(str(name)), Ignore)]
        columns = [_column(str(name), frame[name], reading) for name in used]
        rows = len(columns[0].numbers) if columns else 0
        table = Table(PATH, columns, [], range(1, rows + 1), kinds=reading.kinds)
        table.indicate = reading.indicate
        self.one_hot: tuple[OneHot, ...]
        try:
            if known is None:
                self.x, self.names, self.one_hot = table.x(reading.one_hot, reading.gaps)
            else:
                self.x, self.names, self.one_hot = _as_known(columns, *known, reading)
        except DataError as error:  # hints for files do not help here
            error.hint = _hint(error, reading)
            raise
        self.notes, self.warnings = tuple(table.notes), tuple(table.warnings)


def _hint(error: DataError, reading: Reading) -> str:
    if "missing value" in error.message:
        return reading.fill
    if error.message.endswith("has no values"):
        return "Leave it out."
    return reading.convert if error.hint else ""


def _as_known(
    columns: Sequence[Column], names: Sequence[str], texts: Sequence[OneHot], reading: Reading
) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
    trained = {text.column: text for text in texts}
    parts: list[np.ndarray] = []
    found: list[str] = []
    one_hot: list[OneHot] = []
    known_names = {*names, *trained}
    if others := [
        column.name
        for column in columns
        if column.name not in known_names and not parts_among(names, column.name)
    ]:
        raise DataError(f"unexpected columns: {listed(others)}", place=PATH)
    for column in columns:
        if column.name in trained:
            one_hot.append(replace(trained[column.name], start=len(found)))
            found += one_hot[-1].names
            parts.append(one_hot[-1].encoded(_labels(column, one_hot[-1], reading)))
        elif dates := parts_among(names, column.name):
            known = DateParts(column.name, dates, len(found))
            found += known.names
            parts.append(_finite(column, values_of(column, known), "a date", reading))
        else:
            found.append(column.name)
            parts.append(_finite(column, column.numbers[:, None], "a finite number", reading))
            if indicator_of(column.name) in names:
                found.append(indicator_of(column.name))
                parts.append(np.isnan(parts[-1]).astype(np.float64))
    return np.concatenate(parts, axis=1), tuple(found), tuple(one_hot)


def _labels(column: Column, text: OneHot, reading: Reading) -> np.ndarray:
    """(rows,) int: the number of each row's category, -1 where it is missing."""
    gaps = column.rows(MISSING)
    if (len(gaps) and not reading.gaps) or (column.places < 0).any():
        row = int(gaps[0]) if len(gaps) else int((column.places < 0).argmax())
        received = "a missing value" if len(gaps) else f"the number {column.numbers[row]:g}"
        raise DataError(
            f"expected a category. Received: {received}.", reading.fill, f"{PATH}:{row + 1}: {column.label}"
        )
    present = {cell for cell, kind in zip(column.cells, column.kinds_of, strict=False) if kind != MISSING}
    if not text.unknown and (unknown := sorted(present - set(text.categories))):
        message = f"unknown categories: {listed(unknown)}. The training data has: {listed(text.categories)}."
        raise DataError(message, place=column.label)
    label = {category: number for number, category in enumerate(text.known)}
    labels = [label.get(cell, text.unknown_label) if cell in present else -1 for cell in column.cells]
    found: np.ndarray = np.array(labels, np.int64)[column.places]
    return found


def _finite(column: Column, values: np.ndarray, expected: str, reading: Reading) -> np.ndarray:
    bad = ~np.isfinite(values).all(axis=1)
    if reading.gaps:  # missing ones are NaN
        bad &= np.isinf(values).any(axis=1) | (
            (column.kinds_of != MISSING)[column.places] & (column.places >= 0)
        )
    wrong = np.flatnonzero(bad)
    if len(wrong):
        row = int(wrong[0])
        known = column.places[row] >= 0 and column.cell(row) != "an empty cell"
        received = (
            column.cell(row) if known else "infinity" if np.isinf(values[row]).any() else "a missing value"
        )
        raise DataError(
            f"expected {expected}. Received: {received}.", reading.fill, f"{PATH}:{row + 1}: {column.label}"
        )
    return values


def several_targets(name: str, frame: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows, targets) float64 of a DataFrame with several columns to predict, 1 and 0 for flags, and notes. Raises DataError."""
    columns = [_column(str(column), frame[column], Reading()) for column in frame.columns]
    table = Table(name, [], columns, range(1, len(columns[0].numbers) + 1))
    return table.target("regression")[0], tuple(table.notes)


def _column(name: str, values: Any, reading: Reading) -> Column:
    """The column of a table with the cells of one column of a frame."""
    kind = reading.kinds.get(name)
    is_categories = str(values.dtype).startswith(("category", "Categorical", "Enum"))
    as_text = isinstance(kind, Categorical | Date) or (is_categories and not isinstance(kind, NumberKind))
    missing = dict.fromkeys(["", *reading.missing])
    plain = None if as_text else _plain_numbers(values)
    if plain is not None:
        column = Column(name, f"column {name!r}", missing)
        column.extend_numbers(plain)
    else:
        cells = values.to_list() if hasattr(values, "to_list") else list(values)
        types = {type(cell) for cell in cells if not is_missing(cell)}
        if unusable := [one for one in types if not _is_cell(one)]:
            received = unusable[0].__name__
            message = f"expected numbers, text, dates or booleans. Received: {received}."
            raise DataError(message, place=f"column {name!r}")
        text = bool(types) and all(issubclass(one, str) for one in types)
        text = text and not isinstance(kind, NumberKind)
        column = Column(name, f"column {name!r}", missing, as_text=as_text, typed_text=text)
        column.extend(tuple(map(cell_text, cells)))
    column.close()
    return column


def _is_cell(kind: type) -> bool:
    return not issubclass(kind, complex) and (
        issubclass(kind, (str, Number, np.generic))
        or hasattr(kind, "isoformat")
        or hasattr(kind, "total_seconds")
    )


def _plain_numbers(values: Any) -> np.ndarray | None:
    """The values as float64; None if they are not of a plain type of numbers, or are categories."""
    if str(values.dtype).startswith(("category", "Categorical", "Enum")):
        return None
    array = np.asarray(values)
    if array.dtype.kind == "O" and all(isinstance(one, Real) and not isinstance(one, bool) for one in array):
        with contextlib.suppress(OverflowError):  # a whole number beyond float64, which as a cell is infinite
            return array.astype(np.float64)
        return None
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None
