"""One batch: a network that cannot memorize a few samples will not learn many; or only with another learning rate."""

import math
from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.one_batch import MEMORIZED, NOTHING, Attempt
from nntrain.preflight.remedies import against_starving, first_of_all, with_lr
from nntrain.preflight.subject import Subject

FEW = 20  # trainable parameters per sample; fewer may not suffice to memorize it


class OneBatchCheck(Check, name="one_batch", about="training"):
    """Each attempt is bounded, so that little progress is no finding; only none is."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        batch = subject.one_batch
        if batch is None or batch.learns or not batch.decided:
            return
        own, best = batch.own, batch.best
        place = f"{batch.samples} samples"
        if best.progress >= MEMORIZED:
            smaller = best.lr < own.lr
            yield self.found(
                "warning" if smaller else "note",
                f"on {batch.samples} samples alone, the loss goes {course(own)} in {own.steps:,} steps with a learning rate of "
                f"{own.lr:g}, and {course(best)} with {best.lr:g}: the learning rate is {'too large' if smaller else 'small'}",
                first_of_all(subject) or with_lr(subject, best.lr),
                place,
            )
        elif best.progress < NOTHING:
            lowest, highest = (limit(attempt.lr for attempt in batch.attempts) for limit in (min, max))
            single = len(subject.learning) == 1
            yield self.found(
                "note" if single else "warning",
                f"the network cannot memorize even {batch.samples} samples: the loss goes {course(own)} in {own.steps:,} steps, "
                f"while always predicting the same gives {batch.constant:.4g}; no learning rate from {lowest:.3g} to {highest:.3g} changes "
                "that",
                first_of_all(subject) or larger(subject, batch.samples) or against_starving(subject),
                place,
            )


def larger(subject: Subject, samples: int) -> str:
    """What to do about a network that may be too small; empty for any other."""
    if len(subject.learning) == 1:
        return "Add a hidden layer, such as `dense: {units: 32, activation: relu}`, before the last one."
    return "Set more `units` in the hidden layers." if subject.cost.trainable < FEW * samples else ""


def course(attempt: Attempt) -> str:
    end = "NaN or infinity" if math.isnan(attempt.last) else f"{attempt.last:.4g}"
    return f"from {attempt.first:.4g} to {end}"
