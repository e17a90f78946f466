"""One batch: whether the network can memorize a few samples, with the config's learning rate or another one."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.inference import baseline
from nntrain.inference.feed import Feed
from nntrain.losses.targets import Targets
from nntrain.preflight.samples import distinct
from nntrain.preflight.trial import restored
from nntrain.training.loop import Trainer
from nntrain.training.rate import rate_of
from nntrain.training.scales import evenly

SAMPLES = 16
FEWEST_SAMPLES = 3
STEPS = 200
SECONDS = 2.0  # of each attempt, after which it decides nothing
WARM_UP = 20  # steps in which the learning rate rises, where the schedule begins below it
MEMORIZED = 0.5  # of the way from the best constant prediction to a perfect one
CERTAIN = 1e6  # observations
NOTHING, NEAR = 0.05, 0.95  # of that way
FACTORS = (0.1, 10.0, 100.0, 1000.0)  # of the learning rate, tried where the config's own brings nothing


@dataclass(frozen=True)
class Attempt:
    """Some training steps on the same samples."""

    lr: float
    steps: int
    first: float  # loss
    last: float  # the lowest of the last losses; NaN where one was not finite
    progress: float  # from the best constant prediction (0) to a perfect one (1)

    @property
    def decided(self) -> bool:
        """Whether time sufficed for all steps, or for fewer that tell enough."""
        return math.isnan(self.last) or self.steps == STEPS or self.progress >= MEMORIZED


@dataclass(frozen=True)
class OneBatch:
    """Attempts to memorize a batch: the first with the config's learning rate, the others only where that fails."""

    samples: int
    constant: float  # the loss of the best constant prediction
    attempts: tuple[Attempt, ...]

    @property
    def own(self) -> Attempt:
        return self.attempts[0]

    @property
    def learns(self) -> bool:
        """Whether the loss falls clearly below that of a constant prediction, as the config is."""
        return self.own.progress >= NOTHING

    @property
    def decided(self) -> bool:
        return self.learns or all(attempt.decided for attempt in self.attempts)

    @property
    def best(self) -> Attempt:
        return max(self.attempts, key=lambda attempt: attempt.progress)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def one_batch(trainer: Trainer) -> OneBatch | None:
    """None where there are too few different samples, or nothing to tell them apart. Every array is restored."""
    train, config = trainer.setup.splits.train, trainer.config
    counting = np.arange(len(train)) if train.weight is None else np.flatnonzero(train.weight)
    chosen = distinct(train, counting[evenly(len(counting), 4 * SAMPLES)])
    if len(chosen) < FEWEST_SAMPLES:
        return None
    chosen = chosen[:: max(1, len(chosen) // SAMPLES)][:SAMPLES]
    few = train.select(chosen)
    outputs = trainer.setup.graph.output.shape[-1]
    targets = baseline.targets_of(few, outputs, trainer.network.dtype)
    with kernels.exclusive.lock:
        constant = config.loss.best_constant(targets)
    worst = baseline.scores(config.loss, (), constant, few, trainer.network.dtype)["loss"]
    floor = lowest_loss(trainer, targets)
    if not worst - floor > 1e-6 * max(1.0, abs(worst)):
        return None
    attempts: list[Attempt] = []
    for factor in (1.0, *FACTORS):
        lr = factor * rate_of(config)
        with restored(trainer), trainer.step.reaching(lr):
            attempts.append(attempt(trainer, chosen, lr, worst, floor))
        enough = NOTHING if factor == 1.0 else MEMORIZED
        if attempts[-1].progress >= enough or not attempts[-1].decided:
            break
    return OneBatch(len(chosen), worst, tuple(attempts))


def lowest_loss(trainer: Trainer, targets: Targets) -> float:
    """The loss of a prediction of its own for each target, which is not 0 for every loss."""
    loss, dtype = trainer.config.loss, trainer.network.dtype
    total = weight = 0.0
    with kernels.exclusive.lock:
        for row in range(len(targets.rows)):
            # With a large weight, because a frequency is at least half an observation.
            one = Targets(targets.rows[row : row + 1], np.full(1, CERTAIN, dtype), targets.outputs)
            prediction = loss.best_constant(one).astype(dtype)[None]
            loss_sum, counted = loss(
                prediction, one.rows, one.weight, np.zeros((0, len(prediction[0])), dtype)
            )
            total, weight = total + loss_sum, weight + counted
    return total / weight if weight else math.nan


def attempt(trainer: Trainer, chosen: np.ndarray, lr: float, worst: float, floor: float) -> Attempt:
    """Steps on the samples until their loss is near `floor`, or time is up."""
    with kernels.exclusive.lock:
        feed = trainer.feeds.filled(trainer.data, chosen)
    losses: list[float] = []
    for loss in steps_on(trainer, feed, lr):
        losses.append(loss)
        if not math.isfinite(loss):
            return Attempt(lr, len(losses), losses[0], math.nan, -math.inf)
        if (worst - loss) > NEAR * (worst - floor):
            break
    # Without dropout the loss may be lower, with batch norm's running statistics it may be anything.
    last = min(loss for loss in (*losses[-5:], loss_of(trainer, feed)) if math.isfinite(loss))
    return Attempt(lr, len(losses), losses[0], last, (worst - last) / (worst - floor))


def steps_on(trainer: Trainer, feed: Feed, lr: float) -> Iterator[float]:
    """The loss before each step on the batch in the feed."""
    ramp = WARM_UP if trainer.learning_rate_at(0, trainer.state.horizon) < rate_of(trainer.config) else 1
    end = time.perf_counter() + SECONDS
    trainer.step.begin()
    for number in range(1, STEPS + 1):
        with kernels.exclusive.lock, np.errstate(all="ignore"), kernels.denormals.flushed():
            trainer.network.info.fresh = True
            loss_sum, weight = trainer.step.move(feed, number, lr * min(1.0, number / ramp))
        yield loss_sum / weight if weight else math.nan
        if time.perf_counter() > end:
            return


def loss_of(trainer: Trainer, feed: Feed) -> float:
    """In evaluation mode."""
    with kernels.exclusive.lock, np.errstate(all="ignore"), kernels.denormals.flushed():
        trainer.network.info.fresh = True
        feed.forward(training=False)
        loss_sum, weight = trainer.config.loss(feed.prediction, feed.target, feed.weight, feed.no_gradient)
    return loss_sum / weight if weight else math.nan
