"""Optimizers with a learning rate per parameter, from the squares of its gradients."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part


class Adagrad(Optimizer, name="adagrad"):
    """Adagrad: `v += g²`, `p -= lr g / (sqrt(v) + eps)`.

    Each parameter's learning rate decreases with the gradients it has received. Good for sparse features, whose parameters keep
    large steps; in long trainings the steps may become too small.

    Source: Duchi, Hazan & Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization.
    """

    lr: float = Field(1e-2, gt=0, description="the learning rate")
    lr_decay: float = Field(
        0.0, ge=0, description="decays the learning rate: `lr / (1 + (t - 1) lr_decay)` in step t"
    )
    initial_accumulator_value: float = Field(0.0, ge=0, description="the initial value of v")
    eps: float = Field(1e-10, gt=0, description="added to the denominator for numerical stability")

    example: ClassVar = {"lr": 0.01}

    elementwise = True
    slots = ("square",)

    def update(self, part: Part, lr: float, step: int) -> None:
        lr = lr / (1 + (step - 1) * self.lr_decay)
        kernels.optimizers.adagrad(
            part.theta,
            part.grad,
            part.slots["square"],
            (lr, self.initial_accumulator_value, self.eps),
            *self.coupled_decay(part),
        )


class Adadelta(Optimizer, name="adadelta"):
    """Adadelta: `v = rho v + (1 - rho) g²`, `d = sqrt(u + eps) / sqrt(v + eps) g`, `u = rho u + (1 - rho) d²`, `p -= lr d`.

    The size of a step follows from the recent steps, so that the learning rate needs no tuning.

    Source: Zeiler 2012, ADADELTA: an adaptive learning rate method.
    """

    lr: float = Field(1.0, gt=0, description="the learning rate, a factor on the steps")
    rho: Fraction = Field(0.9, description="the decay rate of the running averages of g² and d²")
    eps: float = Field(
        1e-6, gt=0, description="sets the size of the first steps, and keeps the denominator above 0"
    )

    elementwise = True
    slots = ("square", "change")

    def update(self, part: Part, lr: float, step: int) -> None:
        kernels.optimizers.adadelta(
            part.theta,
            part.grad,
            part.slots["square"],
            part.slots["change"],
            (lr, self.rho, 1 - self.rho, self.eps),
            *self.coupled_decay(part),
        )


class RMSprop(Optimizer, name="rmsprop"):
    """RMSprop: `v = alpha v + (1 - alpha) g²`, `p -= lr g / (sqrt(v) + eps)`.

    It divides the gradient by its root mean square over the recent steps. `centered` subtracts the square of the mean gradient
    from v. With momentum, `b = momentum b + g / (sqrt(v) + eps)` and `p -= lr b`.

    Source: Tieleman & Hinton 2012, Lecture 6.5; centered: Graves 2013, Generating sequences with recurrent neural networks.
    """

    lr: float = Field(1e-2, gt=0, description="the learning rate")
    alpha: Fraction = Field(0.99, description="the decay rate of the running averages")
    eps: float = Field(1e-8, gt=0, description="added to the denominator for numerical stability")
    centered: bool = Field(
        False, description="divide by the standard deviation of the gradient, not by its root mean square"
    )
    momentum: Fraction = Field(0.0, description="the factor by which the velocity decays")

    example: ClassVar = {"lr": 0.001}
    elementwise = True

    def slot_names(self) -> tuple[str, ...]:
        return ("square",) + ("mean",) * self.centered + ("velocity",) * bool(self.momentum)

    def update(self, part: Part, lr: float, step: int) -> None:
        unused = part.theta[:0]
        kernels.optimizers.rmsprop(
            part.theta,
            part.grad,
            part.slots["square"],
            part.slots.get("mean", unused),
            part.slots.get("velocity", unused),
            (lr, self.alpha, 1 - self.alpha, self.momentum, self.eps),
            *self.coupled_decay(part),
        )
