"""Job: what a task gets from where it runs, and what becomes of it."""

import contextlib
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from nntrain.errors import NntrainError
from nntrain.training.loop import StopRequest

Interruptions = Callable[[], AbstractContextManager[StopRequest]]  # such as the class `Interruption`


@dataclass(frozen=True)
class Job:
    """What a task gets from where it runs."""

    threads: int  # to compute with
    interruption: Interruptions  # makes what asks a training to stop
    report: Callable[[Any], None]  # tells the caller of `run_jobs` something that can be pickled


Task = Callable[[Any, Job], Any]  # a function of a module: processes find it by its name


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its value, or the error that ended it."""

    value: Any = None
    error: NntrainError | None = None


class JobDied(NntrainError):
    """The process of a task ended before the task."""


class JobFailed(NntrainError):
    """An error that ended a task in another process; `kind` is the name of its class."""

    def __init__(self, kind: str, message: str, hint: str, place: str, exit_code: int):
        super().__init__(message, hint, place)
        self.kind = kind
        self.exit_code = exit_code


def died(code: int | None, was_ready: bool) -> JobDied:
    """The error for a process that ended by itself, with this exit code; `was_ready`: not while it started."""
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            how = f"was ended by {signal.Signals(-code).name}"
            return JobDied(f"its process {how}", "If memory is short, use fewer jobs.")
    if not was_ready:
        return JobDied(
            "its process could not start", 'A script that uses jobs needs `if __name__ == "__main__":`.'
        )
    return JobDied(f"its process ended with exit code {code}")
