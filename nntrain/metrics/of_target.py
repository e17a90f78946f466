"""Metrics of one of several targets: its own loss, and any other metric of its outputs."""

from functools import cache
from types import new_class
from typing import Any, cast

import numpy as np
from pydantic import PrivateAttr

from nntrain.losses import Loss
from nntrain.losses.weighted_sum import Term
from nntrain.metrics.metric import Metric, ratio
from nntrain.metrics.state import Sums


class OfTarget(Metric):
    """A metric that compares the outputs of one target alone, under a name that begins with that of the target."""

    _plain: Metric = PrivateAttr()
    _term: Term = PrivateAttr()

    @property
    def plain(self) -> Metric:
        """The metric itself."""
        return self._plain

    @property
    def term(self) -> Term:
        return self._term

    def check(self, loss: Loss, classes: int | None) -> None:
        """It was checked with the loss of its target."""

    def start(self, loss: Loss) -> Sums:
        return self._plain.start(self._term.loss)

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        rows, weight = self._term.rows(target, weight)
        y, loss = self._term.of(prediction), self._term.loss
        self._plain.add(sums, loss.point(y) if self._plain.compares_points(loss) else y, rows, weight)

    def merge(self, sums: Sums, others: Sums) -> None:
        self._plain.merge(sums, others)

    def value(self, sums: Sums) -> float | list[list[float]]:
        return self._plain.value(sums)

    def __reduce__(self) -> tuple[Any, ...]:
        name = self.yaml_name.removesuffix(f"_{self._plain.yaml_name}")
        return of_target, (name, self._plain, self._term)


class TargetLoss(Metric):
    """The loss of a target: the mean over the rows that have it."""

    _term: Term = PrivateAttr()

    def start(self, loss: Loss) -> Sums:
        return {"sum": 0.0, "count": 0.0}

    def add(self, sums: Sums, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None) -> None:
        no_gradient = np.empty((0, self._term.count), prediction.dtype)
        total, counted = self._term(prediction, target, weight, no_gradient)
        sums["sum"] += total
        sums["count"] += counted

    def value(self, sums: Sums) -> float:
        return ratio(sums["sum"], sums["count"])

    def __reduce__(self) -> tuple[Any, ...]:
        return loss_of_target, (self.yaml_name.removesuffix("_loss"), self._term)


def of_target(name: str, metric: Metric, term: Term) -> OfTarget:
    """The metric of a target, as `name_metric`."""
    found = cast(OfTarget, _named(OfTarget, f"{name}_{metric.yaml_name}", type(metric)).model_construct())
    found._plain, found._term = metric, term
    return found


def loss_of_target(name: str, term: Term) -> TargetLoss:
    """The loss of a target, as `name_loss`."""
    found = cast(TargetLoss, _named(TargetLoss, f"{name}_loss", None).model_construct())
    found._term = term
    return found


@cache
def _named(base: type[Metric], name: str, like: type[Metric] | None) -> type[Metric]:
    """The class with this name, and with what `like` says of its values."""
    made = cast(type[Metric], new_class(base.__name__, (base,)))
    made.__module__, made.yaml_name = __name__, name
    if like is not None:
        made.higher_is_better, made.scalar = like.higher_is_better, like.scalar
    return made
