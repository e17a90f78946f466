"""Opening: data files, plain or gzip-compressed, with errors that name the file."""

import difflib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from nntrain.errors import DataError
from nntrain.limits import NotEnoughMemory, memory_room, require_memory, size
from nntrain.paths import resolved

TOO_LARGE = "Use a smaller file, or .npy files, which need not be in memory."


@contextmanager
def opened(folder: Path, name: str, in_memory: bool = True) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed if it is gzip, whatever its name. Raises DataError, also while reading.

    in_memory: what is read is kept in memory, so that it must fit.
    """
    path = resolved(folder, name)
    with file_errors(name, path), open(path, "rb") as file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            if in_memory:
                require_memory(os.fstat(file.fileno()).st_size, "the file takes", TOO_LARGE, name)
            yield file
            return
        try:
            with (
                gzip.open(file) as unpacked,
                io.BufferedReader(Unpacked(unpacked, name, in_memory)) as limited,
            ):
                yield cast(BinaryIO, limited)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"the gzip file is corrupt or truncated ({error})", place=name) from None


class Unpacked(io.RawIOBase):
    """What a compressed file holds, as long as it fits into memory, if it must: a few bytes can stand for very many."""

    def __init__(self, file: gzip.GzipFile, name: str, in_memory: bool):
        self._file, self._name, self._in_memory = file, name, in_memory
        self._done, self._room = 0, memory_room()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._done = max(self._done, self._file.tell())
        if self._in_memory and self._done > self._room.free:
            message = (
                f"unpacked it takes more than {size(self._done)}, but {self._room.too_small_for(self._done)}"
            )
            raise NotEnoughMemory(message, TOO_LARGE, self._name)
        return count


@contextmanager
def file_errors(name: str, path: Path) -> Iterator[None]:
    """Turns OSError and MemoryError of opening and reading `path` into DataError at `name`, its name in the config."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(
            f"no such file in {os.path.abspath(path.parent)}.{similar_name(path)}".removesuffix("."),
            place=name,
        ) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", place=name) from None
    except MemoryError:
        raise DataError("does not fit into memory", place=name) from None


def similar_name(path: Path, *, folder: bool = False) -> str:
    """ " Did you mean 'iris.csv'?" where something of a similar name stands beside it: a file, or what a name without a suffix may be, a folder.

    Where only a `folder` is expected, files are left out.
    """
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    folders, files = folder or not path.suffix, not folder
    names = [other.name for other in beside if (folders if other.is_dir() else files)]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def undecodable_line(file: BinaryIO, encoding: str = "utf-8") -> int:
    """The first line that is not text in this encoding. Text is decoded in blocks, so that the error does not know the line."""
    file.seek(0)
    if encoding.startswith(("utf-16", "utf-32")):  # a line break is more than a byte there
        content = file.read()
        try:
            content.decode(encoding)
        except UnicodeDecodeError as error:
            return content[: error.start].decode(encoding, "replace").count("\n") + 1
        return 1
    number = 0
    for text in file:
        number += 1
        try:
            text.decode(encoding)
        except UnicodeDecodeError:
            break
    return number
