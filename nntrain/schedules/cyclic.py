"""Schedules of cosines and cycles."""

from typing import ClassVar, Literal

from pydantic import Field

from nntrain.schedules.schedule import Factor, Schedule, ScheduleState, cosine_between, counted


class Cosine(Schedule, name="cosine"):
    """Cosine annealing: `eta_min + (lr - eta_min) (1 + cos(pi t / total)) / 2`.

    It decreases slowly at the start and at the end. As in PyTorch, it rises again after a `total` that is shorter than the training.

    Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts; here without restarts.
    """

    eta_min: float = Field(0.0, ge=0, description="the final learning rate")
    total: int | None = Field(
        None, gt=0, description="the number of epochs (or steps) it takes; default: the whole training"
    )

    example: ClassVar = {"eta_min": 1e-5, "unit": "step"}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        fraction = now / self.total if self.total else min(now, end) / end
        return cosine_between(base, self.eta_min, fraction)

    def warnings(self, steps_per_epoch: int, epochs: int) -> list[str]:
        end = epochs if self.unit == "epoch" else epochs * steps_per_epoch
        texts = super().warnings(steps_per_epoch, epochs)
        if self.total is not None and self.total < end - 1:
            until = counted(self.unit, self.total)
            texts.append(f"cosine reaches eta_min after {until} and increases again until {end}")
        return texts


class CosineRestarts(Schedule, name="cosine_restarts"):
    """Cosine annealing with warm restarts: `cosine` over cycles, each `t_mult` times as long as the one before.

    Source: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with warm restarts.
    """

    t_0: int = Field(gt=0, description="the number of epochs (or steps) in the first cycle")
    t_mult: int = Field(1, gt=0, description="the factor on the length from one cycle to the next")
    eta_min: float = Field(0.0, ge=0, description="the final learning rate of each cycle")

    example: ClassVar = {"t_0": 10}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        length = self.t_0
        if self.t_mult == 1:
            now %= length
        while now >= length:
            now -= length
            length *= self.t_mult
        return cosine_between(base, self.eta_min, now / length)


class OneCycle(Schedule, name="one_cycle"):
    """1cycle: up to `max_lr` and down again to almost 0, each as half a cosine.

    It starts from `max_lr / div_factor`, whatever the optimizer's learning rate, and ends with that divided by
    `final_div_factor`. `unit: step` makes it smooth.

    Source: Smith & Topin 2019, Super-convergence: very fast training of neural networks using large learning rates.
    """

    max_lr: float = Field(gt=0, description="the maximum learning rate")
    pct_start: float = Field(
        0.3, ge=0, le=1, description="the fraction of the training in which the learning rate increases"
    )
    div_factor: Factor = Field(25.0, description="max_lr divided by the initial learning rate")
    final_div_factor: Factor = Field(1e4, description="the initial learning rate divided by the final one")

    example: ClassVar = {"max_lr": 0.1, "unit": "step"}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        now = min(now, end - 1)
        first = self.max_lr / self.div_factor
        top = self.pct_start * end - 1
        if now <= top:
            return cosine_between(first, self.max_lr, now / top if top else 1.0)
        return cosine_between(self.max_lr, first / self.final_div_factor, (now - top) / (end - 1 - top))


class Cyclic(Schedule, name="cyclic"):
    """Cyclical learning rate: up and down linearly between the optimizer's learning rate and `max_lr`.

    Source: Smith 2017, Cyclical learning rates for training neural networks.
    """

    max_lr: float = Field(gt=0, description="the maximum learning rate")
    step_size: int = Field(gt=0, description="the number of epochs (or steps) in half a cycle")
    mode: Literal["triangular", "triangular2", "exp_range"] = Field(
        "triangular",
        description="cycles of constant amplitude, each of half the previous amplitude, or with the amplitude `gamma^t`",
    )
    gamma: Factor = Field(1.0, description="the factor per epoch (or step) in exp_range")

    example: ClassVar = {"max_lr": 0.1, "step_size": 5}

    def value(self, base: float, now: int, end: int, state: ScheduleState) -> float:
        cycle, within = divmod(now, 2 * self.step_size)
        height = min(within, 2 * self.step_size - within) / self.step_size
        scale = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**now}[self.mode]
        return base + (self.max_lr - base) * height * scale
