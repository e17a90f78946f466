"""Schedules that decay the learning rate by a formula or at milestones."""

from bisect import bisect_right
from typing import Annotated, ClassVar

from pydantic import Field

from nntrain.options import Several
from nntrain.schedules.schedule import Factor, Schedule, ScheduleState, counted


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


class InverseTime(Schedule, name="inverse_time"):
    """Inverse time decay: `lr / (1 + gamma t)^power`."""

    gamma: Factor = Field(description="how fast it decreases")
    power: float = Field(1.0, gt=0, description="how steeply it decreases")

    example: ClassVar = {"gamma": 0.1}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        return base / (1 + self.gamma * now) ** self.power
