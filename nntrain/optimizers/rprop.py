"""Rprop: resilient backpropagation."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.optimizers.optimizer import Optimizer
from nntrain.optimizers.part import Part
from nntrain.options import Several, mistake

Positive = Annotated[float, Field(gt=0)]


class Rprop(Optimizer, name="rprop"):
    """Rprop: `p -= sign(g) s`, with a step size s for each parameter; only the sign of the gradient counts.

    s grows by the larger of the `etas` while the sign of g stays, and shrinks by the smaller one where it changes; that step is then
    left out. For full batches (`batch_size: full`): the noise of mini-batches changes signs at random.

    Source: Riedmiller & Braun 1993, A direct adaptive method for faster backpropagation learning: the RPROP algorithm.
    """

    lr: float = Field(1e-2, gt=0, description="the initial step size of every parameter")
    etas: Several[Positive] = Field(
        (0.5, 1.2),
        min_length=2,
        max_length=2,
        description="the factors on a step size where the sign of the gradient changes, and where it stays",
    )
    step_sizes: Several[Positive] = Field(
        (1e-6, 50.0), min_length=2, max_length=2, description="the smallest and the largest step size"
    )

    example: ClassVar = {"lr": 0.01}

    elementwise = True
    adapts_rate = True
    slots = ("previous", "step_size")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        (shrink, grow), (smallest, largest) = self.etas, self.step_sizes
        if not shrink < 1 < grow:
            raise mistake(
                f"expected `etas` below and above 1. Received: {shrink:g} and {grow:g}",
                "Set `etas: [0.5, 1.2]`.",
            )
        if not smallest <= self.lr <= largest:
            raise mistake(
                f"expected `step_sizes` around lr, {self.lr:g}. Received: {smallest:g} and {largest:g}",
                "Set `step_sizes: [1e-6, 50]`.",
            )
        return self

    def start(self, part: Part) -> None:
        part.slots["step_size"].fill(self.lr)

    def update(self, part: Part, lr: float, step: int) -> None:
        kernels.optimizers.rprop(
            part.theta,
            part.grad,
            part.slots["previous"],
            part.slots["step_size"],
            (*self.etas, *self.step_sizes),
            *self.coupled_decay(part),
        )
