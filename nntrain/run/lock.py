"""Lock: one process works on a run folder at a time; the lock ends with its process, however that ends."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from nntrain.errors import UserError

NAME = ".lock"  # the file stays: removing it would let two processes lock two files of the same name


class RunLock:
    """`with RunLock(folder): ...` Raises UserError if another process works on the run."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._file: Any = None

    def __enter__(self) -> "RunLock":
        self._file = (self.folder / NAME).open("a")
        try:
            _lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise UserError("another process is training this run", place=str(self.folder)) from None
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
