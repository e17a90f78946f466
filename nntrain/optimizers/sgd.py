"""Gradient descent, with or without momentum."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part
from nntrain.options import mistake


class SGD(Optimizer, name="sgd"):
    """Stochastic gradient descent: `p -= lr g`; with momentum, `b = momentum b + g` and `p -= lr b`.

    Momentum averages out noise and accelerates along directions in which the gradient is consistent. With dampening d it is
    `b = momentum b + (1 - d) g` after the first step; with `nesterov`, `p -= lr (g + momentum b)`.

    Source: Polyak 1964, Some methods of speeding up the convergence of iteration methods; Nesterov 1983, A method of solving a
    convex programming problem with convergence rate O(1/k²).
    """

    lr: float = Field(gt=0, description="the learning rate")
    momentum: Fraction = Field(0.0, description="the factor by which the velocity decays, such as 0.9")
    nesterov: bool = Field(False, description="Nesterov momentum")
    dampening: float = Field(
        0.0, ge=0, le=1, description="the fraction of the gradient that does not enter the velocity"
    )

    example: ClassVar = {"lr": 0.1, "momentum": 0.9}

    @model_validator(mode="after")
    def _nesterov_requires_momentum(self) -> Self:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise mistake(
                "nesterov requires a momentum above 0 and no dampening. "
                f"Received: momentum {self.momentum:g}, dampening {self.dampening:g}",
                "Set `momentum: 0.9`, or remove `nesterov`." if self.momentum == 0 else "Remove `dampening`.",
            )
        return self

    elementwise = True

    @property
    def applies_products(self) -> bool:  # type: ignore[override]
        return self.momentum > 0

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def update(self, part: Part, lr: float, step: int) -> None:
        if self.momentum:
            kernels.optimizers.momentum(
                part.theta,
                part.grad,
                part.slots["velocity"],
                self._numbers(lr, step),
                self.decayed(part),
            )
        else:
            kernels.optimizers.sgd(part.theta, part.grad, self._numbers(lr, step), self.decayed(part))

    def apply_product(
        self, part: Part, x: np.ndarray, dy: np.ndarray, lr: float, step: int, bfloat16: bool = False
    ) -> None:
        velocity, numbers = part.slots["velocity"], self._numbers(lr, step)
        kernels.update_product.momentum(part.theta, velocity, x, dy, numbers, bfloat16)

    def _numbers(self, lr: float, step: int) -> tuple:
        """As kernels expect them."""
        added = 1.0 if step == 1 else 1 - self.dampening
        return lr, self.momentum, added, self.nesterov, self.weight_decay
