"""Data files: opened plain or gzip-compressed alike, with errors that name them."""

import difflib
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nntrain.errors import UserError


def resolved(folder: Path, name: str) -> Path:
    """The path that a config means by `name`: `~` is the home folder, relative paths count from `folder`."""
    return folder / os.path.expanduser(name)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where they are gzip, whatever the file is called. Raises UserError, also while reading."""
    path = resolved(folder, name)
    with told(name, path), open(path, "rb") as file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            yield file
            return
        try:
            with gzip.open(file) as unpacked:
                yield unpacked
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UserError(f"{name}: the gzip file is damaged or cut short ({error}).") from None


@contextmanager
def told(name: str, path: Path) -> Iterator[None]:
    """Turns what the system says while a file is opened or read into UserError. `name`: how the config calls it."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(
            f"{name}: there is no such file in {os.path.abspath(path.parent)}.{sibling(path)}"
        ) from None
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror or error}.") from None
    except MemoryError:
        raise UserError(f"{name}: does not fit into memory.") from None


def sibling(path: Path) -> str:
    """ " Did you mean 'iris.csv'?" where a file of the folder has a similar name."""
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def undecodable_line(file: BinaryIO) -> int:
    """The line of the first bytes that are not UTF-8. Text is decoded in blocks, so the error itself does not know it."""
    file.seek(0)
    number = 0
    for text in file:
        number += 1
        try:
            text.decode()
        except UnicodeDecodeError:
            break
    return number
