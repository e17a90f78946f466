"""Worker: takes one trial after the other, until none is left to start or the time is over."""

import time
from pathlib import Path
from typing import Protocol

from nntrain.errors import NntrainError
from nntrain.run.info import described
from nntrain.run.unwritable import CannotSave
from nntrain.search.sweep.errors import Lost
from nntrain.search.sweep.running import TrialRunner
from nntrain.search.sweep.trials import Active, Trials, reason_of, state_of
from nntrain.training.interruption import Interrupted, Pruned

POLL_S = 1.0  # between two looks at the trials of other processes
MOST_FAILURES = 20  # of the first trials, after which the sweep is given up


class Listener(Protocol):
    """Watches the work of a process on a sweep."""

    def started(self, number: int) -> None: ...

    def ended(self, number: int) -> None:
        """A trial has finished, failed, or was pruned."""

    def waiting(self, count: int) -> None:
        """Nothing is left to start, but other processes work on so many trials."""


class Worker:
    """Works on a sweep in this process."""

    def __init__(self, trials: Trials, runner: TrialRunner, folder: Path, listener: Listener):
        self.trials, self.runner, self.folder, self.listener = trials, runner, folder, listener
        limit = runner.plan.options.time_limit
        self._deadline = time.monotonic() + limit.seconds if limit else None

    def work(self) -> None:
        """Raises Interrupted where a signal asked to stop; the trial is continued later."""
        while not self.time_is_up():
            self.stop_if_asked()
            if active := self.trials.next():
                with active.claim:
                    self.run(active)
                self.give_up()
            elif count := self.trials.running():
                self.listener.waiting(count)
                time.sleep(POLL_S)
            else:
                return

    def run(self, active: Active) -> None:
        """Trains a trial, and records how it ended."""
        begun = time.monotonic()

        def seconds() -> float:
            return time.monotonic() - begun

        self.listener.started(active.number)
        try:
            value = self.runner.value(active, self.folder / f"{active.number:04d}")
            self.trials.finished(active, value, seconds())
        except Pruned:
            self.trials.pruned(active, seconds())
        except Lost:
            return
        except BaseException as error:
            if active.claim.lost:
                return
            if not isinstance(error, NntrainError) or isinstance(error, (CannotSave, Interrupted)):
                self.trials.released(active, seconds())
                raise
            self.trials.failed(active, described(error), seconds())
        self.listener.ended(active.number)

    def stop_if_asked(self) -> None:
        with self.runner.interruption() as stop:
            if stop:
                raise Interrupted("interrupted")

    def time_is_up(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def give_up(self) -> None:
        """Raises NntrainError where the first trials have all failed."""
        trials = self.trials.all()
        ended = [state_of(trial) for trial in trials]
        if ended.count("failed") >= MOST_FAILURES and not {"finished", "pruned"} & set(ended):
            last = next(reason_of(trial) for trial in reversed(trials) if state_of(trial) == "failed")
            raise NntrainError(f"the first {ended.count('failed')} trials have failed; the last one: {last}")
