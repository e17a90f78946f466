"""Manifest: what a cache knows of the files that it was made from."""

import json
from pathlib import Path
from typing import Any

from nntrain.errors import DataError
from nntrain.files import write_atomic

UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)  # of one that is missing or corrupt


def state_of(file: Path) -> list[int]:
    """Size, times and inode of a file. Raises DataError."""
    try:
        state = file.stat()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=str(file)) from None
    # The inode and the time of its last change tell apart files that were swapped, whatever their own times.
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]


def size_text(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"


def write_manifest(path: Path, content: dict[str, Any]) -> None:
    write_atomic(path, json.dumps(content).encode())
