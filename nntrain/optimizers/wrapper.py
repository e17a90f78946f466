"""Wrapper: the base class of optimizers that change what another optimizer, `base`, does."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from nntrain.optimizers.optimizer import Optimizer
from nntrain.optimizers.part import Part


class Wrapper(Optimizer):
    """All that it does not change is its base's: the update, the state, the learning rate. A member declares the option `base`."""

    if TYPE_CHECKING:
        base: Optimizer

    # Options of the base, and none of the wrapper: only a class variable takes the place of a field.
    weight_decay: ClassVar[Any] = property(lambda self: self.base.weight_decay)  # type: ignore[misc]
    decay_all: ClassVar[Any] = property(lambda self: self.base.decay_all)  # type: ignore[misc]

    @property  # type: ignore[misc]
    def lr(self) -> float:
        return self.base.lr

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        return self.base.elementwise

    @property
    def average_slot(self) -> str:  # type: ignore[override]
        return self.base.average_slot

    @property
    def adapts_rate(self) -> bool:  # type: ignore[override]
        return self.base.adapts_rate

    @property
    def for_matrices(self) -> bool:  # type: ignore[override]
        return self.base.for_matrices

    @property
    def needs_no_schedule(self) -> bool:  # type: ignore[override]
        return self.base.needs_no_schedule

    @property
    def perturbation(self) -> float:  # type: ignore[override]
        return self.base.perturbation

    def with_lr(self, lr: float) -> Self:
        return self.model_copy(update={"base": self.base.with_lr(lr)})

    def with_options(self, options: dict[str, Any]) -> Self:
        return self.model_copy(update={"base": self.base.with_options(options)})

    def lr_keys(self) -> tuple[str, ...]:
        return (self.yaml_name, "base", *self.base.lr_keys())

    def slot_names(self) -> tuple[str, ...]:
        return self.base.slot_names()

    def start(self, part: Part) -> None:
        self.base.start(part)

    def update(self, part: Part, lr: float, step: int) -> None:
        self.base.update(part, lr, step)
