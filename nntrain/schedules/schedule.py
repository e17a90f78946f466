"""Schedule: the base class of all schedules, and linear warmup."""

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nntrain.component import Component
from nntrain.options import Options, mistake

Factor = Annotated[float, Field(gt=0)]
ScheduleState = dict[str, Any]  # numbers and None, for JSON


class Warmup(Options):
    """Linear warmup: the learning rate increases linearly from `start_factor` times its value, with any schedule.

    It prevents divergence in the first steps, when gradients are large.
    """

    epochs: float | None = Field(
        None, gt=0, description="the number of epochs it takes, which may be a fraction; this or `steps`"
    )
    steps: int | None = Field(None, gt=0, description="the number of steps it takes; this or `epochs`")
    start_factor: float = Field(
        0.01, ge=0, le=1, description="the factor on the learning rate at the first step"
    )

    example: ClassVar = {"epochs": 1}

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise mistake(
                f"expected either `epochs` or `steps`. Received: {'neither' if self.epochs is None else 'both'}",
                "Set `epochs: 1`." if self.epochs is None else "Remove one of them.",
            )
        return self

    def length(self, steps_per_epoch: int) -> float:
        """In steps."""
        return (self.steps or 0) if self.epochs is None else self.epochs * steps_per_epoch

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """On the learning rate of a step, counted from 0."""
        return self.start_factor + (1 - self.start_factor) * min(1.0, step / self.length(steps_per_epoch))


class Schedule(Component, family="schedule"):
    """The learning rate schedule. It starts from the optimizer's `lr`; in the formulas, t is the number of epochs done, or of
    steps with `unit: step`.

    A schedule is a pure function of integers, so that rounding never shifts a drop by a step. State, if any, is kept outside.
    """

    unit: Literal["epoch", "step"] = Field(
        "epoch", description="the unit of t: the learning rate changes once per epoch or once per step"
    )
    warmup: Warmup | None = Field(None, description="a linear increase of the learning rate at the start")

    def lr(self, base: float, step: int, steps_per_epoch: int, epochs: int, state: ScheduleState) -> float:
        """The learning rate of the next step, counted from 0.

        base: the optimizer's learning rate. state: from `start` and `observe`.
        """
        if self.unit == "epoch":
            value = self.value(base, step // steps_per_epoch, epochs, state)
        else:
            value = self.value(base, step, epochs * steps_per_epoch, state)
        return value * self.warmup.factor(step, steps_per_epoch) if self.warmup else value

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        """The learning rate after `now` of `end` units."""
        raise NotImplementedError

    def start(self) -> ScheduleState:
        """The state before training; a checkpoint stores it as JSON."""
        return {}

    def check(self, monitored: str, higher_is_better: bool) -> None:
        """Raises ConfigError if the options do not suit the monitored metric."""

    def observe(self, metric: float, state: ScheduleState, higher_is_better: bool = False) -> ScheduleState:
        """The state after an evaluation with this monitored value; does not modify `state`."""
        return state

    def warnings(self, steps_per_epoch: int, epochs: int) -> list[str]:
        """What in these options has no effect, or a surprising one, in a training of this length."""
        end = epochs if self.unit == "epoch" else epochs * steps_per_epoch
        texts = [
            f"{late} comes after the end of training at {counted(self.unit, end)} and has no effect"
            for late in self.beyond(end)
        ]
        if self.warmup and self.warmup.length(steps_per_epoch) > epochs * steps_per_epoch:
            texts.append(
                f"the warmup is longer than the training ({counted('epoch', epochs)}), "
                "so the learning rate never reaches its full value"
            )
        return texts

    def beyond(self, end: int) -> Iterable[str]:
        """Descriptions of the options that would take effect only after `end` units."""
        return ()


def counted(unit: str, count: int) -> str:
    """("epoch", 2) -> "2 epochs"."""
    return f"{count} {unit}" + "s" * (count != 1)


def cosine_between(high: float, low: float, fraction: float) -> float:
    """Half a cosine from `high` at 0 to `low` at 1."""
    return low + (high - low) * (1 + math.cos(math.pi * fraction)) / 2
