"""Locks on open files: each ends with the process that holds it, however that ends."""

import errno
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    BYTE = 1 << 30  # the one that is locked, far from the contents, which others may read

    def _lock(file: int) -> None:
        os.lseek(file, BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(file: int) -> bool:
    """Locks a file until it is closed; False if another process has locked it.

    Raises OSError where the file system has no locks.
    """
    try:
        _lock(file)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def is_locked(path: Path) -> bool:
    """Whether another process has locked a file, as far as one can tell."""
    try:
        with (
            path.open("rb+") if os.access(path, os.W_OK) else path.open("rb") as file
        ):  # it may be another user's
            return not lock(file.fileno())
    except OSError:
        return True
