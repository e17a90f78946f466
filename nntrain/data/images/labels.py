"""Labels: the classes, or the numbers, of image files from a table that names the files."""

from collections.abc import Sequence
from pathlib import Path

from nntrain.data.files.opening import similar_name
from nntrain.data.images.folders import LabelledFiles, Scan
from nntrain.data.images.label_table import Entry, LabelColumns, LabelTable, Reader
from nntrain.data.images.named_files import NamedFiles
from nntrain.data.images.walk import PassedOver, counted, images_below, name_text
from nntrain.errors import DataError

MOST_NAMED = 10  # files that are missing


def scan_labelled(name: str, root: Path, columns: LabelColumns, read: Reader, strict: bool) -> Scan:
    """The image files below `root` (`name` in the config) that the table labels, by split.

    Raises DataError, with `strict` also for files that are missing.
    """
    passed = PassedOver()
    if not root.is_dir():
        message = f"no such folder in {root.absolute().parent}.{similar_name(root, folder=True)}"
        raise DataError(message.removesuffix("."), place=name)
    files = images_below(root, passed)
    if not files:
        raise DataError(f"expected images. Received: {', '.join(passed.counts) or 'none'}.", place=name)
    named = NamedFiles(root, files)
    found = LabelTable.read(columns, read, named)
    entries, notes = _with_files(found, named, name, strict)
    unlabelled = [file for file in files if file not in entries]
    notes = (*found.notes, *notes, *_without_label(root, unlabelled))
    table = found.table(entries.values())
    labels, classes = table.target(columns.task)
    paths = list(entries)
    splits = found.splits(paths, list(entries.values()), root)
    parts = {
        split: LabelledFiles(
            classes, [paths[row] for row in rows], labels[rows], () if classes else (table.targets[0].name,)
        )
        for split, rows in splits.items()
    }
    return Scan(parts, passed, (*notes, *table.notes), tuple(table.warnings))


def _with_files(
    found: LabelTable, named: NamedFiles, name: str, strict: bool
) -> tuple[dict[Path, Entry], tuple[str, ...]]:
    """The row of each labelled file, in the order of the table, and notes of the rows that are left out."""
    path, gaps = found.columns.path, found.file.format.gaps
    entries: dict[Path, Entry] = {}
    missing: list[Entry] = []
    blank = 0
    for entry in found.entries:
        try:
            file = named.find(entry.name) if entry.name else None
        except DataError as error:
            raise DataError(error.message, error.hint, f"{path}:{entry.line}") from None
        if file is None:
            missing.append(entry)
        elif entry.label in gaps:
            blank += 1
        elif entries.setdefault(file, entry).label != entry.label:
            other = entries[file]
            raise DataError(
                f"{entry.name!r} is {entry.label!r} here and {other.label!r} in line {other.line}",
                "Each image has one label: remove one of the lines.",
                f"{path}:{entry.line}",
            )
    if missing and (strict or not entries):
        raise _missing_error(found, missing, name)
    if not entries:
        raise DataError("no line has a label", place=path)
    notes = []
    if missing:
        names = ", ".join(entry.name or "an empty cell" for entry in missing[:3])
        notes.append(
            f"left out: {counted(len(missing), 'label')} without an image: {names}{_more(len(missing))}"
        )
    if blank:
        notes.append(f"left out: {counted(blank, 'line')} of {path} without a label")
    return entries, tuple(notes)


def _missing_error(found: LabelTable, missing: Sequence[Entry], name: str) -> DataError:
    path, hint = found.columns.path, "Add the image, remove the line, or set `on_broken: skip`."
    if len(missing) == 1:
        return DataError(f"no image {missing[0].name!r} in {name}", hint, f"{path}:{missing[0].line}")
    lines = [f"  {path}:{entry.line}: {entry.name!r}" for entry in missing[:MOST_NAMED]]
    if len(missing) > MOST_NAMED:
        lines.append(f"  and {len(missing) - MOST_NAMED:,} more")
    message = "\n".join([f"{len(missing):,} labelled images are not in {name}:", *lines])
    hint = "Add the images, remove the lines, or set `on_broken: skip`."
    if len(missing) == len(found.rows):
        hint = (
            f"Set `file` to the column that names the files; {found.file.label(found.positions[0])} does not."
        )
    return DataError(message, hint, path)


def _without_label(root: Path, files: Sequence[Path]) -> tuple[str, ...]:
    if not files:
        return ()
    names = ", ".join(name_text(file.relative_to(root)) for file in files[:3])
    return (f"left out: {counted(len(files), 'image')} without a label: {names}{_more(len(files))}",)


def _more(count: int) -> str:
    return f" and {count - 3:,} more" if count > 3 else ""
