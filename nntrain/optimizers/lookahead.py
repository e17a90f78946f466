"""Lookahead: slow weights that follow those of another optimizer."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from nntrain import kernels
from nntrain.optimizers.optimizer import Optimizer
from nntrain.optimizers.part import Part
from nntrain.optimizers.wrapper import Wrapper
from nntrain.options import mistake


class Lookahead(Wrapper, name="lookahead"):
    """Lookahead: after every k steps of `base`, `slow += alpha (p - slow)` and p continues from there.

    It reduces the variance of the steps of its base, so that a larger lr is stable. Evaluation, the best checkpoint and predictions
    use the slow weights, which start from the initial parameters.

    Source: Zhang et al. 2019, Lookahead optimizer: k steps forward, 1 step back.
    """

    base: Optimizer = Field(description="the optimizer that takes the steps; its lr is the learning rate")
    k: int = Field(5, ge=1, description="the number of steps between two of the slow weights")
    alpha: float = Field(0.5, gt=0, le=1, description="how far the slow weights go towards p")

    example: ClassVar = {"base": {"adam": {"lr": 0.001}}}

    average_slot = "slow"

    @model_validator(mode="after")
    def _one_average(self) -> Self:
        if self.base.average_slot:
            raise mistake(
                f"`base: {self.base.yaml_name}` cannot be combined with lookahead: it already averages its parameters",
                "Remove one of the two.",
            )
        return self

    def slot_names(self) -> tuple[str, ...]:
        return (*self.base.slot_names(), "slow")

    def start(self, part: Part) -> None:
        self.base.start(part)
        part.slots["slow"][...] = part.theta

    def update(self, part: Part, lr: float, step: int) -> None:
        self.base.update(part, lr, step)
        if step % self.k == 0:
            kernels.averaging.look_ahead(part.theta, part.slots["slow"], self.alpha)
