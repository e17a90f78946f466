"""A schedule that follows the monitored value."""

import math
from typing import ClassVar, Literal

from pydantic import Field

from nntrain.errors import ConfigError
from nntrain.schedules.schedule import Schedule, ScheduleState


class ReduceOnPlateau(Schedule, name="reduce_on_plateau"):
    """Reduce on plateau: multiplies the learning rate by `factor` if the monitored value does not improve for more than `patience`
    evaluations.

    It follows `train.monitor`: whether lower or higher is better depends on the metric.
    """

    factor: float = Field(0.1, gt=0, lt=1, description="the factor of each drop")
    patience: int = Field(10, ge=0, description="the number of evaluations without improvement before a drop")
    threshold: float = Field(
        1e-4, ge=0, description="the relative change from the best value that counts as an improvement"
    )
    cooldown: int = Field(0, ge=0, description="the number of evaluations after a drop that do not count")
    min_lr: float = Field(0.0, ge=0, description="the lower bound of the learning rate")
    mode: Literal["auto", "min", "max"] = Field(
        "auto",
        description="whether lower or higher is better: `auto` takes it from the monitored metric, and `min` or `max` must agree with "
        "it",
    )

    example: ClassVar = {"factor": 0.5, "patience": 5}

    # A smaller drop is skipped, as in PyTorch.
    SMALLEST_DROP: ClassVar[float] = 1e-8

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        lr = base
        for _ in range(state["drops"]):
            lower = max(lr * self.factor, self.min_lr)
            lr = lower if lr - lower > self.SMALLEST_DROP else lr
        return lr

    def start(self) -> ScheduleState:
        return {"best": None, "bad": 0, "cooldown": 0, "drops": 0}

    def check(self, monitored: str, higher_is_better: bool) -> None:
        better, mode = ("higher", "max") if higher_is_better else ("lower", "min")
        if self.mode not in ("auto", mode):
            message = f"expected 'auto' or {mode!r}: {better} is better for {monitored}, which is monitored. Received: {self.mode!r}"
            raise ConfigError(message, "Remove `mode`, or set another `train.monitor`.").below("mode")

    def observe(self, metric: float, state: ScheduleState, higher_is_better: bool = False) -> ScheduleState:
        best, bad, cooldown, drops = state["best"], state["bad"] + 1, state["cooldown"], state["drops"]
        if self._better(metric, best, higher_is_better):
            best, bad = metric, 0
        if cooldown > 0:
            bad, cooldown = 0, cooldown - 1
        if bad > self.patience:
            bad, cooldown, drops = 0, self.cooldown, drops + 1
        return {"best": best, "bad": bad, "cooldown": cooldown, "drops": drops}

    def _better(self, metric: float, best: float | None, higher_is_better: bool) -> bool:
        if best is None:
            return not math.isnan(metric)
        margin = (
            self.threshold if best >= 0 else -self.threshold
        )  # of negative values, too, equal is no better
        return metric > best * (1 + margin) if higher_is_better else metric < best * (1 - margin)
