"""Trial: the first steps of a training, as `fit` makes them, and the time that they take."""

import contextlib
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from nntrain.network.snapshot import Snapshot
from nntrain.run.memory import MemoryRecord
from nntrain.training.anchor import Anchor
from nntrain.training.diagnosis import Diverged
from nntrain.training.loop import Trainer
from nntrain.training.record import Silent

FEWEST = 11  # steps, so that a rising loss shows
MOST = 100
SECONDS = 1.0
LONGEST = 4.0  # seconds, after which fewer steps suffice


class Enough(Exception):
    """The trial is long enough."""


class TrialRecord(MemoryRecord):
    """Keeps the losses of the steps and when they ended, and no snapshot. Raises Enough after the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        super().add_step(step, epoch, loss, lr)
        self.ends.append(time.perf_counter())
        count, spent_s = len(self.ends), self.ends[-1] - self.ends[0]
        if count >= MOST or (count >= FEWEST and spent_s >= SECONDS) or spent_s >= LONGEST:
            raise Enough

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        pass


@dataclass
class Trial:
    """The first steps, and how they ended if a loss was not finite."""

    record: TrialRecord = field(default_factory=TrialRecord)
    diverged: Diverged | None = None

    @property
    def step_s(self) -> float:
        """The median time of a step with its batch; the evaluations between some of them do not change it."""
        differences = np.diff(self.record.ends)
        return float(statistics.median(differences)) if len(differences) else math.nan


def first_steps(trainer: Trainer, trial: Trial) -> None:
    """Trains for some steps; the trainer is then as it was."""
    with restored(trainer), contextlib.suppress(Enough):
        try:
            trainer.train(trial.record, Silent(), stop=False)
        except Diverged as error:
            trial.diverged = error


@contextlib.contextmanager
def restored(trainer: Trainer) -> Iterator[None]:
    """Afterwards the trainer has the arrays and the state that it had before."""
    before, state = Anchor(trainer.changing(), trainer.state.step), trainer.state
    trainer.state = replace(state)
    try:
        yield
    finally:
        before.restore()
        trainer.state, trainer.anchor, trainer.lr_before = state, None, None
