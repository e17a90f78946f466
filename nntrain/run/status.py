"""Status: how a run stands, also after its process was killed and could not record it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nntrain import locking
from nntrain.run import lock
from nntrain.run.history import read_info

IMPORTED = "imported"  # its weights come from a file, and it was not trained
ENDED = (
    "finished",
    "stopped early",
    IMPORTED,
)  # nothing is left to do: the others are trained as far as their configs say
STATUSES = (*ENDED, "running", "interrupted", "failed", "pruned", "killed", "unknown")


def status_of(folder: Path, info: dict[str, Any]) -> str:
    """The status of run.json; "killed" where that is "running" and no process trains the run, "unknown" where there is none."""
    return checked_status(folder / "run.json", info, lambda: is_trained(folder))


def checked_status(file: Path, info: dict[str, Any], is_going: Callable[[], bool]) -> str:
    """The same of `info`, what a file such as run.json said when it was read."""
    status = recorded(info)
    if status != "running" or is_going():
        return status
    # It may have ended since `info` was read: the status is written before the lock is given back.
    status = recorded(read_info(file))
    return "killed" if status == "running" else status


def recorded(info: dict[str, Any]) -> str:
    status = info.get("status")
    return status if isinstance(status, str) and status else "unknown"


def is_trained(folder: Path) -> bool:
    """Whether a process works on the run now. It locks the file before it writes run.json."""
    file = folder / lock.NAME
    return file.exists() and locking.is_locked(file)
