"""Files that are never half written: each appears whole, or the old one stays."""

import contextlib
import io
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which gets its name when the block ends without an error.

    Whenever the machine stops, the file of that name is the old one or the new one, whole.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_atomic(path: Path, data: bytes) -> None:
    with replacing(path) as file:
        file.write(data)


def append(path: Path, text: str) -> None:
    """Adds text at the end of a file, which is made if needed."""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


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
