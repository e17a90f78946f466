"""Lock: one process works on a run folder at a time; the lock ends with its process, however that ends."""

import contextlib
import datetime
import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nntrain import locking
from nntrain.errors import UserError

NAME = ".lock"  # the file stays: removing it would let two processes lock two files of the same name


class Occupied(UserError):
    """Another process works on the run."""


class RunLock:
    """`with RunLock(folder): ...` Raises UserError: Occupied, or because the folder cannot be written into."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.warning = ""  # why the run is not locked; empty if it is
        self._file: IO[str] | None = None

    def __enter__(self) -> "RunLock":
        path = self.folder / NAME
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            message = f"cannot write into the run folder: {error.strerror}"
            raise UserError(message, place=str(self.folder)) from None
        try:
            free = locking.lock(self._file.fileno())
        except OSError as error:
            self.warning = (
                f"{self.folder}: this file system has no locks ({error.strerror}): nothing prevents "
                "a second process from training the run"
            )
            return self
        if not free:
            self._file.close()
            raise Occupied(*occupied(path), str(self.folder))
        with contextlib.suppress(OSError):  # a full disk; the lock holds all the same
            self._file.truncate(0)
            json.dump(signature(), self._file)
            self._file.flush()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a full disk: what could not be written is tried again
                self._file.truncate(0)
            with contextlib.suppress(OSError):
                self._file.close()


def signature() -> dict[str, Any]:
    """Who holds the lock. A process that is killed leaves it in the file, but not the lock."""
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"process": os.getpid(), "host": socket.gethostname(), "started": started}


def occupied(path: Path) -> tuple[str, str]:
    """What is wrong and what to do, for a lock that another process holds."""
    hint = "Wait until it ends, or stop it."
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.datetime.fromisoformat(holder["started"]).astimezone()
        where = "" if holder["host"] == socket.gethostname() else f" on {holder['host']}"
        who = f"process {int(holder['process'])}{where}"
    except (OSError, ValueError, KeyError, TypeError):  # it has locked the file, and not signed it yet
        return "another process is training this run", hint
    return f"{who} is training this run, since {since:%Y-%m-%d %H:%M:%S}", hint
