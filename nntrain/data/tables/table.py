"""Table: the columns of a CSV file as arrays, features with one-hot encoded text, and class numbers or reals as targets."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.tables.cells import BadCells, shown_value
from nntrain.data.tables.columns import MISSING, NUMBER, TEXT, Categories, Column
from nntrain.data.tables.features import OneHot
from nntrain.errors import DataError

MOST_CLASSES = 20  # whole numbers with more distinct values are quantities, not classes
MOST_CATEGORIES = 1000  # text with more distinct values is names or sentences


class Table:
    """The complete columns of one file; `lines` are the line numbers of its rows. The methods raise DataError."""

    def __init__(self, path: str, features: list[Column], targets: list[Column], lines: Sequence[int]):
        self.path, self.features, self.targets, self.lines = path, features, targets, lines

    def x(self, one_hot: bool, gaps: bool) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
        """(rows, features) float64, the names of the features, and the text columns among them.

        `one_hot`: accept columns of text; `gaps`: accept missing values, which become NaN.
        """
        self._require_numbers(one_hot)
        names: list[str] = []
        texts: dict[Column, OneHot] = {}
        labels: dict[Column, np.ndarray] = {}
        starts: list[int] = []
        for column in self.features:
            starts.append(len(names))
            if column.is_text:
                categories = self._categories(column)
                labels[column] = categories.labels
                texts[column] = OneHot(column.name, categories.names, start=len(names))
                names += [f"{column.name}={category}" for category in categories.names]
            else:
                names.append(column.name)
        x = np.zeros((len(self.lines), len(names)))
        for column, start in zip(self.features, starts, strict=True):
            if column.is_text:
                rows = np.flatnonzero(labels[column] >= 0)
                x[rows, start + labels[column][rows]] = 1
                x[labels[column] < 0, texts[column].places] = np.nan
            else:
                x[:, start] = column.numbers
        self._require_values(x, starts, gaps)
        return x, tuple(names), tuple(texts.values())

    def _require_numbers(self, one_hot: bool) -> None:
        bad = self._bad_cells()
        for column in self.features:
            if not column.is_text or not (one_hot or column.as_text):
                bad.add(column.rows(TEXT), column.label, "a number", column.cell)
        bad.raise_if_any(
            "Fix the file, choose other columns with `features`, or "
            + ("list this column in `categorical`." if one_hot else "set `text: one_hot`.")
        )

    def _categories(self, column: Column) -> Categories:
        categories = Categories(column)
        if not categories.names:
            raise DataError(
                f"{column.label} has no values", "Choose other columns with `features`.", self.path
            )
        if len(categories.names) > MOST_CATEGORIES:
            raise DataError(
                f"{column.label}: expected at most {MOST_CATEGORIES:,} distinct texts, each of which becomes a feature. "
                f"Received: {len(categories.names):,}.",
                "Choose other columns with `features`.",
                self.path,
            )
        return categories

    def _require_values(self, x: np.ndarray, starts: list[int], gaps: bool) -> None:
        if np.isfinite(x).all():  # much faster than column by column
            return
        bad = self._bad_cells()
        for column, start in zip(self.features, starts, strict=True):
            bad.add(
                np.flatnonzero(np.isinf(x[:, start])),
                column.label,
                "a finite number",
                shown_value(x[:, start]),
            )
        bad.raise_if_any("Fix the file, or choose other columns with `features`.")
        if gaps:
            return
        for column, start in zip(self.features, starts, strict=True):
            bad.add(
                np.flatnonzero(np.isnan(x[:, start])),
                column.label,
                "a category" if column.is_text else "a number",
                lambda row: "a missing value",
            )
        bad.raise_if_any("Fix the file, choose other columns with `features`, or fill gaps with `impute`.")

    def target(self, task: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """(rows,) int32 class numbers and the names of the classes, or (rows, targets) float64 and no names."""
        if len(self.targets) > 1:
            return np.stack([self._reals(column) for column in self.targets], axis=1), ()
        (column,) = self.targets
        values = column.values_of[column.kinds_of == NUMBER]
        few = len(set(values)) <= MOST_CLASSES and all(value.is_integer() for value in values.tolist())
        if few if task == "auto" else task == "classification":
            return self._classes(column)
        return self._reals(column)[:, None], ()

    def _reals(self, column: Column) -> np.ndarray:
        values = column.numbers
        bad = self._bad_cells()
        bad.add(np.flatnonzero(~np.isfinite(values)), column.label, "a finite number", column.cell)
        bad.raise_if_any(
            "Fix the file, or set `task: classification` if these are names of classes."
            if len(self.targets) == 1
            else "Fix the file, or choose other targets."
        )
        return values

    def _classes(self, column: Column) -> tuple[np.ndarray, tuple[str, ...]]:
        bad = self._bad_cells()
        unusable = (column.kinds_of == MISSING) | np.isinf(column.values_of)
        bad.add(np.flatnonzero(unusable[column.places]), column.label, "a class", column.cell)
        bad.raise_if_any("Fix the file.")
        categories = Categories(column)
        return categories.labels, categories.names

    def _bad_cells(self) -> BadCells:
        return BadCells(self.path, self.lines)
