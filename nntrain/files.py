"""Files that are never half written: each appears whole, or the old one stays."""

import contextlib
import io
import json
import math
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nntrain import locking

ABANDONED_S = (
    60.0  # without a write, after which a temporary file that nobody has locked is that of a dead process
)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which gets its name when the block ends without an error.

    Whenever the machine stops, the file of that name is the old one or the new one, whole. Errors of writing name `path`.
    """
    remove_abandoned(path)
    temporary = temporary_name(path)
    try:
        with temporary.open("xb") as file:  # with the permissions that the umask leaves
            with contextlib.suppress(OSError):  # a file system without locks: nothing is removed there
                locking.lock(file.fileno())
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def remove_abandoned(path: Path) -> None:
    """Removes the temporary files of processes that died while they wrote `path`."""
    for file in temporary_files(path.parent, path.name):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > ABANDONED_S and not locking.is_locked(file):
                file.unlink()


def temporary_files(folder: Path, name: str | None = None) -> list[Path]:
    """The files that are, or were, being written to become files of this folder, or the one of that name."""
    pattern = re.compile(rf"\.{'.+' if name is None else re.escape(name)}\.[0-9a-f]{{8}}\.tmp")
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if pattern.fullmatch(entry.name)]
    except OSError:
        return []


def write_atomic(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


def link(path: Path, name: Path) -> bool:
    """Gives a file a second name, in place of the file that had it; False where the file system cannot.

    Only for files that are never changed in place, as those of `replacing`.
    """
    temporary = temporary_name(name)
    try:
        os.link(path, temporary)
        os.replace(temporary, name)
        return True
    except OSError:
        return False
    finally:
        with contextlib.suppress(
            OSError
        ):  # also where both were names of one file: replacing does nothing then
            temporary.unlink()


def append(path: Path, text: str) -> None:
    """Adds text at the end of a file, which is made if needed: all of it or, if that fails, nothing."""
    data = memoryview(text.encode(errors="backslashreplace"))  # a path can have bytes that are not UTF-8
    with path.open("ab", buffering=0) as file:
        end = file.tell()
        try:
            while data:
                data = data[file.write(data) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise OSError(error.errno, error.strerror, str(path)) from None


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, (json.dumps(jsonable(value), indent=2, allow_nan=False) + "\n").encode())


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # their names come from a dictionary
    write_atomic(path, buffer.getvalue())


def jsonable(value: Any) -> Any:
    """The same value for JSON, which has no NaN and no infinity: both become null."""
    if isinstance(value, Mapping):
        return {key: jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
