"""Schedule-free optimizers: an average of the path takes the place of a learning rate schedule."""

import math
from typing import Annotated, ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part
from nntrain.options import Several

Momentum = Annotated[float, Field(gt=0, lt=1)]


class ScheduleFree(Optimizer):
    """Base: z takes the steps, x is the average of all z, and training sees `y = momentum x + (1 - momentum) z`."""

    warmup_steps: int = Field(
        0, ge=0, description="the number of steps in which the learning rate increases to lr"
    )

    elementwise = True
    average_slot = "average"
    needs_no_schedule = True

    def start(self, part: Part) -> None:
        part.slots["z"][...] = part.theta
        part.slots["average"][...] = part.theta

    def warmed(self, step: int) -> float:
        """The factor of the warmup on the learning rate."""
        return min(1.0, step / self.warmup_steps) if self.warmup_steps else 1.0

    def share(self, step: int) -> float:
        """Of z in its average: steps count by the square of their learning rates, which is the same for all after the warmup."""
        warm = min(step, self.warmup_steps)
        before = warm * (warm + 1) * (2 * warm + 1) / 6 / self.warmup_steps**2 if warm else 0.0
        return self.warmed(step) ** 2 / (before + step - warm)


class ScheduleFreeSGD(ScheduleFree, name="schedule_free_sgd"):
    """Schedule-free SGD: `z -= lr g(y)`, `x = (1 - c) x + c z`, `y = momentum x + (1 - momentum) z`; `c = 1 / t` without warmup.

    The gradient is taken at y. Evaluation, the best checkpoint and predictions use x, the average of all z, which makes a schedule
    unnecessary: at any step it is as good as a run whose learning rate decayed until then. The lr can be larger than that of sgd.
    Batch norm's running statistics are those of y.

    Source: Defazio et al. 2024, The road less scheduled.
    """

    lr: float = Field(1.0, gt=0, description="the learning rate")
    momentum: Momentum = Field(0.9, description="the share of x in y, where the gradient is taken")

    example: ClassVar = {"lr": 1.0}

    slots = ("z", "average")

    def update(self, part: Part, lr: float, step: int) -> None:
        kernels.averaging.schedule_free_sgd(
            part.theta,
            part.grad,
            part.slots["z"],
            part.slots["average"],
            (lr * self.warmed(step), self.share(step), self.momentum, 0.0, 0.0, 0.0, 0.0),
            *self.coupled_decay(part),
        )


class ScheduleFreeAdamW(ScheduleFree, name="schedule_free_adamw"):
    """Schedule-free AdamW: `z -= lr (g(y) / (sqrt(v) + eps) + weight_decay y)`, `x = (1 - c) x + c z`, `y = b1 x + (1 - b1) z`.

    v is adam's, bias-corrected; x and y are those of `schedule_free_sgd`: the gradient is taken at y, while evaluation, the best
    checkpoint and predictions use the average x. Needs no schedule and no number of epochs in advance. Batch norm's running statistics
    are those of y.

    Source: Defazio et al. 2024, The road less scheduled.
    """

    lr: float = Field(2.5e-3, gt=0, description="the learning rate; up to 10 times that of a scheduled adamw")
    betas: Several[Fraction] = Field(
        (0.9, 0.999),
        min_length=2,
        max_length=2,
        description="b1 and b2: the share of x in y, and the decay rate of the running average of g²",
    )
    eps: float = Field(1e-8, gt=0, description="added to the denominator for numerical stability")
    weight_decay: float = Field(
        0.0, ge=0, description="the decoupled weight decay: each step also does `z -= lr weight_decay y`"
    )

    example: ClassVar = {"lr": 0.0025}

    slots = ("z", "average", "square")

    def update(self, part: Part, lr: float, step: int) -> None:
        momentum, second = self.betas
        unroot = 1 / math.sqrt(1 - second**step)
        kernels.averaging.schedule_free_adamw(
            part.theta,
            part.grad,
            part.slots["z"],
            part.slots["average"],
            part.slots["square"],
            (lr * self.warmed(step), self.share(step), momentum, second, 1 - second, unroot, self.eps),
            *self.coupled_decay(part),
        )
