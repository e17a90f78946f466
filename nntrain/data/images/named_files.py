"""Named files: the image files that a table means by paths, names, or names without a suffix."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath

from nntrain.data.images.formats import suffixes
from nntrain.data.images.walk import name_text
from nntrain.errors import DataError


class NamedFiles:
    """The image files below `root`, found by their names."""

    def __init__(self, root: Path, files: Sequence[Path]):
        self.root = root
        self.elsewhere: tuple[str, ...] = ()  # a folder on the machine where the table was written
        self._spellings: list[Callable[[str], str]] = [_composed, lambda name: _composed(name).casefold()]
        self._found: list[dict[str, list[Path]]] = [defaultdict(list) for _ in self._spellings]
        for file in files:
            for name in _names_of(file.relative_to(root)):
                for spelled, found in zip(self._spellings, self._found, strict=True):
                    found[spelled(name)].append(file)

    def find(self, name: str) -> Path | None:
        """The file of that path from the root, or of that name in any folder; its suffix and its capitals may differ.

        Raises DataError where several files have the name.
        """
        for spelled, found in zip(self._spellings, self._found, strict=True):
            for wanted in self._paths(name):
                if files := found.get(spelled(wanted)):
                    return self._only(name, files)
        return None

    def moved_from(self, names: Sequence[str]) -> None:
        """Takes the folder that all of these files were in, on whatever machine, for the root."""
        folders = [_path(name).parent.parts for name in names]
        levels = takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
        self.elsewhere = tuple(level[0] for level in levels)

    def _only(self, name: str, files: list[Path]) -> Path:
        if len(files) == 1:
            return files[0]
        same = [file for file in files if self._relative(file) == _composed(name)]
        if len(same) == 1:
            return same[0]
        first, second = (self._relative(file) for file in files[:2])
        raise DataError(f"{name!r} can be {first!r} and {second!r}", "Write the path of the file.")

    def _relative(self, file: Path) -> str:
        return _composed(name_text(file.relative_to(self.root).as_posix()))

    def _paths(self, name: str) -> Iterator[str]:
        """The name as it is, and without the folders that lead to the root."""
        path = _path(name)
        yield str(path)
        if self.elsewhere and path.parts[: len(self.elsewhere)] == self.elsewhere:
            yield str(PurePosixPath(*path.parts[len(self.elsewhere) :]))
        above = self.root.resolve().parts
        for count in range(min(len(path.parts) - 1, len(above)), 0, -1):
            if path.parts[:count] == above[-count:]:
                yield str(PurePosixPath(*path.parts[count:]))


def _names_of(path: Path) -> set[str]:
    """Of "cats/1.png": the same, "1.png", "cats/1" and "1"."""
    whole = name_text(path.as_posix())
    return {whole, path.name, whole.removesuffix(path.suffix), path.stem} - {""}


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.strip().replace("\\", "/"))


def looks_like_a_file(text: str) -> bool:
    return PurePosixPath(text.strip()).suffix.lower() in suffixes()


def _composed(name: str) -> str:
    """macOS writes é in a name as e and an accent, other systems as one character."""
    return unicodedata.normalize("NFC", name)
