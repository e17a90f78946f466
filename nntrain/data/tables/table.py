"""From the columns of a CSV file to arrays: features with one-hot columns of text, and class numbers or reals to predict."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.tables.cells import BadCells
from nntrain.data.tables.columns import MISSING, NUMBER, TEXT, Categories, Column
from nntrain.data.tables.features import OneHot
from nntrain.errors import UserError

MOST_CLASSES = 20  # whole numbers with more different values than this are taken as quantities
MOST_CATEGORIES = 1000  # a column of text with more is one of names or sentences


class Table:
    """The columns of one file, closed; `lines` are where its rows stand in it, for errors. All methods raise UserError."""

    def __init__(self, path: str, features: list[Column], targets: list[Column], lines: Sequence[int]):
        self.path, self.features, self.targets, self.lines = path, features, targets, lines

    def x(self, one_hot: bool, gaps: bool) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
        """(rows, features) float64, the features' names, and which of them are columns of text.

        `one_hot`: whether there may be columns of text; `gaps`: whether values may be missing, and become NaN.
        """
        self._require_numbers(one_hot)
        names: list[str] = []
        texts, labels = {}, {}  # of the columns of text
        starts = []
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
        bad.tell(
            "A column of numbers holds nothing else: mend the file, choose other columns with `features`, or list this "
            "one in `categorical`."
            if one_hot
            else "Features must be numbers: mend the file, choose other columns with `features`, or say `text: one_hot`."
        )

    def _categories(self, column: Column) -> Categories:
        categories = Categories(column)
        if not categories.names:
            raise UserError(
                f"{self.path}: {column.label} has no value. Choose other columns with `features`."
            )
        if len(categories.names) > MOST_CATEGORIES:
            raise UserError(
                f"{self.path}: {column.label}: expected at most {MOST_CATEGORIES:,} different texts, each of which "
                f"becomes a feature. Received: {len(categories.names):,}. Choose other columns with `features`."
            )
        return categories

    def _require_values(self, x: np.ndarray, starts: list[int], gaps: bool) -> None:
        if np.isfinite(x).all():  # at once, which is much faster than column by column
            return
        bad = self._bad_cells()
        for column, start in zip(self.features, starts, strict=True):
            bad.add(
                np.flatnonzero(np.isinf(x[:, start])),
                column.label,
                "a finite number",
                lambda row, at=start: str(x[row, at]),
            )
        bad.tell("Features must be finite: mend the file, or choose other columns with `features`.")
        if gaps:
            return
        for column, start in zip(self.features, starts, strict=True):
            bad.add(
                np.flatnonzero(np.isnan(x[:, start])),
                column.label,
                "a category" if column.is_text else "a number",
                lambda row: "a missing value",
            )
        bad.tell("Mend the file, choose other columns with `features`, or have gaps filled by `impute`.")

    def target(self, task: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """(rows,) int32 class numbers and the names of the classes, or (rows, targets) float64 and none."""
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
        bad.tell(
            "Mend the file"
            + (
                ", or say `task: classification` if these are names of classes."
                if len(self.targets) == 1
                else ", or choose other targets."
            )
        )
        return values

    def _classes(self, column: Column) -> tuple[np.ndarray, tuple[str, ...]]:
        bad = self._bad_cells()
        unusable = (column.kinds_of == MISSING) | np.isinf(column.values_of)
        bad.add(np.flatnonzero(unusable[column.places]), column.label, "a class", column.cell)
        bad.tell("Mend the file.")
        categories = Categories(column)
        return categories.labels, categories.names

    def _bad_cells(self) -> BadCells:
        return BadCells(self.path, self.lines)
