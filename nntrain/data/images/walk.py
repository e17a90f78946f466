"""Walk: the image files below a folder, and a count of what was passed over."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nntrain.data.images.formats import suffixes
from nntrain.errors import DataError

# What systems and viewers put into folders of images: thumbnails, bins, their own notes. In lower case.
HIDDEN = {
    "@eadir",
    "@tmp",
    "@recycle",
    "#recycle",
    "$recycle.bin",
    "__macosx",
    "system volume information",
    "lost+found",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
}
MOST_SHOWN = 5


@dataclass
class PassedOver:
    """Counts of the files that are not among the samples."""

    suffixes: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    in_folders: int = 0  # files in hidden folders, of these names:
    folders: set[str] = field(default_factory=set)
    misplaced: int = 0  # images outside the folders of classes
    unreadable: int = 0  # broken links, sockets

    def add_hidden(self, path: Path, is_folder: bool) -> None:
        if is_folder:
            self.folders.add(path.name)
            self.in_folders += sum(len(names) for _, _, names in os.walk(path))
        else:
            self.hidden += 1

    def add_outside(self, inside: "Entries") -> None:
        """Files beside the folders that hold the samples."""
        self.misplaced += len(inside.images)
        self.suffixes.update(path.suffix.lower() for path in inside.others)

    def add(self, other: "PassedOver") -> None:
        self.suffixes.update(other.suffixes)
        self.hidden += other.hidden
        self.in_folders += other.in_folders
        self.folders |= other.folders
        self.misplaced += other.misplaced
        self.unreadable += other.unreadable

    @property
    def counts(self) -> list[str]:
        """ "38 .txt", "3 hidden": one entry for each kind."""
        common = self.suffixes.most_common(MOST_SHOWN)
        found = [f"{count:,} {name_text(suffix) or 'without suffix'}" for suffix, count in common]
        if more := self.suffixes.total() - sum(count for _, count in common):
            found.append(f"{more:,} of other suffixes")
        if self.misplaced:
            found.append(f"{counted(self.misplaced, 'image')} outside the folders of classes")
        if self.hidden:
            found.append(f"{self.hidden:,} hidden")
        if self.folders:
            names = sorted(map(name_text, self.folders))
            more_names = ", …" if len(names) > MOST_SHOWN else ""
            found.append(
                f"{self.in_folders:,} in hidden folders ({', '.join(names[:MOST_SHOWN])}{more_names})"
            )
        if self.unreadable:
            found.append(counted(self.unreadable, "broken link"))
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """One line, or none."""
        return (f"files passed over: {', '.join(self.counts)}",) if self.counts else ()


def counted(number: int, noun: str) -> str:
    """ "1 image", "1,234 images"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def name_text(name: object) -> str:
    """A file's name as text: bytes that are not UTF-8 as escapes."""
    return os.fsencode(str(name)).decode("utf-8", "backslashreplace")


def images_below(folder: Path, passed: PassedOver) -> list[Path]:
    """The image files at any depth, sorted. Folders that are links are followed, each once. Raises DataError."""
    outer = {*folder.resolve().parents, *folder.absolute().parents}
    seen = {_identity(path) for path in outer}
    found: list[Path] = []
    # Linked folders come last, so that files are found at their own place where they have one in here.
    folders, links = [folder], list[Path]()
    while folders or links:
        here = folders.pop() if folders else links.pop()
        if (identity := _identity(here)) in seen:
            continue
        seen.add(identity)
        inside = entries(here, passed)
        found += inside.images
        passed.suffixes.update(path.suffix.lower() for path in inside.others)
        folders += inside.folders
        links = sorted([*links, *inside.links], reverse=True)
    return sorted(found)


@dataclass(frozen=True)
class Entries:
    """What a folder holds, without what is hidden."""

    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)  # files
    folders: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)  # to folders


def entries(folder: Path, passed: PassedOver) -> Entries:
    """Raises OSError as DataError."""
    found, readable = Entries(), suffixes()
    with _reading(folder), os.scandir(folder) as listing:
        for entry in listing:
            path = folder / entry.name
            is_folder = path.is_dir() if entry.is_symlink() else entry.is_dir()
            if entry.name.startswith(".") or entry.name.lower() in HIDDEN:
                passed.add_hidden(path, is_folder)
            elif is_folder:
                (found.links if entry.is_symlink() else found.folders).append(path)
            elif not path.is_file():
                passed.unreadable += 1
            else:
                (found.images if path.suffix.lower() in readable else found.others).append(path)
    return found


def _identity(path: Path) -> tuple[int, int]:
    with _reading(path):
        state = path.stat()
    return state.st_dev, state.st_ino


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=str(path)) from None
