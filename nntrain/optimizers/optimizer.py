"""Optimizer: the base class of all optimizers. One step works in place, in one pass over the flat parameter array.

Formulas, defaults and orders of operations are PyTorch's.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from nntrain.component import Component
from nntrain.optimizers.part import Part

Fraction = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Component, family="optimizer"):
    """The update rule of the parameters. In the formulas, p is a parameter, g its gradient, t the step from 1."""

    if TYPE_CHECKING:  # each optimizer declares it as its first option, so that `adam: 3e-4` sets it
        lr: float

    weight_decay: float = Field(
        0.0,
        ge=0,
        description="the L2 penalty on the weights: adds `weight_decay p` to the gradient "
        "(decoupled from the gradient in `adamw`, `lion`, `lamb`, `muon` and `schedule_free_adamw`)",
    )
    decay_all: bool = Field(
        False,
        description="apply weight decay to all parameters: to biases and the scales of normalization layers too",
    )

    elementwise: ClassVar[bool] = False  # each parameter's update depends on its own gradient and slots alone
    applies_products: ClassVar[bool] = False  # has `apply_product`
    slots: ClassVar[tuple[str, ...]] = ()  # names of its state arrays, each as long as theta, initially 0
    average_slot: ClassVar[str] = ""  # the slot that evaluation and prediction use in place of theta
    perturbation: ClassVar[float] = 0.0  # how far along the gradient it is computed again, for the update
    adapts_rate: ClassVar[bool] = False  # `lr` is only where its own step sizes start from
    for_matrices: ClassVar[bool] = False  # treats the matrices of hidden layers in a way of their own
    needs_no_schedule: ClassVar[bool] = False  # it assumes a constant learning rate

    def with_lr(self, lr: float) -> Self:
        """The same with this learning rate."""
        return self.model_copy(update={"lr": lr})

    def lr_keys(self) -> tuple[str, ...]:
        """Where the option is in a config, below `optimizer`: ("adam", "lr")."""
        return (self.yaml_name, "lr")

    def slot_names(self) -> tuple[str, ...]:
        """The slots that these options need."""
        return self.slots

    def start(self, part: Part) -> None:
        """Before the first step: fills the slots that do not start from 0."""

    def update(self, part: Part, lr: float, step: int) -> None:
        """One step in place; step counts from 1.

        Weight decay applies to part.theta[:part.decayed], with `decay_all` to all of it.
        """
        raise NotImplementedError

    def with_options(self, options: dict[str, Any]) -> Self:
        """The same optimizer with other options, as a parameter group sets them."""
        return self.model_copy(update=options)

    def apply_product(
        self, part: Part, x: np.ndarray, dy: np.ndarray, lr: float, step: int, bfloat16: bool = False
    ) -> None:
        """`update` of a weight by its gradient x (M, K) transposed @ dy (M, N), bit for bit; part: theta and the slots are (K, N).

        With `bfloat16`, x and dy are rounded to it.
        """
        raise NotImplementedError

    def coupled_decay(self, part: Part) -> tuple[float, int]:
        """What kernels need to add `weight_decay p` to the gradient: the factor, and of how many parameters."""
        return self.weight_decay, self.decayed(part)

    def decoupled_decay(self, part: Part, lr: float) -> tuple[float, int]:
        """What kernels need for `p -= lr weight_decay p`, independent of the gradient: the same two numbers."""
        return lr * self.weight_decay, self.decayed(part)

    def decayed(self, part: Part) -> int:
        """How many parameters decay, from the first on."""
        return part.theta.size if self.decay_all else part.decayed
