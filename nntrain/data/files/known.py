"""Known data sets: their files, found in the user's folders for data, or downloaded into one of them."""

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nntrain.data.files.download import OFFLINE, Remote, download, forbidden
from nntrain.errors import UserError


@dataclass(frozen=True)
class KnownFiles:
    """The files of a data set, as mirrors hold them: compressed, with .gz at the end of their names."""

    name: str  # of the folder
    mirrors: Sequence[str]
    files: Sequence[Remote]

    def paths(self, root: Path | None) -> list[Path]:
        """Where each file is, with or without .gz: in `root`, or else in the first of the user's folders that has them all.

        Without `root` and all files, those that lack are downloaded. Raises UserError.
        """
        places = self._places() if root is None else [root]
        lacking = {place: [file for file in self.files if _present(place, file) is None] for place in places}
        home = next((place for place in places if not lacking[place]), None)
        if home is None:
            if root is not None or forbidden():
                raise UserError(
                    self._missing(
                        {
                            place: "all of them" if len(files) == len(self.files) else _listed(files)
                            for place, files in lacking.items()
                        },
                        root is None,
                    )
                )
            home = self._writable(places)
            self._fill(home, lacking[home])
        return [_present(home, file) for file in self.files]

    def _places(self) -> list[Path]:
        named = os.environ.get("NNTRAIN_DATA")
        own = Path(os.path.expanduser("~/.cache/nntrain/data"))
        return [folder / self.name for folder in ([Path(named), own] if named else [own])]

    def _writable(self, places: list[Path]) -> Path:
        """The first place where files can be put. $NNTRAIN_DATA must be there already, so that a slip does not make a folder."""
        *named, own = places
        for place in named:
            if os.access(place if place.exists() else place.parent, os.W_OK | os.X_OK):
                return place
        return own

    def _fill(self, place: Path, files: list[Remote]) -> None:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{place}: cannot be made: {error.strerror}. Set NNTRAIN_DATA to a folder for data."
            ) from None
        try:
            for file in files:
                download(file, self.mirrors, place)
        except UserError as error:
            left = [file for file in files if _present(place, file) is None]
            raise UserError(
                f"{self.name}: {error}\nTry again later, or get {_listed(left)} elsewhere and put "
                f"{'it' if len(left) == 1 else 'them'} (unpacked or not) into {place}."
            ) from None

    def _wanted(self) -> str:
        return f"the files {_listed(self.files)} (.gz or not)"

    def _missing(self, lacking: dict[Path, str], may_download: bool) -> str:
        looked = "\n".join(f"  {place} lacks {files}" for place, files in lacking.items())
        way_out = f"Put them there, or name their folder with `root`, or set NNTRAIN_DATA to the folder above `{self.name}`."
        if may_download:
            way_out += f" They are not downloaded, because {OFFLINE} is set; they are at {self.mirrors[0]}."
        return f"{self.name}: expected {self._wanted()} in one folder. Looked in:\n{looked}\n{way_out}"


@dataclass(frozen=True)
class KnownArchive(KnownFiles):
    """The files of a data set that mirrors hold as one .tar.gz, the only one of `files`, in which they lie in a folder."""

    folder: str
    members: dict[str, int]  # name -> the most bytes that it can have

    def paths(self, root: Path | None) -> list[Path]:
        """Where each member is: unpacked already, or unpacked now beside the archive, which is downloaded where there is none.

        Raises UserError.
        """
        places = self._places() if root is None else [root]
        for folder in (folder for place in places for folder in (place, place / self.folder)):
            if all((folder / member).is_file() for member in self.members):
                return [folder / member for member in self.members]
        (archive,) = self.files
        home = next((place for place in places if (place / archive.name).is_file()), None)
        if home is None:
            if root is not None or forbidden():
                raise UserError(self._missing(dict(map(self._lacking, places)), root is None))
            home = self._writable(places)
            self._fill(home, [archive])
        to = (home if os.access(home, os.W_OK | os.X_OK) else self._places()[-1]) / self.folder
        self._unpack(home / archive.name, to)
        return [to / member for member in self.members]

    def _wanted(self) -> str:
        return f"{_listed(self.files)}, or the files of it, {', '.join(self.members)},"

    def _lacking(self, place: Path) -> tuple[Path, str]:
        """Of the two folders where members can be, the one that has more of them, and what it lacks."""
        lacking = {
            folder: [member for member in self.members if not (folder / member).is_file()]
            for folder in (place, place / self.folder)
        }
        folder = min(lacking, key=lambda folder: len(lacking[folder]))
        return folder, "all of them" if len(lacking[folder]) == len(self.members) else ", ".join(
            lacking[folder]
        )

    def _unpack(self, archive: Path, to: Path) -> None:
        """Only the known members, each of them whole or not at all; whatever else the archive holds stays in it."""
        lacking = dict(self.members)
        try:
            to.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive, "r:gz") as packed:
                for found in packed:
                    folder, _, name = found.name.removeprefix("./").rpartition("/")
                    if folder != self.folder or name not in lacking or not found.isfile():
                        continue
                    if found.size > lacking.pop(name):
                        raise UserError(
                            f"{archive}: expected {name} to have at most {self.members[name]:,} bytes. "
                            f"Received: {found.size:,}."
                        )
                    write_whole(to / name, packed.extractfile(found))
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UserError(
                f"{archive}: the archive is damaged or cut short ({error}). Get it anew."
            ) from None
        except OSError as error:
            raise UserError(f"{archive}: cannot be unpacked into {to}: {error.strerror or error}.") from None
        if lacking:
            raise UserError(
                f"{archive}: expected the files {', '.join(lacking)} in its folder {self.folder}. They are not "
                "there. Get it anew."
            )


def write_whole(path: Path, source: BinaryIO) -> None:
    """The file with all that is in `source`; it gets its name only then."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(source, file)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _present(place: Path, file: Remote) -> Path | None:
    """The file with or without .gz, whichever is there."""
    return next(
        (path for name in (file.name.removesuffix(".gz"), file.name) if (path := place / name).is_file()),
        None,
    )


def _listed(files: Sequence[Remote]) -> str:
    return ", ".join(
        file.name if file.name.endswith(".tar.gz") else file.name.removesuffix(".gz") for file in files
    )
