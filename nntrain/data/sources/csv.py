"""Tables in files: CSV, Parquet, Feather, JSON Lines and Excel, with one or more columns to predict."""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from nntrain.data.arrays import Task, task_like
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.opening import opened
from nntrain.data.origin import TableRows
from nntrain.data.tables.cache import TableCache, is_cached
from nntrain.data.tables.csv_file import Cells, CsvFile, Format, Name
from nntrain.data.tables.formats.opening import Layout, rows_of
from nntrain.data.tables.formats.typed import TypedRows
from nntrain.data.tables.grouping import group_numbers
from nntrain.data.tables.heads import head_columns
from nntrain.data.tables.kinds import Categorical, ColumnKind, Date, Ignore, Number, Text
from nntrain.data.tables.numerals import Numerals
from nntrain.data.tables.rows import TAB, WHITESPACE, Rows
from nntrain.data.tables.spool import Spool
from nntrain.data.tables.table import Table
from nntrain.data.tables.times import row_times
from nntrain.data.tables.weighting import row_weights
from nntrain.data.words import Words
from nntrain.errors import ConfigError, DataError, Problem
from nntrain.heads import Head, HeadColumn
from nntrain.options import PathName, Several, expecting, mistake, shown
from nntrain.paths import resolved


def _delimiter(value: str) -> str:
    if value not in ("auto", TAB, WHITESPACE) and (
        len(value) != 1 or value in '"\r\n' or (value.isascii() and value.isalnum())
    ):
        raise mistake(
            f"expected auto, tab, whitespace, or one character that is no letter or digit. Received: {shown(value)}."
        )
    return value


def _units(values: Sequence[str]) -> Sequence[str]:
    for value in values:
        if not value.strip() or any(character.isdigit() or character in ".,+-" for character in value):
            raise mistake(
                f"expected texts without digits, points, commas and signs. Received: {shown(value)}."
            )
    return values


def _encoding(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        codecs.lookup(value).decode(b"")
        "".encode(value)
    except (LookupError, ValueError):
        raise mistake(
            f"expected an encoding that Python knows, such as cp1252 or utf-16. Received: {shown(value)}."
        ) from None
    return value


Encoding = Annotated[str | None, AfterValidator(_encoding)]


MISSING = ("NA", "NaN", "nan", "NAN", "-nan", "?")
Names = Annotated[Several[Name], Field(min_length=1)]


class Csv(Reader, name="csv"):
    """A table in a file, plain or gzip-compressed: one sample per row, with columns to predict from and to predict.

    CSV, or by its first bytes Parquet, Feather, Excel (.xlsx) or JSON Lines, which know the types of their columns (extra `tables`).
    Columns are named as in the header, or numbered from 1, or from -1 backwards. Several targets are numbers. Classes and
    categories keep their text as written, so 1, 1.0 and 01 are different; they are sorted as numbers if all are numbers. True and
    false are 1 and 0. ISO dates and times become the time in years and the sine and cosine of the position in year, week and
    day: `day (year)`, `day (month sin)`, ... In CSV, cells can be quoted with "; empty lines, and lines at the start that begin
    with #, are skipped. A file of 64 MiB or more is read once into `$NNTRAIN_CACHE/tables`, or `~/.cache/nntrain/tables`, from where
    its features are memory-mapped: it may be larger than memory. A changed file renews the cache.
    """

    example: ClassVar = {"path": "measurements.csv", "target": "yield"}

    path: PathName = Field(
        min_length=1, description="the file; relative to the config's folder, as all paths are"
    )
    target: Annotated[
        Name | Names | None, expecting("the name or the number of a column, or a list of them")
    ] = Field(
        None,
        description="the column to predict, or several for regression; default: the last. `targets` are several of different kinds",
    )
    header: Annotated[Literal["auto"] | bool, expecting("`auto`, true or false")] = Field(
        "auto",
        description="whether the first line names the columns; auto: if it has no numbers, or has text above a number",
    )
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        "auto",
        json_schema_extra={
            "pattern": r'^(auto|tab|whitespace|[^"\r\n0-9A-Za-z])$',
            "not": {"type": ["number", "boolean"]},
        },
        description="the separator of cells: a character, `tab`, or `whitespace` for any number of blanks and tabs; auto: the "
        "most frequent of tab, `;`, `|` and `,` in the first line, else whitespace",
    )
    encoding: Encoding = Field(
        None,
        description="how text is written in bytes, such as `cp1252` (Windows), `utf-16` or `shift_jis`; default: UTF-8",
    )
    sheet: Name | None = Field(
        None, description="the sheet of an Excel file, by name or number from 1; default: the first"
    )
    decimal: Literal[".", ","] = Field(".", description="the decimal mark of numbers")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        None, description="the separator of thousands in numbers; default: none"
    )
    units: Annotated[Several[str], AfterValidator(_units)] = Field(
        (),
        json_schema_extra={
            "items": {
                "type": "string",
                "pattern": r"^[^0-9.,+-]*[^0-9.,+\-\s][^0-9.,+-]*$",
                "not": {"type": "number"},
            }
        },
        description="texts before or after numbers to ignore, such as `%` or `$`",
    )
    task: Task = Field(
        "auto",
        description="whether the target is a class or a number; auto: text, and whole numbers with at most 20 distinct "
        "values, are classes",
    )
    features: Annotated[
        Literal["all"] | Names, expecting("`all` or a list of names or numbers of columns")
    ] = Field("all", description="the columns to predict from; all: every column but the targets")
    text: Literal["one_hot", "error"] = Field(
        "one_hot", description="how to encode columns of text: one feature, 0 or 1, per category; or an error"
    )
    categorical: Several[Name] = Field(
        (), description="columns of numbers that are categories, such as postal codes"
    )
    columns: dict[Name, ColumnKind] = Field(
        {},
        description="what columns hold, by name or number: `{age: number, zip: categorical, day: date, id: ignore}`; others are "
        "numbers or dates if all their cells are, else categories",
    )
    missing: Several[str] = Field(
        MISSING,
        description="the texts that mark a missing value, in addition to empty cells; []: none",
    )
    impute: Literal["mean", "median", "most_frequent"] | None = Field(
        None,
        description="the statistic of the training split that replaces missing numbers; missing text becomes the most "
        "frequent category. Default: a missing value is an error",
    )

    missing_indicator: bool = Field(
        False,
        description="add a feature, `NAME (missing)`, for each column of numbers with missing values: 1 where the value is missing, "
        "else 0. Requires `impute`",
    )

    weight: Name | None = Field(
        None,
        description="the column that says how much each row counts in the loss, the scores and the statistics: numbers of at "
        "least 0, of which only the ratios matter. It is no feature",
    )

    _heads: tuple[HeadColumn, ...] = PrivateAttr(())  # the columns to predict, each of a kind of its own
    _group: Name | None = PrivateAttr(None)  # the column whose values name groups
    _time: Name | None = PrivateAttr(None)  # the column that orders the rows
    _dates: dict[str, Date] = PrivateAttr({})  # of the training data: how columns of dates are written
    _words: tuple[Words, ...] = PrivateAttr(())  # of its columns of texts
    _known: tuple[str, ...] = PrivateAttr(())  # the names of the features in the training data

    @model_validator(mode="after")
    def _one_class(self) -> "Csv":
        if self.missing_indicator and self.impute is None:
            raise mistake("`missing_indicator` requires `impute`", "Set `impute: median`, for example.")
        if self.decimal == self.thousands:
            raise mistake(f"`decimal` and `thousands` are both {shown(self.decimal)}")
        if self.task == "classification" and isinstance(self.target, tuple) and len(self.target) > 1:
            raise mistake(f"`task: classification` requires one target. Received: {len(self.target)}.")
        return self

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        source = self.model_copy(update={"task": task_like(self.task, train)})
        source._known, source._words = train.feature_names, train.words
        return source.load(folder)

    def for_folds(self, group: Name | None) -> "Csv":
        source = self.model_copy()
        source._group = group
        return source

    def for_targets(self, columns: Sequence[HeadColumn]) -> "Csv":
        for option in ("target", "task"):
            if getattr(self, option) != type(self).model_fields[option].default:
                message, hint = (
                    "cannot be combined with `targets`, which name their columns",
                    "Remove this line.",
                )
                raise ConfigError([Problem((self.yaml_name, option), message, hint)])
        source = self.model_copy()
        source._heads = tuple(columns)
        return source

    def by_time(self, time: Name) -> "Csv":
        source = self.model_copy()
        source._time = time
        return source

    def load(self, folder: Path) -> Splits:
        file = resolved(folder, self.path)
        texts = any(isinstance(kind, Text) for kind in self.columns.values())
        if texts or not is_cached(file):  # texts are in memory until their words are known
            return Splits(self.read(folder))
        options = repr((dict(self), self.__pydantic_private__))
        return Splits(TableCache(file, self.path, options).dataset(lambda spool: self.read(folder, spool)))

    def read(self, folder: Path, spool: Spool | None = None) -> Dataset:
        """The rows, with features in a file if there is a spool. Raises DataError."""
        table = self.table(folder, spool)
        times = None if self._time is None else row_times(table, table.targets.pop())
        weight = None if self.weight is None else row_weights(table, table.targets.pop())
        groups = None if self._group is None else group_numbers(table, table.targets.pop())
        scaling = {name: kind.scale for name, kind in table.kinds.items() if isinstance(kind, Number)}
        table.indicate = self.missing_indicator
        x, names, one_hot = table.x(self.text == "one_hot", gaps=self.impute is not None, known=self._known)
        heads: tuple[Head, ...] = ()
        classes: tuple[str, ...] = ()
        if self._heads:
            target, heads = head_columns(table, self._heads)
        else:
            target, classes = table.target(self.task)
        return Dataset(
            x,
            target,
            classes,
            heads=heads,
            feature_names=names,
            one_hot=one_hot,
            scaling={name: scale for name, scale in scaling.items() if scale != "auto"},
            target_names=tuple(column.name for column in table.targets),
            impute=self.impute or "",
            weight=weight,
            groups=groups,
            times=times,
            origin=TableRows(self.path, table.lines),
            raw_texts=tuple(table.raw_texts),
            words=self._words,
            notes=tuple(table.notes),
            warnings=tuple(table.warnings),
        )

    def table(self, folder: Path, spool: Spool | None = None) -> Table:
        """The columns before they become arrays; after the targets come those of groups, weights and times, if any."""
        with self.rows(folder, spool) as rows:
            file = self.begin(rows)
            if file.width < 2:
                raise DataError(
                    "expected at least two columns, a feature and the target. Received: one.",
                    "Set `delimiter` if cells are separated by another character.",
                    self.path,
                )
            targets = self.targets(file)
            groups = self.group_positions(file, targets)
            weight = self.weight_positions(file, targets)
            kinds = self.kinds(file, [*targets, *weight])
            left_out = [*targets, *weight, *(groups if self.features == "all" else ())]
            ignored = [position for position, kind in kinds.items() if isinstance(kind, Ignore)]
            features = file.features(self.features, [*left_out, *ignored])
            typed = [
                position for position, kind in kinds.items() if isinstance(kind, Categorical | Date | Text)
            ]
            categorical = file.positions("categorical", self.categorical)
            if others := [position for position in categorical if position not in features]:
                raise DataError(f"categorical: {file.label(others[0])} is not a feature", place=self.path)
            names = set(groups) - set(features)
            as_text = (*targets, *categorical, *typed, *names, *weight)
            time = self.time_positions(file, targets)
            return file.read(features, [*targets, *groups, *weight, *time], as_text, kinds=kinds, spool=spool)

    def kinds(self, file: CsvFile, others: Sequence[int]) -> dict[int, ColumnKind]:
        """What the option `columns` says of each column, by position. `others`: columns that are no features. Raises DataError."""
        called = map(file.of_key, self.columns)
        kinds = dict(zip(file.positions("columns", called), self.columns.values(), strict=True))
        chosen = None if self.features == "all" else file.positions("features", self.features)
        categorical = file.positions("categorical", self.categorical)
        for position, kind in kinds.items():
            label = f"columns: {file.label(position)}"
            if position in others:
                raise DataError(f"{label} is the target or `weight`, which is no feature", place=self.path)
            if chosen is not None and (position in chosen) == isinstance(kind, Ignore):
                lists = "lists it" if position in chosen else "does not list it"
                raise DataError(f"{label} is {kind.yaml_name}, but `features` {lists}", place=self.path)
            if position in categorical and not isinstance(kind, Categorical):
                raise DataError(f"{label} is {kind.yaml_name}, but `categorical` lists it", place=self.path)
        used = {*others, *(position for position, kind in kinds.items() if isinstance(kind, Ignore))}
        if chosen is None and used > {*others} and len(used) == file.width:
            raise DataError("columns: no column is left as a feature", place=self.path)
        return kinds

    def group_positions(self, file: CsvFile, targets: Sequence[int]) -> list[int]:
        """The position of the column that names groups, counted from 0; empty without one. Raises DataError."""
        positions = [] if self._group is None else file.positions("group", (self._group,))
        if set(positions) & set(targets):
            raise DataError(f"group: {file.label(positions[0])} is a target", place=self.path)
        return positions

    def time_positions(self, file: CsvFile, targets: Sequence[int]) -> list[int]:
        """The position of the column that orders the rows, counted from 0; empty without one. Raises DataError."""
        positions = [] if self._time is None else file.positions("split_by.time", (self._time,))
        if set(positions) & set(targets):
            raise DataError(f"split_by.time: {file.label(positions[0])} is a target", place=self.path)
        return positions

    def weight_positions(self, file: CsvFile, targets: Sequence[int]) -> list[int]:
        """The position of the column of weights, counted from 0; empty without one. Raises DataError."""
        positions = [] if self.weight is None else file.positions("weight", (self.weight,))
        if set(positions) & set(targets):
            hint = "Set `target` to another column." if self.target is None else ""
            raise DataError(f"weight: {file.label(positions[0])} is the target", hint, self.path)
        if self.features != "all" and set(positions) & set(file.positions("features", self.features)):
            raise DataError(
                f"features: {file.label(positions[0])} is `weight`, which is not a feature", place=self.path
            )
        return positions

    def column_names(self, folder: Path) -> list[str] | None:
        """The names of the file's columns, empty for one without a name; None where the first line is not a header."""
        with self.rows(folder) as rows:
            return self.begin(rows).names

    @contextmanager
    def rows(self, folder: Path, spool: Spool | None = None) -> Iterator[Rows | TypedRows]:
        """(line number, cells) of each row that is not empty, while the file is open."""
        with opened(folder, self.path, in_memory=spool is None) as file:
            if spool is not None:
                spool.watch(file)
            yield self.rows_of(file)

    def rows_of(self, file: BinaryIO) -> Rows | TypedRows:
        """`rows` of an open file. Raises DataError."""
        return rows_of(self.path, file, Layout(self.delimiter, self.encoding, self.decimal, self.sheet))

    def begin(self, rows: Cells) -> CsvFile:
        """The file after its header. Raises DataError."""
        numerals = Numerals(self.decimal, self.thousands or "", self.units)
        # Files with types mark missing values themselves: there the texts of the default are names.
        typed = isinstance(rows, TypedRows)
        missing = () if typed and self.missing == MISSING else self.missing
        return CsvFile.begin(self.path, rows, Format(self.header, dict.fromkeys(["", *missing]), numerals))

    def targets(self, file: CsvFile) -> list[int]:
        """The positions of the columns to predict, counted from 0."""
        if self._heads:
            return file.positions("targets", [head.column for head in self._heads])
        default: Name = -1
        target = default if self.target is None else self.target
        return file.positions("target", target if isinstance(target, tuple) else (target,))
