"""Table: the columns of a file as arrays: features, with text and dates as several each, and class numbers or reals as targets."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nntrain.data import mapped
from nntrain.data.tables import suspicions
from nntrain.data.tables.cells import BadCells, shown_value
from nntrain.data.tables.columns import MISSING, NUMBER, TEXT, Categories, Column
from nntrain.data.tables.dates import EXAMPLE, DateParts, moment, parts_among, parts_of
from nntrain.data.tables.features import OneHot, indicator_of, indicators, listed, yaml_text
from nntrain.data.tables.kinds import Categorical, ColumnKind, Date, Number, Text
from nntrain.data.tables.spool import Spool
from nntrain.data.words import RawTexts
from nntrain.errors import DataError

MOST_CLASSES = 20  # whole numbers with more distinct values are quantities, not classes
Encoder = tuple[slice, Callable[[Column], np.ndarray]]  # the places of a column's features; their values
TRUNCATED = "the file may be truncated"
MOST_CATEGORIES = 1000  # text with more distinct values is names or sentences


class Table:
    """The complete columns of one file. The methods raise DataError, and add to `notes` and `warnings` for people.

    `lines` are the line numbers of its rows; `cut` is the column whose last cell ends the file without a line break.
    """

    def __init__(
        self,
        path: str,
        features: list[Column],
        targets: list[Column],
        lines: Sequence[int],
        cut: Column | None = None,
        notes: Iterable[str] = (),
        kinds: Mapping[str, ColumnKind] | None = None,
        spool: Spool | None = None,
    ):
        self.path, self.features, self.targets, self.lines, self.cut = path, features, targets, lines, cut
        self.notes = list(notes)
        self.kinds = kinds or {}  # of the columns whose kind is set, by name
        self.has_kinds = kinds is not None  # whether the source has the option `columns`, which sets them
        self.indicate = False  # whether columns of numbers with gaps have a feature more, which says where
        self.warnings: list[str] = []
        self.raw_texts: list[RawTexts] = []  # of the columns of texts, after `x`
        self.spool = spool  # where the columns are, if not in memory

    def x(
        self, one_hot: bool, gaps: bool, known: Sequence[str] = ()
    ) -> tuple[np.ndarray, tuple[str, ...], tuple[OneHot, ...]]:
        """(rows, features) float64, the names of the features, and the text columns among them.

        `one_hot`: accept columns of text; `gaps`: accept missing values, which become NaN; `known`: the names of the features in
        the training data, whose parts of dates are used.
        """
        dates = self._dates(known)
        self._require_numbers(one_hot, dates)
        names: list[str] = []
        texts: dict[Column, OneHot] = {}
        encoders: list[Encoder] = []
        for column in self.features:
            start = len(names)
            if column in dates:
                dates[column] = replace(dates[column], start=start)
                names += dates[column].names
                encoders.append((dates[column].places, date_encoder(column, dates[column])))
            elif isinstance(kind := self.kinds.get(column.name), Text):
                texts_of = tuple(
                    "" if of == MISSING else cell
                    for cell, of in zip(column.cells, column.kinds_of, strict=False)
                )
                self.raw_texts.append(RawTexts(column.name, texts_of, kind.words, kind.lowercase))
                names.append(column.name)
                encoders.append((slice(start, start + 1), lambda part: part.places[:, None]))
            elif column.is_text:
                categories = self._categories(column)
                texts[column] = self._features_of(column, categories, start)
                names += texts[column].names
                encoders.append((texts[column].places, category_encoder(texts[column], categories)))
                self._check_last(column, categories)
            else:
                names.append(column.name)
                if self._has_indicator(column, known):
                    names.append(indicator_of(column.name))
                encoders.append((slice(start, len(names)), number_encoder(len(names) - start)))
        x = self._encoded(encoders, len(names))
        starts = [places.start for places, _ in encoders]
        self._require_distinct(names, starts)
        self._require_values(x, starts, gaps, texts)
        for column, start in zip(self.features, starts, strict=True):
            if not column.is_text:
                values = x[:, start] if self.spool is None else column.numbers
                self.warnings += suspicions.of_numbers(column, values, self.features)
        return x, tuple(names), tuple(texts.values())

    def _require_distinct(self, names: Sequence[str], starts: Collection[int]) -> None:
        """Raises DataError for names that two features can have, since features are found by name. `starts`: those of the columns."""
        taken = [names[place] for place in indicators(names) if place in set(starts)]
        if same := [*taken, *(name for name, count in Counter(names).items() if count > 1)]:
            raise DataError(f"two features can be called {same[0]!r}: rename a column", place=self.path)

    def _has_indicator(self, column: Column, known: Sequence[str]) -> bool:
        """Whether another feature says where the column's number is missing: as in training, or where some are."""
        if known:
            return indicator_of(column.name) in known
        return self.indicate and bool(np.isnan(column.numbers).any())

    def _encoded(self, encoders: Sequence[Encoder], width: int) -> np.ndarray:
        """(rows, width) float64, in a file where the columns are in one."""
        if self.spool is None:
            return encoded(self.features, encoders, width)
        parts = zip(*(column.blocks() for column in self.features), strict=True)
        blocks = (encoded(columns, encoders, width) for columns in parts)
        return self.spool.write((len(self.lines), width), blocks)

    def _dates(self, known: Sequence[str]) -> dict[Column, DateParts]:
        """The features that are dates, and their parts."""
        found = {}
        for column in self.features:
            kind = self.kinds.get(column.name)
            if isinstance(kind, Date):
                parts = kind.features(self._parts_of(column))
            elif not column.is_text or column.as_text or isinstance(kind, Number):
                continue
            else:
                parts = parts_of(column.distinct(TEXT))
            if parts:
                found[column] = DateParts(column.name, parts_among(known, column.name) or parts, start=0)
                self.notes.append(suspicions.note_of_dates(found[column]))
        return found

    def _parts_of(self, column: Column) -> tuple[str, ...]:
        """The parts of the cells of a column that holds dates. Raises DataError."""
        bad = self._bad_cells()
        there = column.kinds_of[column.places] != MISSING
        is_date = np.array([moment(cell) is not None for cell in column.cells], bool)[column.places]
        bad.add(np.flatnonzero(there & ~is_date), column.label, f"a date such as {EXAMPLE}", column.cell)
        bad.raise_if_any("Fix the file, or change the column in `columns`.")
        parts = parts_of([*column.distinct(TEXT), *column.distinct(NUMBER)])
        if not parts:
            wrong = "has times with a date and others without" if there.any() else "has no values"
            raise DataError(f"{column.label} {wrong}", "Leave it out with `ignore` in `columns`.", self.path)
        return parts

    def _require_numbers(self, one_hot: bool, dates: Collection[Column]) -> None:
        """Raises DataError for text among numbers, and for columns of text that look like something else."""
        numbers = [column for column in self.features if isinstance(self.kinds.get(column.name), Number)]
        suspicions.require_plain_text(self.path, self.features, {*dates, *numbers}, self.has_kinds)
        bad, hints = self._bad_cells(), []
        for column in self.features:
            if column in dates:
                continue
            if not column.is_text or column in numbers or not (one_hot or column.as_text):
                rows = column.rows(TEXT)
                bad.add(rows, column.label, "a number", column.cell)
                if len(rows):
                    hints.append(suspicions.hint_for_text(column, one_hot))
        bad.raise_if_any(hints[0] if hints else "")

    def _features_of(self, column: Column, categories: Categories, start: int) -> OneHot:
        kind = self.kinds.get(column.name)
        kind = kind if isinstance(kind, Categorical) else Categorical()
        names = kind.names(categories.names)
        return OneHot(column.name, names, start, kind.units(len(names)), kind.unknown_ == "learn")

    def _categories(self, column: Column) -> Categories:
        categories = Categories(column)
        if not categories.names:
            raise DataError(
                f"{column.label} has no values", "Choose other columns with `features`.", self.path
            )
        words = (
            f"use its words with {suspicions.words_line(column)}, "
            if suspicions.are_sentences(categories.names)
            else ""
        )
        if len(categories.names) > MOST_CATEGORIES and not self._features_of(column, categories, 0).units:
            raise DataError(
                f"{column.label}: expected at most {MOST_CATEGORIES:,} distinct texts, each of which becomes a feature. "
                f"Received: {len(categories.names):,}.",
                f"Leave it out with `columns: {{{yaml_text(column.called)}: ignore}}`, {words}or learn a vector for each text with "
                f"`columns: {{{yaml_text(column.called)}: {{categorical: {{embed: auto}}}}}}`.",
                self.path,
            )
        if not column.as_text:
            self.warnings += suspicions.of_text(column, categories, self.features)
        return categories

    def _require_values(
        self, x: np.ndarray, starts: list[int], gaps: bool, labels: Collection[Column]
    ) -> None:
        if all(np.isfinite(block).all() for block in mapped.blocks(x)):  # much faster than column by column
            return
        bad = self._bad_cells()
        for column, start in zip(self.features, starts, strict=True):
            values = mapped.column(x, start)
            bad.add(np.flatnonzero(np.isinf(values)), column.label, "a finite number", shown_value(values))
        bad.raise_if_any("Fix the file, or choose other columns with `features`.")
        if gaps:
            return
        for column, start in zip(self.features, starts, strict=True):
            rows = np.flatnonzero(np.isnan(mapped.column(x, start)))
            if len(rows) == len(x):
                hint = f"Leave it out with {suspicions.without([column], self.features)}."
                raise DataError(f"{column.label} has no values", hint, self.path)
            expected = "a category" if column in labels else "a date" if column.is_text else "a number"
            bad.add(rows, column.label, expected, lambda row: "a missing value")
        bad.raise_if_any(
            "Fill gaps with `impute`, fix the file, or choose other columns with `features`."
            + suspicions.hint_for_names(self.features)
        )

    def target(self, task: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """(rows,) int32 class numbers and the names of the classes, or (rows, targets) float64 and no names."""
        if len(self.targets) > 1:
            if flags := tuple(column.name for column in self.targets if column.flags is not None):
                self.notes.append(f"targets {listed(flags)}: true and yes are 1, false and no are 0")
            return np.stack([self._reals(column) for column in self.targets], axis=1), ()
        (column,) = self.targets
        if task == "auto":
            return self._guessed(column)
        return self._classes(column) if task == "classification" else (self._reals(column)[:, None], ())

    def _guessed(self, column: Column) -> tuple[np.ndarray, tuple[str, ...]]:
        """`target` for `task: auto`."""
        suspicions.require_plain_target(self.path, column)
        values = column.values_of[column.kinds_of == NUMBER]
        few = len(set(values)) <= MOST_CLASSES and all(value.is_integer() for value in values.tolist())
        if not few:
            reals = self._reals(column)[:, None]
            whole = all(value.is_integer() for value in values.tolist())
            other = "; `task: classification` makes them classes" if whole else ""
            self.notes.append(f"target {column.name}: numbers{other}")
            return reals, ()
        labels, classes = self._classes(column)
        other = "; `task: regression` makes them numbers" if not column.distinct(TEXT) else ""
        self.notes.append(f"target {column.name}: {len(classes):,} classes{other}")
        if suspicions.hardly_repeat(len(classes), len(labels)):
            self.warnings.append(
                f"target {column.name!r} has {len(classes):,} classes in {len(labels):,} rows, which hardly repeat: "
                "choose another `target`, or set `task: classification` if they are classes"
            )
        return labels, classes

    def _reals(self, column: Column) -> np.ndarray:
        values, flags = column.numbers, column.flags if len(self.targets) > 1 else None
        if flags is not None:
            values = flags
        bad = self._bad_cells()
        rows = np.flatnonzero(~np.isfinite(values))
        bad.add(rows, column.label, "a finite number", column.cell)
        if len(rows):
            bad.raise_if_any(suspicions.hint_for_target(column, several=len(self.targets) > 1))
        return values

    def _classes(self, column: Column) -> tuple[np.ndarray, tuple[str, ...]]:
        bad = self._bad_cells()
        bad.add(column.rows(MISSING), column.label, "a class", column.cell)
        bad.raise_if_any("Remove lines without a class." + suspicions.hint_for_names([column]))
        categories = Categories(column)
        self._check_last(column, categories)
        return categories.labels, categories.names

    def _check_last(self, column: Column, categories: Categories) -> None:
        """Warns of a last cell that can be the beginning of another text."""
        labels = categories.labels
        if column is not self.cut or labels[-1] < 0 or len(labels) < 2 or (labels[:-1] == labels[-1]).any():
            return
        self.warnings.append(
            f"{self.path}:{self.lines[-1]}: the last line has no line break, and {column.label} has "
            f"{categories.names[labels[-1]]!r} in no other line: {TRUNCATED}"
        )

    def _bad_cells(self) -> BadCells:
        return BadCells(self.path, self.lines)


def encoded(columns: Sequence[Column], encoders: Sequence[Encoder], width: int) -> np.ndarray:
    """(rows, width) float64: the features of these columns."""
    x = np.zeros((columns[0].count, width))
    for column, (places, values) in zip(columns, encoders, strict=True):
        x[:, places] = values(column)
    return x


def number_encoder(width: int) -> Callable[[Column], np.ndarray]:
    """(rows, width) float64 of a part of the column: its numbers, NaN for gaps, and of width 2 whether they are missing."""

    def values(part: Column) -> np.ndarray:
        numbers = part.numbers
        return numbers[:, None] if width == 1 else np.stack([numbers, np.isnan(numbers)], axis=1)

    return values


def date_encoder(column: Column, dates: DateParts) -> Callable[[Column], np.ndarray]:
    """(rows, parts) float64 of a part of the column; NaN for gaps and for cells that are no dates."""
    gaps = np.full((1, len(dates.parts)), np.nan)  # at index -1, see Column.places
    of_cells = np.concatenate([dates.values(column.cells), gaps])
    return lambda part: of_cells[part.places]


def values_of(column: Column, dates: DateParts) -> np.ndarray:
    """(rows, parts) float64; NaN for gaps and for cells that are no dates."""
    return date_encoder(column, dates)(column)


def category_encoder(features: OneHot, categories: Categories) -> Callable[[Column], np.ndarray]:
    """(rows, width) float64 of a part of the column; NaN for gaps."""
    return lambda part: features.encoded(categories.label_of[part.places])
