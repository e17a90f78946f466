"""Jobs: tasks side by side in processes of their own, among which the threads are divided."""

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from nntrain.errors import NntrainError
from nntrain.search.job import Interruptions, Job, JobDied, JobFailed, Outcome, Task, died
from nntrain.search.worker import Surroundings, work
from nntrain.training.interruption import Interrupted, signals

POLL_S = 0.2  # how often a signal that arrived is looked for


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
        surroundings = Surroundings.here(threads)
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


def _start(function: Task, surroundings: Surroundings) -> _Worker:
    # Not by fork: the threads of Numba do not survive it.
    context = multiprocessing.get_context("spawn")
    tasks, its_tasks = context.Pipe()
    its_control, control = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(function, surroundings, its_tasks, its_control), daemon=True)
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
