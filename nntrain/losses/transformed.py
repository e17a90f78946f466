"""Transformed: a loss of standardized targets, or of their logarithm, whose values are in the unit of the targets."""

from dataclasses import replace
from functools import cache
from types import new_class
from typing import Any, ClassVar, cast

import numpy as np
from pydantic import PrivateAttr

from nntrain.errors import ConfigError
from nntrain.losses.loss import Loss
from nntrain.losses.outcome import Scaled, Step
from nntrain.losses.targets import Targets
from nntrain.target_transform import TargetTransform


class Transformed(Loss):
    """Takes targets in their unit and transforms them for the loss that the config names.

    The class of an object is also a subclass of that of the loss, so that it has its name, its options and its properties.
    """

    follows_scale: ClassVar[bool] = False
    squares_targets: ClassVar[bool] = False

    _plain: Loss = PrivateAttr()
    _transform: TargetTransform = PrivateAttr()

    def __call__(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None, gradient: np.ndarray
    ) -> tuple[float, float]:
        return self._plain(prediction, self._transform(target), weight, gradient)

    def values(self, prediction: np.ndarray) -> np.ndarray:
        return self._in_unit(self._plain.values(self._scaled(prediction.shape[1])(prediction)))

    def point(self, prediction: np.ndarray) -> np.ndarray:
        return self._in_unit(self._plain.point(self._scaled(prediction.shape[1])(prediction)))

    def value_steps(self, outputs: int) -> tuple[Step, ...]:
        last = ("exp",) if self._transform.log else ()
        return (self._scaled(outputs), *self._plain.value_steps(outputs), *last)

    def value_slopes(self, prediction: np.ndarray) -> np.ndarray:
        scaled = self._scaled(prediction.shape[1])
        slopes = np.broadcast_to(np.array(scaled.factor), prediction.shape)
        return slopes * np.exp(scaled(prediction)) if self._transform.log else slopes

    def best_constant(self, targets: Targets) -> np.ndarray:
        return self._plain.best_constant(replace(targets, rows=self._transform(targets.rows)))

    def outputs_of(self, mean: np.ndarray) -> np.ndarray:
        return self._plain.outputs_of(self._transform(mean))

    def check_targets(self, target: np.ndarray) -> None:
        target = np.asarray(target)
        if self._transform.log:
            require_positive(target)
        self._plain.check_targets(self._transform(target))

    def _scaled(self, outputs: int) -> Scaled:
        """What gives the network's outputs the scale of the targets, or of their logarithm."""
        statistics = self._transform.statistics(outputs // self._plain.outputs_per_target)
        found = self._plain.unstandardized(*statistics)
        assert found is not None  # see require_transformable
        shift, factor = found
        return Scaled(tuple(factor.tolist()), tuple(shift.tolist()))

    def _in_unit(self, values: np.ndarray) -> np.ndarray:
        return np.exp(values) if self._transform.log else values

    def __eq__(self, other: object) -> bool:
        """Compares what the config says."""
        return self._plain == (other._plain if isinstance(other, Transformed) else other)

    __hash__ = Loss.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return transformed, (self._plain, self._transform)


def transformed(loss: Loss, transform: TargetTransform | None) -> Loss:
    """The loss of targets that a transform prepares; the loss itself without one."""
    if transform is None or isinstance(loss, Transformed):
        return loss
    found = _subclass(type(loss)).model_construct(**dict(loss))
    found._plain, found._transform = loss, transform
    return found


@cache
def _subclass(kind: type[Loss]) -> type[Transformed]:
    made = cast(type[Transformed], new_class(f"Transformed{kind.__name__}", (Transformed, kind)))
    made.__module__ = __name__
    made.yaml_name = kind.yaml_name
    return made


def require_transformable(loss: Loss, log: bool) -> None:
    """Raises ConfigError for a loss whose outputs are on a scale of their own, such as the logarithm of a rate."""
    if loss.unstandardized(np.zeros(1), np.ones(1)) is None:
        raise ConfigError(
            f"{loss.yaml_name} needs its targets in their own unit",
            "Remove this line, or use a loss such as mse, mae or huber.",
        )
    if log and loss.value_functions:
        raise ConfigError(
            f"what {loss.yaml_name} predicts of a logarithm cannot be given in the unit of the targets",
            "Set `target_transform: standard`, or use the loss quantile.",
        )


def require_positive(target: np.ndarray) -> None:
    """Raises ConfigError for targets without a logarithm."""
    outside = target[~(target > 0)]
    if outside.size:
        raise ConfigError(
            f"the logarithm of a target requires numbers above 0. Received: {outside[0]:g}",
            "Set `target_transform: standard`, or fix the targets.",
        )
