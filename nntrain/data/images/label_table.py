"""Label table: which file, which label and which split each row of a table names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.data.arrays import Task
from nntrain.data.images.folders import ORDER, SPLITS
from nntrain.data.images.named_files import NamedFiles, looks_like_a_file
from nntrain.data.tables.columns import Column
from nntrain.data.tables.csv_file import CsvFile, Name
from nntrain.data.tables.features import listed
from nntrain.data.tables.table import Table
from nntrain.errors import DataError

USUAL = ("label", "labels", "class", "class_name", "category", "target")  # names of a column of labels
ROWS_LOOKED_AT = 100  # to find the column of files

Rows = list[tuple[int, list[str]]]  # (line number, cells) of each row
Reader = Callable[[bool], tuple[CsvFile, Rows]]


class SeveralLabels(DataError):
    """The table has several columns that can be labels."""


@dataclass(frozen=True)
class LabelColumns:
    """The table of labels, and what the options of `image_folder` say of its columns."""

    path: str
    file: Name | None = None
    label: Name | None = None
    split: Name | None = None
    task: Task = "auto"


@dataclass(frozen=True)
class Entry:
    """A row of the table."""

    line: int
    name: str  # of the file, as written
    label: str
    split: str


@dataclass(frozen=True)
class LabelTable:
    """The rows of the table, and where its columns are."""

    columns: LabelColumns
    file: CsvFile
    rows: Rows
    positions: tuple[int, int, int | None]  # of files, labels and splits

    @classmethod
    def read(cls, columns: LabelColumns, read: Reader, named: NamedFiles) -> "LabelTable":
        """`read` returns the file and its rows, with a header or without."""
        _, everything = read(False)
        is_sample = any(_is_one(named, cell) for cell in everything[0][1])
        file, rows = read(not is_sample)
        for line, cells in rows:
            if len(cells) != file.width:
                message = f"expected {file.width} columns, as in line {file.line}. Received: {len(cells)}."
                raise DataError(message, place=f"{columns.path}:{line}")
        positions = _positions(columns, file, rows, named)
        names = [cells[positions[0]] for _, cells in rows]
        if not any(_is_one(named, name) for name in names):
            named.moved_from([name for name in names if name.strip()])
        return cls(columns, file, rows, positions)

    @property
    def entries(self) -> list[Entry]:
        file, label, split = self.positions
        return [
            Entry(
                line, cells[file].strip(), cells[label].strip(), "" if split is None else cells[split].strip()
            )
            for line, cells in self.rows
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        file, label, _ = (None if at is None else self.file.label(at) for at in self.positions)
        return (f"labels: {label} of {self.columns.path}; the files: {file}",) if self.file.width > 2 else ()

    def table(self, entries: Iterable[Entry]) -> Table:
        """The labels as the target of a table."""
        entries, at = list(entries), self.positions[1]
        form = self.file.format
        column = Column(
            self.file.name(at), self.file.label(at), form.gaps, as_text=True, numerals=form.numerals
        )
        column.extend(tuple(entry.label for entry in entries))
        column.close()
        return Table(self.columns.path, [], [column], [entry.line for entry in entries])

    def splits(self, files: Sequence[Path], entries: Sequence[Entry], root: Path) -> dict[str, np.ndarray]:
        """The rows of each split: as the column says, or the folders `train`, `test` and `validation`."""
        if self.positions[2] is not None:
            names = [self._named_split(entry) for entry in entries]
        else:
            tops = [file.relative_to(root).parts[0] for file in files]
            names = [SPLITS.get(top.lower(), "") for top in tops]
            if not all(names) or "train" not in names:
                if any(names):
                    inside, outside = (
                        {top for top, of in zip(tops, names, strict=True) if bool(of) == known}
                        for known in (True, False)
                    )
                    raise DataError(
                        f"images in folders of splits ({listed(sorted(inside))}) beside others ({listed(sorted(outside)) or 'none'})",
                        "Set `split` to a column of the table that names the split of each image, or move the images.",
                        str(root),
                    )
                names = ["train"] * len(files)
        found = {split: np.flatnonzero([name == split for name in names]) for split in ORDER}
        if not len(found["train"]):
            raise DataError(
                f"split: no image is of the training split, but {listed(sorted(set(names)))}",
                place=self.columns.path,
            )
        return {split: rows for split, rows in found.items() if len(rows)}

    def _named_split(self, entry: Entry) -> str:
        if split := SPLITS.get(entry.split.lower()):
            return split
        raise DataError(
            f"split: expected train, validation or test. Received: {entry.split!r}.",
            place=f"{self.columns.path}:{entry.line}",
        )


def _positions(
    columns: LabelColumns, file: CsvFile, rows: Rows, named: NamedFiles
) -> tuple[int, int, int | None]:
    """The columns of files, labels and splits, as set, else as they look. Raises DataError."""
    split = None if columns.split is None else file.positions("split", (columns.split,))[0]
    start = rows[:ROWS_LOOKED_AT]
    if columns.file is not None:
        (of_files,) = file.positions("file", (columns.file,))
    else:
        hits = [sum(_is_one(named, cells[at]) for _, cells in start) for at in range(file.width)]
        if not any(hits):  # files that are all missing
            hits = [sum(looks_like_a_file(cells[at]) for _, cells in start) for at in range(file.width)]
        of_files = int(np.argmax(hits))
        if not hits[of_files]:
            raise DataError(
                "no column has the names of the images",
                "Set `file` to the column of the files.",
                columns.path,
            )
    if columns.label is not None:
        return of_files, file.positions("label", (columns.label,))[0], split
    others = [
        at for at in range(file.width) if at not in (of_files, split) and (not file.names or file.names[at])
    ]
    usual = [at for at in others if file.name(at).lower() in USUAL]
    chosen = others if len(others) == 1 else usual
    if not others:
        raise DataError(
            "expected a column of files and one of labels. Received: one column.", place=columns.path
        )
    if len(chosen) != 1:
        raise SeveralLabels(
            f"several columns can be the labels: {listed(file.name(at) for at in others)}",
            "Set `label` to the column of the labels.",
            columns.path,
        )
    return of_files, chosen[0], split


def _is_one(named: NamedFiles, cell: str) -> bool:
    try:
        return bool(cell.strip()) and named.find(cell) is not None
    except DataError:  # several
        return True
