"""Jobs: tasks side by side in processes of their own, among which the threads are divided."""

import contextlib
import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from nntrain import kernels, plugins
from nntrain.data.files import download
from nntrain.errors import NntrainError
from nntrain.training.interruption import Interrupted, signals
from nntrain.training.loop import StopRequest

POLL_S = 0.2  # how often a signal that arrived is looked for

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


def run_jobs(
    function: Task,
    tasks: Sequence[Any],
    jobs: int,
    threads: int,
    interruption: Interruptions,
    finished: Callable[[int, Outcome], None] = lambda place, outcome: None,
    reported: Callable[[int, Any], None] = lambda place, message: None,
) -> list[Outcome]:
    """function(task, job) for each task, at most `jobs` at once with `threads` threads in all; the outcomes in order.

    A single job runs in this process. `finished` and `reported` are called in this process, with the task's place in `tasks`.
    A task that raises an NntrainError, or whose process dies, does not stop the others. Raises Interrupted where
    `interruption` asked to stop: every task has then saved what it has done. Ctrl-C without one is a KeyboardInterrupt, likewise.
    """
    jobs = min(jobs, len(tasks))
    if jobs > 1:
        share = max(1, threads // jobs)
        with _Pool(function, tasks, jobs, share, finished, reported) as pool:
            return pool.run(interruption)
    outcomes = []
    for place, task in enumerate(tasks):
        job = Job(threads, interruption, partial(reported, place))
        outcomes.append(_outcome(function, task, job))
        finished(place, outcomes[-1])
    return outcomes


def _outcome(function: Task, task: Any, job: Job) -> Outcome:
    try:
        return Outcome(function(task, job))
    except Interrupted:
        raise
    except NntrainError as error:
        return Outcome(error=error)


class JobDied(NntrainError):
    """The process of a task ended before the task."""


class JobFailed(NntrainError):
    """An error that ended a task in another process; `kind` is the name of its class."""

    def __init__(self, kind: str, message: str, hint: str, place: str, exit_code: int):
        super().__init__(message, hint, place)
        self.kind = kind
        self.exit_code = exit_code


@dataclass
class _Worker:
    """A process that takes one task after the other."""

    process: BaseProcess
    tasks: Connection  # tasks there, answers and reports back
    control: Connection  # asks it to stop; its end, with this process, does too
    place: int | None = None  # of its task; None: it has none
    ready: bool = False  # whether it has started


class _Pool:
    """The processes of `run_jobs`."""

    def __init__(
        self,
        function: Task,
        tasks: Sequence[Any],
        jobs: int,
        threads: int,
        finished: Callable[[int, Outcome], None],
        reported: Callable[[int, Any], None],
    ):
        self.tasks, self.finished, self.reported = tasks, finished, reported
        self.outcomes: list[Outcome | None] = [None] * len(tasks)
        self.waiting = list(reversed(range(len(tasks))))
        self.stopping = False
        surroundings = _Surroundings.here(threads)
        self.workers = [_start(function, surroundings) for _ in range(jobs)]

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever happened, no process is left behind."""
        for worker in self.workers:
            worker.tasks.close()
            worker.control.close()
            if self.stopping or any(error):
                worker.process.kill()
            worker.process.join()

    def run(self, interruption: Interruptions) -> list[Outcome]:
        interrupted: type[BaseException] | None = None
        for worker in self.workers:
            self.next(worker)
        with interruption() as stop:
            while busy := [worker for worker in self.workers if worker.place is not None]:
                try:
                    ready = wait(
                        [each for worker in busy for each in (worker.tasks, worker.process.sentinel)], POLL_S
                    )
                    for worker in busy:
                        if worker.tasks in ready or worker.process.sentinel in ready:
                            self.hear(worker)
                except KeyboardInterrupt:
                    if self.stopping:  # for the second time: at once
                        raise
                    interrupted = KeyboardInterrupt
                    self.stop()
                if stop and not self.stopping:
                    interrupted = Interrupted
                    self.stop()
            if stop and interrupted is None:
                interrupted = Interrupted
        if interrupted is not None:
            raise interrupted("interrupted")
        for place, outcome in enumerate(self.outcomes):
            if outcome is None:
                self.end(place, Outcome(error=JobDied("its process was asked to stop")))
        return [outcome for outcome in self.outcomes if outcome is not None]

    def stop(self) -> None:
        """Asks every process to end its step, save and stop."""
        self.stopping = True
        self.waiting.clear()
        for worker in self.workers:
            with contextlib.suppress(OSError):
                worker.control.send("stop")

    def next(self, worker: _Worker) -> None:
        """Gives a process its next task, or lets it end."""
        worker.place = self.waiting.pop() if self.waiting else None
        with contextlib.suppress(OSError):  # it has died, which its sentinel tells
            worker.tasks.send(None if worker.place is None else self.tasks[worker.place])

    def hear(self, worker: _Worker) -> None:
        """Handles what a process sends, or its end."""
        assert worker.place is not None
        try:
            kind, content = worker.tasks.recv()
        except (EOFError, OSError):
            worker.process.join()
            place = worker.place
            self.retire(worker)
            if not self.stopping:
                self.end(place, Outcome(error=died(worker.process.exitcode, worker.ready)))
            return
        worker.ready = True
        if kind == "ready":
            return
        if kind == "report":
            self.reported(worker.place, content)
            return
        if kind == "defect":
            raise RuntimeError(f"a job failed\n{content}")
        if kind == "interrupted":  # a signal can reach it before this process, whose turn to stop comes then
            self.retire(worker)
            return
        place = worker.place
        self.next(worker)
        self.end(place, Outcome(content) if kind == "value" else Outcome(error=JobFailed(*content)))

    def retire(self, worker: _Worker) -> None:
        """A process that takes no more tasks."""
        worker.place = None
        with contextlib.suppress(OSError):
            worker.tasks.send(None)

    def end(self, place: int, outcome: Outcome) -> None:
        self.outcomes[place] = outcome
        self.finished(place, outcome)


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


@dataclass(frozen=True)
class _Surroundings:
    """What a new process does not get from its parent by itself."""

    threads: int
    plugins: tuple[Path, ...]
    offline: bool

    @classmethod
    def here(cls, threads: int) -> "_Surroundings":
        return cls(
            threads, tuple(plugin.file for plugin in plugins.loaded.values()), bool(download.forbidden())
        )


def _start(function: Task, surroundings: _Surroundings) -> _Worker:
    # Not by fork: the threads of Numba do not survive it.
    context = multiprocessing.get_context("spawn")
    tasks, its_tasks = context.Pipe()
    its_control, control = context.Pipe(duplex=False)
    process = context.Process(
        target=_work, args=(function, surroundings, its_tasks, its_control), daemon=True
    )
    with _blocked():
        process.start()
    its_tasks.close()
    its_control.close()
    return _Worker(process, tasks, control)


@contextlib.contextmanager
def _blocked() -> Iterator[None]:
    """Within it, signals wait, also in a process that starts here, until it can handle them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Asked:
    """True once the parent, or a signal, asked to stop. As many signals as arrive: Ctrl-C reaches every process."""

    def __init__(self) -> None:
        self._asked = False

    def __bool__(self) -> bool:
        return self._asked

    def ask(self, *_: object) -> None:
        self._asked = True


def _work(function: Task, surroundings: _Surroundings, tasks: Connection, control: Connection) -> None:
    """What a process does: one task after the other, until there is none, or it is asked to stop."""
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
