"""Range test: trains with a learning rate that grows from step to step, and finds from the losses which rate to use.

Source: Smith 2017, Cyclical learning rates for training neural networks, section 3.3.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.errors import NntrainError, UserError
from nntrain.inference.evaluate import Tally
from nntrain.schedules.cyclic import Cyclic, OneCycle
from nntrain.schedules.decay import Constant
from nntrain.training.loop import Trainer
from nntrain.training.rate import rate_keys, rate_of, with_rate

STEPS = 200
LOWEST, HIGHEST = 1e-7, 100.0
FEWEST, MOST = 10, 5000  # steps: without them there is no curve, and more add nothing to it
BANDWIDTH = 0.36  # of the smoothing, in decades of the rate
MEMORY = 0.8  # the weight of the past in the moving average that notices divergence
MULTIPLE = 4  # of the smallest loss so far, and not below the first losses: then training diverges

# The share of the fall of the loss after which a rate is suggested. Chosen on 25 pairs of a network of the gallery and an optimizer,
# each with a sweep of 13 rates over a few epochs: 20 suggestions were within a factor of 5 of the best rate of the sweep. Of fastai's
# rules on the same curves, the steepest slope met 17, a tenth of the rate of the minimum 11, and the longest valley 6.
SHARE = 0.8


class NoFall(NntrainError):
    """The loss falls at no learning rate."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Losses of steps whose learning rate grows.

    rates, losses: (steps,), of the mini-batch of each step, before its update.
    smoothed: (steps,), of the losses; NaN where training diverges.
    suggestion: where the smoothed loss has done most of its fall, in two digits; for the option `key`, which is now `lr` (None: it is not set).
    loss: the name of the loss function. yaml: the line of the config with the suggestion. notes: how the
    config's schedule uses it.
    lowest: the rate with the smallest smoothed loss. diverged: the rate at which training diverges, or None.
    """

    suggestion: float
    key: str
    lr: float | None
    loss: str
    yaml: str
    notes: tuple[str, ...]
    lowest: float
    diverged: float | None
    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    def to_dict(self) -> dict:
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in asdict(self).items()
        }


def range_test(
    trainer: Trainer,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    done: Callable[[int], None] = lambda steps: None,
) -> RangeTest:
    """Trains from the trainer's parameters, with rates from `lowest` to `highest`, until training diverges.

    The optimizer's other options, the batches and the augmentation are the config's; the schedule is not used. `done` is called
    after each step. Raises NoFall where the loss does not fall, Diverged where it is not finite from the start.
    """
    if not 0 < lowest < highest < math.inf:
        raise UserError(
            f"expected two rates, the smaller one first, both above 0. Received: {lowest:g} and {highest:g}"
        )
    if not FEWEST <= steps <= MOST:
        raise UserError(f"expected {FEWEST} to {MOST:,} steps. Received: {steps:,}")
    keys = rate_keys(trainer.config)
    if trainer.config.optimizer.adapts_rate:
        raise UserError(
            "the optimizer adapts its step sizes itself: there is no learning rate to find",
            "Keep its `lr`, which is only their start.",
            "optimizer",
        )
    rates = np.geomspace(lowest, highest, steps)
    losses, diverged = losses_at(rates, trainer, done)
    good = len(losses) - diverged
    if good < FEWEST:
        raise trainer.diverged(losses[-1], float(rates[good]))
    rates = rates[: len(losses)]
    smooth = smoothed(losses[:good], BANDWIDTH * (steps - 1) / math.log10(highest / lowest))
    suggestion = float(f"{rates[fallen(losses[:good], smooth)]:.1e}")
    return RangeTest(
        suggestion=suggestion,
        key=".".join(keys),
        lr=rate_of(trainer.config),
        loss=trainer.config.loss.yaml_name,
        yaml=with_rate(trainer.config, suggestion),
        notes=notes(trainer.config),
        lowest=float(rates[smooth.argmin()]),
        diverged=float(rates[good]) if diverged else None,
        rates=rates,
        losses=losses,
        smoothed=np.append(smooth, [math.nan] * diverged),
    )


def notes(config: Config) -> tuple[str, ...]:
    schedule, optimizer = config.schedule, config.optimizer
    found = []
    if isinstance(schedule, OneCycle):
        found.append("one_cycle rises to `max_lr`, whatever the optimizer's `lr`")
    elif isinstance(schedule, Cyclic):
        found.append(
            f"cyclic moves between the optimizer's `lr` and `max_lr`: set `optimizer.{'.'.join(optimizer.lr_keys())}` to about a "
            "tenth of it"
        )
    elif not isinstance(schedule, Constant):
        found.append(f"the schedule {schedule.yaml_name} starts from it")
    if schedule.warmup is not None:
        found.append("the warmup rises to it")
    return tuple(found)


def losses_at(
    rates: np.ndarray, trainer: Trainer, done: Callable[[int], None] = lambda steps: None
) -> tuple[np.ndarray, bool]:
    """The loss of a step with each rate, up to the first one at which training diverges, and whether there is one."""
    state, losses, diverges = trainer.state, [], Divergence()
    tally = Tally(trainer.config.loss, ())
    trainer.step.begin()
    with kernels.denormals.flushed(), trainer.loader, np.errstate(all="ignore"):
        for lr in map(float, rates):
            fresh = state.batch == 0 or not trainer.data.consecutive
            batch = trainer.loader.batch(state.epoch, state.batch)
            with trainer.step.reaching(lr):
                loss = trainer.step(batch, state.step + 1, lr, tally, fresh=fresh)
            losses.append(loss if trainer.step.applied else math.nan)
            if diverges(losses[-1]):
                return np.array(losses), True
            trainer.lr_before = lr
            state.step += 1
            state.epoch, state.batch = divmod(state.step, len(trainer.batches))
            done(state.step)
    return np.array(losses), False


class Divergence:
    """Notices where losses, given one by one, are not finite, or their average is far above its minimum and above the first ones."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.sum = self.weight = 0.0
        self.best = math.inf
        self.count = 0

    def __call__(self, loss: float) -> bool:
        if not math.isfinite(loss):
            return True
        self.count += 1
        if self.count <= FEWEST // 2:
            self.first.append(loss)
        self.sum = MEMORY * self.sum + (1 - MEMORY) * loss
        self.weight = MEMORY * self.weight + (1 - MEMORY)
        average = self.sum / self.weight
        self.best = min(self.best, average)
        limit = max(sum(self.first) / len(self.first), self.best + (MULTIPLE - 1) * abs(self.best))
        return self.count > FEWEST and average > limit


def smoothed(losses: np.ndarray, width: float) -> np.ndarray:
    """(steps,): means weighted by a Gaussian with a standard deviation of `width` steps, which do not lag behind the losses."""
    steps = np.arange(len(losses))
    weights = np.exp(-0.5 * ((steps[:, None] - steps) / width) ** 2)
    return weights @ losses / weights.sum(axis=1)


def fallen(losses: np.ndarray, smooth: np.ndarray) -> int:
    """The step at which the smoothed loss has done SHARE of its fall. Raises NoFall for a fall no larger than the noise."""
    minimum = int(smooth.argmin())
    highest = float(smooth[: minimum + 1].max())
    noise = float((losses - smooth)[: minimum + 1].std())
    fall = highest - float(smooth[minimum])
    if not minimum or fall <= max(noise, 1e-6 * abs(highest)):
        raise NoFall(
            f"the loss falls at no learning rate: it stays near {highest:.4g}",
            "Check that the data and targets belong together, and that the layers can learn: scales of columns, frozen layers, "
            "initial weights. Or average over more samples with a larger `train.batch_size`.",
        )
    return int((smooth[: minimum + 1] <= highest - SHARE * fall).argmax())
