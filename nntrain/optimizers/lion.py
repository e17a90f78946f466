"""Lion: the sign of the momentum."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.optimizers.optimizer import Fraction, Optimizer
from nntrain.optimizers.part import Part
from nntrain.options import Several


class Lion(Optimizer, name="lion"):
    """Lion: `p -= lr (sign(b1 m + (1 - b1) g) + weight_decay p)`, then `m = b2 m + (1 - b2) g`.

    Every step has the same size per parameter. It needs half the memory of adam, and about a tenth of its learning rate.

    Source: Chen et al. 2023, Symbolic discovery of optimization algorithms.
    """

    lr: float = Field(1e-4, gt=0, description="the learning rate: the size of every step")
    betas: Several[Fraction] = Field(
        (0.9, 0.99),
        min_length=2,
        max_length=2,
        description="b1 and b2: the decay rates of the momentum in the step, and of the momentum that is kept",
    )

    example: ClassVar = {"lr": 0.0001}

    elementwise = True
    slots = ("mean",)

    def update(self, part: Part, lr: float, step: int) -> None:
        first, second = self.betas
        kernels.optimizers.lion(
            part.theta,
            part.grad,
            part.slots["mean"],
            (lr, 1 - first, 1 - second),
            *self.decoupled_decay(part, lr),
        )
