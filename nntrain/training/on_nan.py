"""What training does at a NaN or an infinity: it stops, skips the step, or goes back to the last checkpoint.

A rollback makes both changes that help: the batches since the checkpoint are not repeated, and the learning rate is halved.

Sources: `apply_if_finite` of optax (skipping, with a limit of steps in a row); Chowdhery et al. 2022, PaLM, section 5.1 (going back
and leaving out the batches).
"""

from typing import Protocol

from nntrain.training.anchor import Anchor
from nntrain.training.diagnosis import Diverged
from nntrain.training.record import Observer
from nntrain.training.state import TrainingState
from nntrain.training.step import Step

MOST_SKIPPED = 10  # steps in a row
MOST_ROLLBACKS = 10  # of a run: the learning rate is then a thousandth


class Answer(Protocol):
    def __call__(self, error: Diverged, state: TrainingState, observer: Observer) -> None:
        """The run can continue with the next step, which the observer is warned of. Raises `error` where it cannot."""


def stop(error: Diverged, state: TrainingState, observer: Observer) -> None:
    raise error


class Skip:
    """Leaves parameters, optimizer and states as they were before the step."""

    def __init__(self, step: Step):
        self.step = step

    def __call__(self, error: Diverged, state: TrainingState, observer: Observer) -> None:
        if self.step.updated:
            raise error  # the parameters themselves are not finite
        if state.skipped_in_a_row == MOST_SKIPPED:
            error.message += f". The {MOST_SKIPPED} steps before were skipped for the same reason"
            raise error
        state.skipped += 1
        state.skipped_in_a_row += 1
        observer.warned(f"{error.message}. The step is skipped (`on_nan: skip`), {state.skipped:,} so far")


class Rollback:
    """Restores parameters, optimizer and states from the last checkpoint, and halves the learning rate from then on."""

    def __init__(self, anchor: Anchor):
        self.anchor = anchor

    def __call__(self, error: Diverged, state: TrainingState, observer: Observer) -> None:
        if state.rollbacks == MOST_ROLLBACKS:
            error.message += f". The run has gone back to a checkpoint {MOST_ROLLBACKS} times already"
            raise error
        self.anchor.restore()
        state.rollbacks += 1
        state.lr_factor /= 2
        observer.warned(
            f"{error.message}. The parameters are again those of step {self.anchor.step:,}, and the learning rate is "
            f"{state.lr_factor:g} times the schedule's (`on_nan: rollback`)"
        )
