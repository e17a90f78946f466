"""Labelled texts: from a column of a table, or from folders of text files, one per label."""

from dataclasses import dataclass, replace
from pathlib import Path

from nntrain.data.files.opening import opened, undecodable_line
from nntrain.data.images.folders import split_folders, subfolders
from nntrain.data.images.walk import PassedOver, entries
from nntrain.data.tables.csv_file import CsvFile, Format, Name
from nntrain.data.tables.encodings import SAMPLE, not_text
from nntrain.data.tables.features import listed
from nntrain.data.tables.formats.opening import Layout, rows_of
from nntrain.data.tables.numerals import Numerals
from nntrain.data.tables.rows import UTF8
from nntrain.errors import DataError
from nntrain.options import shown

TEXT, LABEL = "text", "label"  # the columns' names by default
SUFFIX = ".txt"
FEWEST = 4  # texts, of which a label that occurs once may be the name of the column


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels, as written, and their places; without labels where only texts were asked for."""

    texts: list[str]
    labels: list[str]
    places: list[str]  # "reviews.csv:12", or a file's name
    notes: tuple[str, ...] = ()
    label: str = LABEL  # the name of the column
    warnings: tuple[str, ...] = ()


def read_table(
    folder: Path,
    path: str,
    text: Name | None = None,
    label: Name | None = None,
    labelled: bool = True,
    layout: Layout | None = None,
    header: bool | None = None,
) -> LabelledTexts:
    """The rows of a table: CSV, JSON Lines, Parquet, Feather or Excel. header: by default unless both columns are numbers.

    Raises DataError.
    """
    with opened(folder, path) as file:
        guessed = header is None
        if header is None:
            header = not (isinstance(text, int) and isinstance(label, int))
        table = CsvFile.begin(path, rows_of(path, file, layout or Layout()), Format(header, {}, Numerals()))
        names = table.names or [str(number + 1) for number in range(table.width)]
        at, of = _columns(path, table, names, text, label, labelled)
        found = LabelledTexts([], [], [], tuple(table.notes), table.name(of))
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
    return _with_doubt(found) if guessed and not header and labelled else found


def _with_doubt(found: LabelledTexts) -> LabelledTexts:
    """The texts, with a warning if the first may be a header."""
    if len(found.labels) < FEWEST or found.labels[0] in found.labels[1:]:
        return found
    doubt = f"{found.places[0]}: is read as a text with the label {found.labels[0]!r}, which no other has; set `header: true` if it "
    return replace(found, warnings=(f"{doubt}names the columns, or `header: false`",))


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

    of = position(LABEL, label, None) if labelled or label in names else None
    if table.width == 1:
        at: int | None = 0
        if table.names is not None and not isinstance(text, int) and names[0].strip() != (text or TEXT):
            raise DataError(
                f"expected a column called {text or TEXT!r}. Received: {shown(names[0])}.",
                "Name the column in the first line.",
                f"{path}:1",
            )
    else:
        at = position(TEXT, text, of)
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
            f"column {column!r}: expected a label. Received: a missing value.", "Fix the file.", place
        )
    return label


def read_text(folder: Path, name: str, place: str = "", encoding: str | None = None) -> str:
    """A text file, which errors call `place`. Raises DataError for one that is not text in this encoding, by default UTF-8."""
    with opened(folder, name) as file:
        content = file.read()
        try:
            return content.decode(encoding or UTF8)
        except UnicodeDecodeError as error:
            line = undecodable_line(file, encoding or "utf-8")
            received = f"byte {content[error.start]:#04x}"
            raise not_text(place or name, line, content[:SAMPLE], received, encoding) from None


def read_folder(path: str, root: Path, encoding: str | None = None) -> dict[str, LabelledTexts]:
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
                texts.texts.append(read_text(root, str(file.relative_to(root)), place, encoding=encoding))
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
