"""Known data sets: their files, found in the user's data folders, or downloaded into one of them."""

import contextlib
import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.data.files.download import Remote, download, forbidden
from nntrain.errors import DataError
from nntrain.files import replacing
from nntrain.paths import home, named_by


def data_folders() -> list[Path]:
    """The folders of the user's data sets: $NNTRAIN_DATA, then ~/.cache/nntrain/data."""
    own = home()
    folders = [named_by("NNTRAIN_DATA"), own / ".cache" / "nntrain" / "data" if own else None]
    return [folder for folder in folders if folder is not None]


@dataclass(frozen=True)
class KnownFiles:
    """The files of a data set as mirrors hold them: compressed, with names that end with .gz."""

    name: str  # of the folder
    mirrors: Sequence[str]
    files: Sequence[Remote]

    def paths(self, root: Path | None) -> list[Path]:
        """The path of each file, with or without .gz: in `root`, else in the first of the user's data folders that has them all.

        Without `root`, missing files are downloaded. Raises DataError.
        """
        folders = self._folders() if root is None else [root]
        missing = {
            folder: [file for file in self.files if _present(folder, file) is None] for folder in folders
        }
        home = next((folder for folder in folders if not missing[folder]), None)
        if home is None:
            if root is not None or forbidden():
                raise self._not_found(
                    {folder: self._missing_names(files) for folder, files in missing.items()}, root is None
                )
            home = self._writable(folders)
            self._download(home, missing[home])
        return [path for file in self.files if (path := _present(home, file)) is not None]

    def _folders(self) -> list[Path]:
        return [folder / self.name for folder in data_folders()]

    def _writable(self, folders: list[Path]) -> Path:
        """The first folder that can be written to. $NNTRAIN_DATA must exist, so that a typo does not create a folder."""
        for folder in folders[:-1]:
            if os.access(folder if folder.exists() else folder.parent, os.W_OK | os.X_OK):
                return folder
        if not folders:
            raise DataError("there is no folder for it", "Set NNTRAIN_DATA to a folder for data.", self.name)
        return folders[-1]

    def _download(self, folder: Path, files: Sequence[Remote]) -> None:
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _remove_empty(made)
            raise DataError(
                f"cannot be created: {error.strerror}", "Set NNTRAIN_DATA to a folder for data.", str(folder)
            ) from None
        try:
            for file in files:
                download(file, self.mirrors, folder)
        except BaseException as error:  # Ctrl-C, too
            _remove_empty(made)
            if not isinstance(error, DataError):
                raise
            left = [file for file in files if _present(folder, file) is None]
            raise DataError(
                error.message,
                f"Try again later, or put {_names(left)} (compressed or not) into {folder}.",
                error.place or self.name,
            ) from None

    def _missing_names(self, files: Sequence[Remote]) -> str:
        return "all" if len(files) == len(self.files) else _names(files)

    def _expected(self) -> str:
        return f"the files {_names(self.files)} (.gz or not)"

    def _not_found(self, missing: dict[Path, str], may_download: bool) -> DataError:
        """`missing`: the names of the missing files by folder."""
        searched = "\n".join(f"  {folder}: missing {files}" for folder, files in missing.items())
        hint = f"Put them there, set `root` to their folder, or set NNTRAIN_DATA to the folder above `{self.name}`."
        if may_download:
            hint += f" {forbidden()} forbids downloading {_size(self.files)} from {self.mirrors[0]}."
        return DataError(f"expected {self._expected()} in one folder. Searched:\n{searched}", hint, self.name)


@dataclass(frozen=True)
class KnownArchive(KnownFiles):
    """The files of a data set that mirrors hold in one .tar.gz, the only one of `files`, inside a folder."""

    folder: str
    members: dict[str, int]  # name -> the largest size in bytes

    def paths(self, root: Path | None) -> list[Path]:
        """The path of each member: unpacked before, or unpacked now beside the archive, which is downloaded if it is missing.

        Raises DataError.
        """
        folders = self._folders() if root is None else [root]
        for place in (place for folder in folders for place in (folder, folder / self.folder)):
            if all((place / member).is_file() for member in self.members):
                return [place / member for member in self.members]
        (archive,) = self.files
        home = next((folder for folder in folders if (folder / archive.name).is_file()), None)
        if home is None:
            if root is not None or forbidden():
                raise self._not_found(dict(map(self._missing_members, folders)), root is None)
            home = self._writable(folders)
            self._download(home, [archive])
        to = (home if os.access(home, os.W_OK | os.X_OK) else self._folders()[-1]) / self.folder
        self._unpack(home / archive.name, to)
        return [to / member for member in self.members]

    def _expected(self) -> str:
        return f"{_names(self.files)}, or its files {', '.join(self.members)},"

    def _missing_members(self, folder: Path) -> tuple[Path, str]:
        """Of the two folders that can hold the members, the one with more of them, and the names of the others."""
        missing = {
            place: [member for member in self.members if not (place / member).is_file()]
            for place in (folder, folder / self.folder)
        }
        fullest = min(missing, key=lambda place: len(missing[place]))
        left = missing[fullest]
        return fullest, "all" if len(left) == len(self.members) else ", ".join(left)

    def _unpack(self, archive: Path, to: Path) -> None:
        """Unpacks the known members alone, each completely or not at all."""
        missing = dict(self.members)
        try:
            to.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive, "r:gz") as packed:
                for found in packed:
                    folder, _, name = found.name.removeprefix("./").rpartition("/")
                    if folder != self.folder or name not in missing or not found.isfile():
                        continue
                    if found.size > missing.pop(name):
                        raise DataError(
                            f"expected at most {self.members[name]:,} bytes in {name}. Received: {found.size:,}.",
                            place=str(archive),
                        )
                    content = packed.extractfile(found)
                    if content is not None:
                        with replacing(to / name) as file:
                            shutil.copyfileobj(content, file)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(
                f"the archive is corrupt or truncated ({error})", "Download it again.", str(archive)
            ) from None
        except OSError as error:
            raise DataError(
                f"cannot be unpacked into {to}: {error.strerror or error}", place=str(archive)
            ) from None
        if missing:
            raise DataError(
                f"missing files in the archive's folder {self.folder}: {', '.join(missing)}",
                "Download it again.",
                str(archive),
            )


def _present(place: Path, file: Remote) -> Path | None:
    """The path with or without .gz, whichever exists."""
    return next(
        (path for name in (file.name.removesuffix(".gz"), file.name) if (path := place / name).is_file()),
        None,
    )


def _size(files: Sequence[Remote]) -> str:
    return f"{sum(file.size for file in files) / 1e6:,.0f} MB"


def _remove_empty(folders: Sequence[Path]) -> None:
    """Removes folders, from the innermost to the outermost, as long as they are empty."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _names(files: Sequence[Remote]) -> str:
    return ", ".join(
        file.name if file.name.endswith(".tar.gz") else file.name.removesuffix(".gz") for file in files
    )
