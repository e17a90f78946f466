"""Labelled texts: from a column of a table, from JSON Lines, or from folders of text files, one per class."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from nntrain.data.files.opening import opened, undecodable_line
from nntrain.data.images.folders import split_folders, subfolders
from nntrain.data.images.walk import PassedOver, entries
from nntrain.data.tables.csv_file import CsvFile, Format, Name
from nntrain.data.tables.features import listed
from nntrain.data.tables.numerals import Numerals
from nntrain.data.tables.rows import read_rows
from nntrain.errors import DataError
from nntrain.options import did_you_mean, with_suggestion

JSON_LINES = (".jsonl", ".ndjson")
TEXT, LABEL = "text", "label"  # the columns' names by default
SUFFIX = ".txt"


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with the names of their classes and their places; without labels where only texts were asked for."""

    texts: list[str]
    labels: list[str]
    places: list[str]  # "reviews.csv:12", or a file's name
    notes: tuple[str, ...] = ()


def is_json_lines(path: str) -> bool:
    return Path(path.removesuffix(".gz")).suffix.lower() in JSON_LINES


def read_table(
    folder: Path,
    path: str,
    text: Name | None = None,
    label: Name | None = None,
    labelled: bool = True,
) -> LabelledTexts:
    """The rows of a CSV file, or of JSON Lines. Raises DataError."""
    if is_json_lines(path):
        return _json_lines(folder, path, text, label, labelled)
    with opened(folder, path) as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        header = not (isinstance(text, int) and (isinstance(label, int) or not labelled))
        table = CsvFile.begin(path, read_rows(path, lines, "auto"), Format(header, {}, Numerals()))
        names = table.names or [str(number + 1) for number in range(table.width)]
        at, of = _columns(path, table, names, text, label, labelled)
        found = LabelledTexts([], [], [], tuple(table.notes))
        for line, row in table.rows:
            if len(row) != table.width:
                raise DataError(
                    f"expected {table.width} columns, as in line {table.line}. Received: {len(row)}.",
                    'Put quotes (") around texts that contain the separator.',
                    f"{path}:{line}",
                )
            found.texts.append(row[at])
            found.places.append(f"{path}:{line}")
            if labelled:
                found.labels.append(_required(row[of].strip(), names[of], found.places[-1]))
    return found


def _columns(
    path: str, table: CsvFile, names: list[str], text: Name | None, label: Name | None, labelled: bool
) -> tuple[int, int]:
    """The positions of the texts and of the labels, from 0; of columns that are not named, those that are called so."""
    if labelled and table.width < 2:
        raise DataError("expected a column of texts and one of labels. Received: one column.", place=path)
    places = {name.strip().lower(): place for place, name in reversed(list(enumerate(names)))}

    def position(option: str, chosen: Name | None, other: int | None) -> int | None:
        if chosen is not None:
            return table.positions(option, (chosen,))[0]
        if option in places:
            return places[option]
        if other is not None and table.width == 2:  # the one that is left
            return 1 - other
        return None

    of = position(LABEL, label, None) if labelled else None
    at = 0 if table.width == 1 and text is None else position(TEXT, text, of)
    if labelled and of is None:
        of = position(LABEL, label, at)
    for option, found in ((TEXT, at), *([(LABEL, of)] if labelled else ())):
        if found is None:
            raise DataError(
                f"no column is called {option!r}. The columns are: {listed(names)}.",
                f"Set `{option}` to one of them. Without a header, set `text` and `label` to the numbers of the columns.",
                path,
            )
    if at == of:
        raise DataError(f"the texts and the labels are both in column {names[at or 0]!r}", place=path)
    return at or 0, of or 0


def _required(label: str, column: str, place: str) -> str:
    if not label:
        raise DataError(
            f"column {column!r}: expected a class. Received: a missing value.", "Fix the file.", place
        )
    return label


def _json_lines(
    folder: Path, path: str, text: Name | None, label: Name | None, labelled: bool
) -> LabelledTexts:
    keys = (str(text or TEXT), *([str(label or LABEL)] if labelled else ()))
    found = LabelledTexts([], [], [])
    for number, line in enumerate(read_text(folder, path).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"not JSON: {error.msg}", place=place) from None
        if not isinstance(row, dict) or any(key not in row for key in keys):
            names = list(row) if isinstance(row, dict) else []
            missing = next(key for key in keys if key not in names)
            message = f"expected an object with {missing!r}. Received: {listed(names) or 'no object'}."
            raise DataError(with_suggestion(message, did_you_mean(missing, names)), "", place)
        if not isinstance(row[keys[0]], str):
            raise DataError(f"{keys[0]!r}: expected a text. Received: {row[keys[0]]!r}.", "", place)
        found.texts.append(row[keys[0]])
        found.places.append(place)
        if labelled:
            found.labels.append(_required(_as_text(row[keys[1]]), keys[1], place))
    if not found.texts:
        raise DataError("the file is empty", place=path)
    return found


def _as_text(value: Any) -> str:
    return "" if value is None else value.strip() if isinstance(value, str) else json.dumps(value)


def read_text(folder: Path, name: str, place: str = "") -> str:
    """A text file, which errors call `place`. Raises DataError for one that is not UTF-8."""
    with opened(folder, name) as file:
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(
                f"expected text in UTF-8. Received: byte {error.object[error.start]:#04x}.",
                "Save the file as UTF-8.",
                f"{place or name}:{undecodable_line(file)}",
            ) from None


def read_folder(path: str, root: Path) -> dict[str, LabelledTexts]:
    """The texts below `root` by split: of `train` alone where its folders are the classes. Raises DataError."""
    passed = PassedOver()
    folders = subfolders(path, root, passed)
    if not folders:
        raise DataError(f"expected one folder of {SUFFIX} files per class. Received: no folders.", place=path)
    found = {}
    for split, name in (split_folders(path, folders) or {"train": ""}).items():
        inside = subfolders(f"{path}/{name}", root / name, passed) if name else folders
        texts = LabelledTexts([], [], [])
        for label in inside:
            files = text_files(root / name / label, passed)
            if not files:
                place = "/".join(filter(None, (path, name, label)))
                raise DataError(
                    f"expected {SUFFIX} files. Received: none.",
                    "Remove the folder, or add texts to it.",
                    place,
                )
            for file in files:
                place = f"{path}/{file.relative_to(root)}"
                texts.texts.append(read_text(root, str(file.relative_to(root)), place))
                texts.labels.append(label)
                texts.places.append(place)
        found[split] = texts
    found["train"] = replace(found["train"], notes=passed.notes)
    return found


def text_files(folder: Path, passed: PassedOver) -> list[Path]:
    """The text files at any depth, sorted."""
    inside = entries(folder, passed)
    passed.suffixes.update(
        path.suffix.lower() for path in (*inside.images, *inside.others) if not _is_text(path)
    )
    deeper = [file for each in inside.folders for file in text_files(each, passed)]
    return sorted([*(path for path in inside.others if _is_text(path)), *deeper])


def _is_text(path: Path) -> bool:
    return path.suffix.lower() == SUFFIX


def classes_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The distinct labels: sorted as numbers if all are whole numbers, else as text."""
    distinct = sorted(set(labels))
    if all(label.isascii() and label.isdigit() for label in distinct):
        distinct.sort(key=lambda label: (int(label), label))
    return tuple(distinct)
