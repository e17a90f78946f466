"""CSV files: tables of numbers and texts with one column or several to predict."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, WrapValidator, model_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.opening import opened
from nntrain.data.tables.cells import number
from nntrain.data.tables.columns import Column
from nntrain.data.tables.rows import read_rows
from nntrain.data.tables.table import Table
from nntrain.errors import UserError
from nntrain.options import Several, did_you_mean, mistake, shown

ROWS_AT_ONCE = 256  # few enough to stay in the cache: 12 million numbers take 5 s, 10 s with 4096


def _expecting(expected: str) -> WrapValidator:
    """Pydantic names each branch of a union in its errors; the user wants one line."""

    def check(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise mistake(f"expected {expected}. Received: {shown(value)}.") from None

    return WrapValidator(check)


@dataclass(frozen=True)
class Head:
    """How a file begins."""

    names: list[str] | None  # of the columns, None where there is no header
    width: int  # how many columns
    line: int  # of the first row
    rows: Iterator[tuple[int, list[str]]]  # all that are not the header


Name = str | int  # of a column: its name in the header, or its number
Names = Annotated[Several[Name], Field(min_length=1)]


class Csv(Reader, name="csv"):
    """A table in a text file, plain or gzip-compressed: a sample a line, columns to predict from and one or more to predict.

    Columns go by their name in the header or by number, from 1, or back from -1. `task: auto` makes classes of text and of
    whole numbers with at most 20 different values, and takes other numbers as they are; several targets are numbers. Classes
    and categories are in order of text, or of number. Text is UTF-8; cells may be quoted with "; lines without anything are
    skipped.
    """

    example: ClassVar = {"path": "measurements.csv", "target": "yield"}

    path: str = Field(min_length=1, description="the file; counts from the config's folder, as all paths do")
    target: Annotated[
        Name | Names | None, _expecting("the name or the number of a column, or a list of them")
    ] = Field(None, description="the column to predict, or several for regression; default: the last")
    header: Annotated[Literal["auto"] | bool, _expecting("`auto`, true or false")] = Field(
        "auto",
        description="whether the first line names the columns; auto: where one of its cells is not a number but the "
        "cell below is, or none is",
    )
    delimiter: Literal["auto", ",", ";", "tab"] = Field(
        "auto", description="what separates cells; auto: what the first line has most of"
    )
    task: Literal["auto", "classification", "regression"] = Field(
        "auto", description="whether the target is a class or a number"
    )
    features: Annotated[
        Literal["all"] | Names, _expecting("`all` or a list of names or numbers of columns")
    ] = Field("all", description="the columns to predict from; all: every column but the target")
    text: Literal["one_hot", "error"] = Field(
        "one_hot",
        description="what to make of columns of text: one feature, 0 or 1, for each category, or an error",
    )
    categorical: Several[Name] = Field(
        (), description="columns whose numbers, too, name categories, such as postal codes"
    )
    missing: Several[str] = Field(
        ("NA", "NaN", "nan", "?"), description="what stands for a missing value, beside empty cells"
    )
    impute: Literal["mean", "median", "most_frequent"] | None = Field(
        None,
        description="what fills in for a missing number, as measured on the training split; for a missing text it is the "
        "most frequent one. Default: a missing value is an error",
    )

    @model_validator(mode="after")
    def _one_class(self):
        if self.task == "classification" and isinstance(self.target, tuple) and len(self.target) > 1:
            raise mistake(f"`task: classification` takes one target. Received: {len(self.target)}.")
        return self

    def load(self, folder: Path) -> Splits:
        table = self.table(folder)
        x, names, one_hot = table.x(one_hot=self.text == "one_hot", gaps=self.impute is not None)
        target, classes = table.target(self.task)
        target_names = tuple(column.name for column in table.targets)
        return Splits(
            train=Dataset(
                x,
                target,
                classes,
                feature_names=names,
                one_hot=one_hot,
                target_names=target_names,
                impute=self.impute or "",
            )
        )

    def table(self, folder: Path) -> Table:
        """The columns as they were read, before they become arrays."""
        with self.rows(folder) as rows:
            return self._read(rows)

    def column_names(self, folder: Path) -> list[str] | None:
        """The names of the file's columns, empty where one has none; None where the first line is no header."""
        with self.rows(folder) as rows:
            start = [row for _, row in islice(rows, 2)]
        named = _is_header(start, self._gaps) if self.header == "auto" else self.header
        return [cell.strip() for cell in start[0]] if start and named else None

    @contextmanager
    def rows(self, folder: Path) -> Iterator[Iterator[tuple[int, list[str]]]]:
        """(line number, cells) of each line that is not empty, while the file is open."""
        with opened(folder, self.path) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            yield read_rows(self.path, text, self.delimiter)

    def head(self, rows: Iterator[tuple[int, list[str]]]) -> Head:
        """Raises UserError for a file without values, or with two columns of one name."""
        start = list(islice(rows, 2))
        if not start:
            raise UserError(f"{self.path}: the file is empty.")
        first_line, first = start[0]
        names = None
        if _is_header([row for _, row in start], self._gaps) if self.header == "auto" else self.header:
            names = [cell.strip() for cell in first]
            del start[0]
            if not start:
                raise UserError(f"{self.path}: the file has a header and no lines after it.")
            self._no_name_twice(names, first_line)
        return Head(names, len(first), first_line, chain(start, rows))

    def _read(self, rows: Iterator[tuple[int, list[str]]]) -> Table:
        head = self.head(rows)
        names, width = head.names, head.width
        if width < 2:
            raise UserError(
                f"{self.path}: expected at least two columns, a feature and the target. Received: one. "
                "If cells are separated by something else, say so with `delimiter`."
            )
        targets = self.targets(head)
        features = self._features(names, width, targets)
        categorical = self._positions("categorical", self.categorical, names, width)
        if stray := [column for column in categorical if column not in features]:
            raise UserError(
                f"{self.path}: categorical: {_label(names, stray[0])} is not one of the features."
            )
        return self.filled(head, features, targets, as_text=(*targets, *categorical))

    def filled(
        self, head: Head, features: Sequence[int], targets: Sequence[int], as_text: Collection[int]
    ) -> Table:
        """All rows of the columns at these places, counted from 0. Raises UserError for a row of another width."""
        columns = {
            place: Column(
                _name(head.names, place), _label(head.names, place), self._gaps, as_text=place in as_text
            )
            for place in (*features, *targets)
        }
        lines = self._fill(columns, head)
        return Table(
            self.path,
            [columns[column] for column in features],
            [columns[column] for column in targets],
            lines,
        )

    @property
    def _gaps(self) -> frozenset[str]:
        return frozenset({"", *self.missing})

    def _fill(self, columns: dict[int, Column], head: Head) -> array:
        """Reads all rows into `columns`, which go by their place; where each stands in the file."""
        lines = array("q")
        while piece := list(islice(head.rows, ROWS_AT_ONCE)):
            numbers, cells = zip(*piece, strict=True)
            if set(map(len, cells)) != {head.width}:
                line, row = next((line, row) for line, row in piece if len(row) != head.width)
                raise UserError(
                    f"{self.path}:{line}: expected {head.width} columns as in line {head.line}. "
                    f"Received: {len(row)}."
                )
            lines.extend(numbers)
            by_column = list(zip(*cells, strict=True))
            for place, column in columns.items():
                column.extend(by_column[place])
        for column in columns.values():
            column.close()
        return lines

    def _no_name_twice(self, names: list[str], line: int) -> None:
        for column, name in enumerate(names):
            if name and names.index(name) != column:
                raise UserError(
                    f"{self.path}:{line}: columns {names.index(name) + 1} and {column + 1} are both named {name!r}."
                )

    def _features(self, names: list[str] | None, width: int, targets: list[int]) -> list[int]:
        if self.features != "all":
            features = self._positions("features", self.features, names, width)
            if both := [column for column in features if column in targets]:
                raise UserError(f"{self.path}: features: {_label(names, both[0])} is a target.")
            return features
        features = [column for column in range(width) if column not in targets]
        if not features:
            raise UserError(
                f"{self.path}: target: all {width} columns are targets. Leave one to predict from."
            )
        if names and (nameless := [column for column in features if not names[column]]):
            # What a table program writes there is mostly the line's number, which can give the target away.
            raise UserError(
                f"{self.path}: column {nameless[0] + 1} has no name. Name it, or choose columns with `features`."
            )
        return features

    def targets(self, head: Head) -> list[int]:
        """Where the columns to predict are, counted from 0."""
        chosen = (
            self.target if isinstance(self.target, tuple) else (-1 if self.target is None else self.target,)
        )
        return self._positions("target", chosen, head.names, head.width)

    def _positions(
        self, option: str, chosen: Iterable[Name], names: list[str] | None, width: int
    ) -> list[int]:
        """Counted from 0, each once."""
        positions = [self._position(option, column, names, width) for column in chosen]
        if twice := [column for place, column in enumerate(positions) if column in positions[:place]]:
            raise UserError(f"{self.path}: {option}: {_label(names, twice[0])} is there twice.")
        return positions

    def _position(self, option: str, column: Name, names: list[str] | None, width: int) -> int:
        if isinstance(column, int):
            if column == 0 or abs(column) > width:
                raise UserError(
                    f"{self.path}: {option}: expected a column from 1 to {width}, or from -1 back to -{width}. "
                    f"Received: {column}."
                )
            return column - 1 if column > 0 else width + column
        if names is None:
            raise UserError(
                f"{self.path}: {option}: the file has no header that could name {column!r}. "
                "Give the column's number."
            )
        if column not in names:
            raise UserError(
                f"{self.path}: {option}: no column is named {column!r}.{did_you_mean(column, names)}"
            )
        return names.index(column)


def _name(names: list[str] | None, column: int) -> str:
    return names[column] if names and names[column] else f"column {column + 1}"


def _label(names: list[str] | None, column: int) -> str:
    """How errors call a column."""
    return f"column {names[column]!r}" if names and names[column] else f"column {column + 1}"


def _is_header(rows: list[list[str]], missing: frozenset[str]) -> bool:
    """Whether the first of one or two rows names the columns. Gaps say nothing."""
    above, below = rows[0], rows[-1]
    if not any(number(cell) is not None for cell in above):
        return True
    return any(
        number(name) is None and name.strip() not in missing and number(cell) is not None
        for name, cell in zip(above, below, strict=False)
    )
