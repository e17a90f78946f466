"""Schedules that decay the learning rate by a formula or at milestones."""

import math
from bisect import bisect_right
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nntrain.options import Several
from nntrain.schedules.schedule import Factor, Schedule, ScheduleState, Warmup, cosine_between, counted


class Constant(Schedule, name="constant"):
    """Constant: the optimizer's learning rate throughout."""

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base


class Step(Schedule, name="step"):
    """Step decay: `lr gamma^k` after k times `step_size` epochs."""

    step_size: int = Field(gt=0, description="the number of epochs (or steps) between drops")
    gamma: Factor = Field(0.1, description="the factor of each drop")

    example: ClassVar = {"step_size": 10}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base * self.gamma ** (now // self.step_size)

    def beyond(self, end: int) -> list[str]:
        return [f"the first drop, at {counted(self.unit, self.step_size)},"] if self.step_size >= end else []


class MultiStep(Schedule, name="multi_step"):
    """Multi-step decay: `lr gamma^k` after k of the milestones."""

    milestones: Several[Annotated[int, Field(gt=0)]] = Field(
        min_length=1, description="the epochs (or steps) after which the learning rate drops"
    )
    gamma: Factor = Field(0.1, description="the factor of each drop")

    example: ClassVar = {"milestones": [10, 15]}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base * self.gamma ** bisect_right(sorted(self.milestones), now)

    def beyond(self, end: int) -> list[str]:
        return [f"milestone {milestone}" for milestone in self.milestones if milestone >= end]


class Exponential(Schedule, name="exponential"):
    """Exponential decay: `lr gamma^t`."""

    gamma: Factor = Field(description="the factor per epoch (or step)")

    example: ClassVar = {"gamma": 0.9}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base * self.gamma**now


class Linear(Schedule, name="linear"):
    """Linear decay: `lr (1 + (end_factor - 1) t / total)`, and constant after `total`."""

    end_factor: float = Field(0.0, ge=0, description="the final factor on the learning rate")
    total: int | None = Field(
        None, gt=0, description="the number of epochs (or steps) it takes; default: the whole training"
    )

    example: ClassVar = {"end_factor": 0.1}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        total = self.total or end
        return base * (1 + (self.end_factor - 1) * min(now, total) / total)


class Polynomial(Schedule, name="polynomial"):
    """Polynomial decay: `lr (end_factor + (1 - end_factor) (1 - t / total)^power)`, and constant after `total`."""

    power: float = Field(1.0, gt=0, description="1 is linear, 2 a parabola that ends flat")
    end_factor: float = Field(0.0, ge=0, description="the final factor on the learning rate")
    total: int | None = Field(
        None, gt=0, description="the number of epochs (or steps) it takes; default: the whole training"
    )

    example: ClassVar = {"power": 2.0}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        total = self.total or end
        left = (total - min(now, total)) / total
        return base * (self.end_factor + (1 - self.end_factor) * left**self.power)


class WSD(Schedule, name="wsd"):
    """Warmup, stable, decay: lr after the warmup, and in the last part of the training down to 0.

    With the fraction f of the decay that is done, lr is multiplied by `1 - f` (linear), `(1 + cos(pi f)) / 2` (cosine) or `1 - sqrt(f)`
    (sqrt). Unlike `cosine`, the path before the decay does not depend on the number of epochs: a training can be extended from a
    checkpoint of its stable part.

    Source: Hu et al. 2024, MiniCPM: unveiling the potential of small language models; sqrt: Hägele et al. 2024, Scaling laws and
    compute-optimal training beyond fixed training durations.
    """

    decay: float = Field(0.2, gt=0, le=1, description="the fraction of the training in which lr decays")
    decay_type: Literal["linear", "cosine", "sqrt"] = Field("linear", description="the form of the decay")

    example: ClassVar = {"decay": 0.2, "unit": "step", "warmup": {"epochs": 1}}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        length = self.decay * end
        done = max(0.0, min(now, end) - (end - length)) / length
        factor = {"linear": 1 - done, "cosine": cosine_between(1.0, 0.0, done), "sqrt": 1 - math.sqrt(done)}
        return base * factor[self.decay_type]


class InverseSqrt(Schedule, name="inverse_sqrt"):
    """Inverse square root: `lr sqrt(w / t)` after a warmup of length w, which it requires; during the warmup, lr times its factor.

    The classic schedule of transformers, with no end in sight: the learning rate does not depend on the number of epochs.

    Source: Vaswani et al. 2017, Attention is all you need, section 5.3.
    """

    warmup: Warmup = Field(description="a linear increase of the learning rate at the start")

    example: ClassVar = {"unit": "step", "warmup": {"epochs": 1}}

    def lr(self, base: float, step: int, steps_per_epoch: int, epochs: int, state: ScheduleState) -> float:
        warm = self.warmup.length(steps_per_epoch)
        now = step if self.unit == "step" else step // steps_per_epoch * steps_per_epoch
        return base * math.sqrt(warm / max(warm, now)) * self.warmup.factor(step, steps_per_epoch)


class InverseTime(Schedule, name="inverse_time"):
    """Inverse time decay: `lr / (1 + gamma t)^power`."""

    gamma: Factor = Field(description="how fast it decreases")
    power: float = Field(1.0, gt=0, description="how steeply it decreases")

    example: ClassVar = {"gamma": 0.1}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base / (1 + self.gamma * now) ** self.power
