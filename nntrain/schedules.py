"""Schedules: the learning rate as a pure function of progress."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from nntrain.component import Component
from nntrain.options import Options, Several, mistake

Factor = Annotated[float, Field(gt=0)]


class Warmup(Options):
    """Lets the learning rate rise in a straight line at the start, whatever the schedule: a fresh network may not bear all of it."""

    epochs: float | None = Field(
        None, gt=0, description="how many epochs it takes, also a part of one; this or `steps`"
    )
    steps: int | None = Field(None, gt=0, description="how many steps it takes; this or `epochs`")
    start_factor: float = Field(
        0.01, ge=0, le=1, description="the factor on the learning rate at the first step"
    )

    example: ClassVar = {"epochs": 1}

    @model_validator(mode="after")
    def _one_length(self):
        if (self.epochs is None) == (self.steps is None):
            raise mistake(
                "expected either `epochs` or `steps`. Received: "
                + ("neither." if self.epochs is None else "both.")
            )
        return self

    def length(self, steps_per_epoch: int) -> float:
        """In steps."""
        return self.steps if self.epochs is None else self.epochs * steps_per_epoch

    def factor(self, step: int, steps_per_epoch: int) -> float:
        return self.start_factor + (1 - self.start_factor) * min(1.0, step / self.length(steps_per_epoch))


class Schedule(Component, family="schedule"):
    """How the learning rate changes as training goes on. It starts from the optimizer's `lr`; below, t is how many epochs are
    done, or steps with `unit: step`.

    Progress is told in whole numbers, so that no rounding moves a drop by a step.
    """

    unit: Literal["epoch", "step"] = Field(
        "epoch", description="what t counts: the learning rate changes once each"
    )
    warmup: Warmup | None = Field(None, description="a rise to the learning rate at the start")

    def lr(self, base: float, step: int, steps_per_epoch: int, epochs: int, state: dict) -> float:
        """The learning rate of the step that is about to run, counted from 0. `base` is the optimizer's, `state` what
        `start` and `observe` gave."""
        if self.unit == "epoch":
            value = self.value(base, step // steps_per_epoch, epochs, state)
        else:
            value = self.value(base, step, epochs * steps_per_epoch, state)
        return value * self.warmup.factor(step, steps_per_epoch) if self.warmup else value

    def value(self, base: float, now: int, end: int, state: dict) -> float:
        """The learning rate after `now` of `end` units."""
        raise NotImplementedError

    def start(self) -> dict:
        """What it remembers before training: plain values, fit for JSON."""
        return {}

    def observe(self, metric: float, state: dict) -> dict:
        """What it remembers after an evaluation; `state` itself stays as it is."""
        return state

    def warnings(self, steps_per_epoch: int, epochs: int) -> list[str]:
        """What a training of this length makes of these options that the user may not have meant."""
        end = epochs if self.unit == "epoch" else epochs * steps_per_epoch
        texts = [
            f"{late} lies beyond the end of training at {counted(self.unit, end)}, so it has no effect"
            for late in self.beyond(end)
        ]
        if self.warmup and self.warmup.length(steps_per_epoch) > epochs * steps_per_epoch:
            texts.append(
                f"the warmup is longer than the training of {counted('epoch', epochs)}, "
                "so the learning rate never reaches its value"
            )
        return texts

    def beyond(self, end: int) -> Iterable[str]:
        """The options that act only after `end` units, in words."""
        return ()


def counted(unit: str, count: int) -> str:
    return f"{count} {unit}" + "s" * (count != 1)


class Constant(Schedule, name="constant"):
    """The optimizer's learning rate from start to end."""

    def value(self, base, now, end, state):
        return base


class Step(Schedule, name="step"):
    """Drops at equal distances: `lr gamma^k` after k times `step_size` epochs."""

    step_size: int = Field(gt=0, description="how many epochs (or steps) lie between drops")
    gamma: Factor = Field(0.1, description="the factor of each drop")

    example: ClassVar = {"step_size": 10}

    def value(self, base, now, end, state):
        return base * self.gamma ** (now // self.step_size)

    def beyond(self, end):
        return [f"the first drop, at {counted(self.unit, self.step_size)},"] if self.step_size >= end else []


class MultiStep(Schedule, name="multi_step"):
    """Drops at each milestone: `lr gamma^k` once k of them have passed."""

    milestones: Several[Annotated[int, Field(gt=0)]] = Field(
        min_length=1, description="after how many epochs (or steps) the learning rate drops"
    )
    gamma: Factor = Field(0.1, description="the factor of each drop")

    example: ClassVar = {"milestones": [10, 15]}

    def value(self, base, now, end, state):
        return base * self.gamma ** bisect_right(sorted(self.milestones), now)

    def beyond(self, end):
        return [f"milestone {milestone}" for milestone in self.milestones if milestone >= end]


class Exponential(Schedule, name="exponential"):
    """Falls by the same factor each epoch: `lr gamma^t`."""

    gamma: Factor = Field(description="the factor of each epoch (or step)")

    example: ClassVar = {"gamma": 0.9}

    def value(self, base, now, end, state):
        return base * self.gamma**now


class Linear(Schedule, name="linear"):
    """In a straight line to `end_factor` times the learning rate, which it then keeps: `lr (1 + (end_factor - 1) t / total)`."""

    end_factor: float = Field(0.0, ge=0, description="the factor that it ends with")
    total: int | None = Field(
        None, gt=0, description="how many epochs (or steps) it takes; the whole training when left out"
    )

    example: ClassVar = {"end_factor": 0.1}

    def value(self, base, now, end, state):
        total = self.total or end
        return base * (1 + (self.end_factor - 1) * min(now, total) / total)


class Polynomial(Schedule, name="polynomial"):
    """Falls as a power of what is left of training: `lr (end_factor + (1 - end_factor) (1 - t / total)^power)`."""

    power: float = Field(1.0, gt=0, description="1 is a straight line, 2 a parabola that ends flat")
    end_factor: float = Field(0.0, ge=0, description="the factor that it ends with")
    total: int | None = Field(
        None, gt=0, description="how many epochs (or steps) it takes; the whole training when left out"
    )

    example: ClassVar = {"power": 2.0}

    def value(self, base, now, end, state):
        total = self.total or end
        left = (total - min(now, total)) / total
        return base * (self.end_factor + (1 - self.end_factor) * left**self.power)


class Cosine(Schedule, name="cosine"):
    """Half a cosine wave from the learning rate down to `eta_min`: `eta_min + (lr - eta_min) (1 + cos(pi t / total)) / 2`.

    As in PyTorch it goes on as a wave after `total`, and rises again.

    Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts; here without restarts.
    """

    eta_min: float = Field(0.0, ge=0, description="the learning rate that it ends with")
    total: int | None = Field(
        None, gt=0, description="how many epochs (or steps) it takes; the whole training when left out"
    )

    example: ClassVar = {"eta_min": 1e-5, "unit": "step"}

    def value(self, base, now, end, state):
        return half_wave(base, self.eta_min, now / (self.total or end))

    def warnings(self, steps_per_epoch, epochs):
        end = epochs if self.unit == "epoch" else epochs * steps_per_epoch
        rises = self.total is not None and self.total < end - 1
        return (
            super().warnings(steps_per_epoch, epochs)
            + [f"cosine reaches eta_min after {counted(self.unit, self.total)} and rises again until {end}"]
            * rises
        )


class CosineRestarts(Schedule, name="cosine_restarts"):
    """Half a cosine wave over and over, each `t_mult` times as long as the one before.

    Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts.
    """

    t_0: int = Field(gt=0, description="how many epochs (or steps) the first wave takes")
    t_mult: int = Field(1, gt=0, description="the factor on the length from wave to wave")
    eta_min: float = Field(0.0, ge=0, description="the learning rate that each wave ends with")

    example: ClassVar = {"t_0": 10}

    def value(self, base, now, end, state):
        length = self.t_0
        if self.t_mult == 1:
            now %= length
        while now >= length:
            now -= length
            length *= self.t_mult
        return half_wave(base, self.eta_min, now / length)


def half_wave(high: float, low: float, part: float) -> float:
    """From high at 0 to low at 1."""
    return low + (high - low) * (1 + math.cos(math.pi * part)) / 2


class InverseTime(Schedule, name="inverse_time"):
    """Falls with the inverse of time: `lr / (1 + gamma t)^power`."""

    gamma: Factor = Field(description="how fast it falls")
    power: float = Field(1.0, gt=0, description="how steeply it falls")

    example: ClassVar = {"gamma": 0.1}

    def value(self, base, now, end, state):
        return base / (1 + self.gamma * now) ** self.power


class OneCycle(Schedule, name="one_cycle"):
    """Up to `max_lr` and down again to almost nothing, both as half a cosine wave.

    It starts from `max_lr / div_factor`, whatever the optimizer's learning rate, and ends with that divided by
    `final_div_factor`. `unit: step` makes it smooth.

    Source: Smith & Topin 2019, Super-convergence: very fast training of neural networks using large learning rates.
    """

    max_lr: float = Field(gt=0, description="the highest learning rate")
    pct_start: float = Field(
        0.3, ge=0, le=1, description="the part of training that the rise takes, from 0 to 1"
    )
    div_factor: Factor = Field(25.0, description="max_lr divided by the first learning rate")
    final_div_factor: Factor = Field(1e4, description="the first learning rate divided by the last")

    example: ClassVar = {"max_lr": 0.1, "unit": "step"}

    def value(self, base, now, end, state):
        now = min(now, end - 1)
        first = self.max_lr / self.div_factor
        top = self.pct_start * end - 1
        if now <= top:
            return half_wave(first, self.max_lr, now / top if top else 1.0)
        return half_wave(self.max_lr, first / self.final_div_factor, (now - top) / (end - 1 - top))


class Cyclic(Schedule, name="cyclic"):
    """Up and down in straight lines between the optimizer's learning rate and `max_lr`.

    Source: Smith 2017, Cyclical learning rates for training neural networks.
    """

    max_lr: float = Field(gt=0, description="the highest learning rate")
    step_size: int = Field(
        gt=0, description="how many epochs (or steps) the way up takes, and the way down again"
    )
    mode: Literal["triangular", "triangular2", "exp_range"] = Field(
        "triangular", description="cycles of one height, each of half the last one's height, or of `gamma^t`"
    )
    gamma: Factor = Field(1.0, description="the factor of each epoch (or step) in exp_range")

    example: ClassVar = {"max_lr": 0.1, "step_size": 5}

    def value(self, base, now, end, state):
        cycle, within = divmod(now, 2 * self.step_size)
        height = min(within, 2 * self.step_size - within) / self.step_size
        scale = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**now}[self.mode]
        return base + (self.max_lr - base) * height * scale


class ReduceOnPlateau(Schedule, name="reduce_on_plateau"):
    """Drops by `factor` when what is monitored has not improved for more than `patience` evaluations."""

    factor: float = Field(0.1, gt=0, lt=1, description="the factor of each drop")
    patience: int = Field(10, ge=0, description="how many evaluations without improvement it waits")
    threshold: float = Field(
        1e-4, ge=0, description="the part of the best value by which a better one must differ from it"
    )
    cooldown: int = Field(0, ge=0, description="how many evaluations after a drop are not counted")
    min_lr: float = Field(0.0, ge=0, description="the learning rate below which it does not go")
    mode: Literal["min", "max"] = Field("min", description="whether lower or higher is better")

    example: ClassVar = {"factor": 0.5, "patience": 5}

    # PyTorch leaves out a drop by less than this.
    SMALLEST_DROP: ClassVar[float] = 1e-8

    def value(self, base, now, end, state):
        lr = base
        for _ in range(state["drops"]):
            lower = max(lr * self.factor, self.min_lr)
            lr = lower if lr - lower > self.SMALLEST_DROP else lr
        return lr

    def start(self):
        return {"best": None, "bad": 0, "cooldown": 0, "drops": 0}

    def observe(self, metric, state):
        best, bad, cooldown, drops = state["best"], state["bad"] + 1, state["cooldown"], state["drops"]
        if self._better(metric, best):
            best, bad = metric, 0
        if cooldown > 0:
            bad, cooldown = 0, cooldown - 1
        if bad > self.patience:
            bad, cooldown, drops = 0, self.cooldown, drops + 1
        return {"best": best, "bad": bad, "cooldown": cooldown, "drops": drops}

    def _better(self, metric: float, best: float | None) -> bool:
        if best is None:
            return not math.isnan(metric)
        if self.mode == "min":
            return metric < best * (1 - self.threshold)
        return metric > best * (1 + self.threshold)
