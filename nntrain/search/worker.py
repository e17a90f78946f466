"""Worker: what a process of `run_jobs` does, one task after the other until there is none, or it is asked to stop."""

import contextlib
import signal
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nntrain import kernels, plugins
from nntrain.data.files import download
from nntrain.errors import NntrainError
from nntrain.search.job import Job, Task
from nntrain.training.interruption import Interrupted, signals


@dataclass(frozen=True)
class Surroundings:
    """What a new process does not get from its parent by itself."""

    threads: int
    plugins: tuple[Path, ...]
    offline: bool

    @classmethod
    def here(cls, threads: int) -> "Surroundings":
        return cls(
            threads, tuple(plugin.file for plugin in plugins.loaded.values()), bool(download.forbidden())
        )


class _Asked:
    """True once the parent, or a signal, asked to stop. As many signals as arrive: Ctrl-C reaches every process."""

    def __init__(self) -> None:
        self._asked = False

    def __bool__(self) -> bool:
        return self._asked

    def ask(self, *_: object) -> None:
        self._asked = True


def work(function: Task, surroundings: Surroundings, tasks: Connection, control: Connection) -> None:
    """Runs the tasks that arrive. Every message back is a pair (kind, content)."""
    asked = _Asked()
    for number in signals():
        signal.signal(number, asked.ask)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals())
    threading.Thread(target=_listen, args=(control, asked), daemon=True).start()
    with contextlib.ExitStack() as stack:
        if surroundings.offline:
            stack.enter_context(download.offline())
        for file in surroundings.plugins:
            plugins.load(file)
        kernels.jit.use_threads(surroundings.threads)
        job = Job(
            surroundings.threads,
            lambda: contextlib.nullcontext(asked),
            lambda message: tasks.send(("report", message)),
        )
        with contextlib.suppress(EOFError, OSError):  # the parent is gone
            tasks.send(("ready", None))
            while (task := tasks.recv()) is not None:
                tasks.send(("interrupted", None) if asked else _answer(function, task, job))


def _listen(control: Connection, asked: _Asked) -> None:
    """Waits for the parent to ask, or to end."""
    with contextlib.suppress(EOFError, OSError):
        control.recv()
    asked.ask()


def _answer(function: Task, task: Any, job: Job) -> tuple[str, Any]:
    try:
        return "value", function(task, job)
    except Interrupted:
        return "interrupted", None
    except BaseException as error:
        known = error if isinstance(error, NntrainError) else plugins.blame(error) or _known(error)
        if known is None:
            return "defect", "".join(traceback.format_exception(error))
        return "error", (type(known).__name__, known.message, known.hint, known.place, known.exit_code)


def _known(error: BaseException) -> NntrainError | None:
    """An error of the operating system, or for lack of memory, as a message."""
    if isinstance(error, MemoryError):
        return NntrainError(f"not enough memory: {error}", "Use fewer jobs, or a smaller batch size.")
    if isinstance(error, OSError) and error.strerror:
        return NntrainError(error.strerror, place=str(error.filename or ""))
    return None
