"""Weighted sum: the loss of several targets of different kinds, each with a loss, neighbouring outputs and a target column of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import PrivateAttr

from nntrain.errors import ConfigError
from nntrain.heads import Head, rows_of_head
from nntrain.losses.loss import Loss
from nntrain.losses.outcome import Sliced, Step, apply, shares
from nntrain.losses.targets import Targets


@dataclass(frozen=True, eq=False)
class Term:
    """The loss of one head: which outputs of the network it sees, and which column of the targets."""

    head: Head
    loss: Loss  # of the targets in their unit
    weight: float
    column: int
    outputs: slice

    def rows(self, target: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """The targets and weights of a batch as the loss takes them; see `rows_of_head`."""
        return rows_of_head(self.head, target[:, self.column], weight)

    def of(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, some): its outputs among those of the network."""
        return np.ascontiguousarray(prediction[:, self.outputs])

    @property
    def count(self) -> int:
        """The number of its outputs."""
        return self.outputs.stop - self.outputs.start

    def __call__(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None, gradient: np.ndarray
    ) -> tuple[float, float]:
        """`Loss.__call__` for all outputs and all targets. With no target at all, both numbers and the gradient are 0."""
        rows, weight = self.rows(target, weight)
        y = self.of(prediction)
        counted = self.loss.counted(y, rows, weight)
        if not counted:
            gradient[...] = 0
            return 0.0, 0.0
        return self.loss(y, rows, weight, gradient)

    def steps(self) -> tuple[Step, ...]:
        """How what it predicts follows from its outputs: the number; or the probability of each class, of two that of the second."""
        if not self.head.classes:
            return self.loss.value_steps(self.count)
        if self.loss.binary:
            return ("sigmoid",) if self.loss.probabilistic else ()
        functions = self.loss.probability_functions
        return (*self.loss.value_functions, shares.__name__) if functions is None else functions

    def names(self) -> tuple[str, ...]:
        """The names of what it predicts."""
        name, classes = self.head.name, self.head.classes
        if not classes:
            return self.loss.value_names((name,))
        if not self.loss.probabilistic:
            return (f"margin({name}: {classes[1]})",)
        return tuple(f"p({name}: {each})" for each in (classes[1:] if self.loss.binary else classes))

    def targets_of(self, targets: Targets) -> Targets | None:
        """Those of this head alone; None where all are missing."""
        rows, weight = self.rows(targets.rows, targets.weight)
        assert weight is not None
        known = weight > 0
        if not known.any():
            return None
        return Targets(rows[known], weight[known], self.count)


class WeightedSum(Loss):
    """The sum of the losses of several targets, times their weights, each a mean over all rows.

    A row without a value of a target adds nothing to its loss. The config's `targets` make this loss; it is bound to the data once
    their classes are known.
    """

    targets: ClassVar = "real"
    from_logits: ClassVar[bool] = True  # no function of all outputs suits each target
    mean_over_outputs: ClassVar[bool] = False
    follows_scale: ClassVar[bool] = False
    squares_targets: ClassVar[bool] = True

    _terms: tuple[Term, ...] = PrivateAttr(())

    @property
    def terms(self) -> tuple[Term, ...]:
        return self._terms

    @property
    def bound(self) -> bool:
        """Whether it knows the data."""
        return bool(self._terms)

    def required_outputs(self, classes: int | None, targets: int | None) -> int:
        return self._terms[-1].outputs.stop

    def check_targets(self, target: np.ndarray) -> None:
        for term in self._terms:
            column = np.asarray(target)[:, term.column]
            if not term.head.classes:
                try:
                    term.loss.check_targets(column[~np.isnan(column)][:, None])
                except ConfigError as error:
                    raise ConfigError(f"{term.head.name}: {error.message}", error.hint) from None

    def __call__(
        self, prediction: np.ndarray, target: np.ndarray, weight: np.ndarray | None, gradient: np.ndarray
    ) -> tuple[float, float]:
        rows = self.counted(prediction, target, weight)
        total = 0.0
        for term in self._terms:
            part = np.empty((len(gradient), term.count), gradient.dtype)
            found, counted = term(prediction, target, weight, part)
            # The term's own mean is over `counted`; here all rows count, so that batches and shards can be added up.
            share = term.weight / term.loss.row_weight(term.count)
            total += share * found
            if len(gradient):
                gradient[:, term.outputs] = part * (share * counted / rows) if rows else 0
        return total, rows

    def values(self, prediction: np.ndarray) -> np.ndarray:
        return apply(self.value_steps(prediction.shape[1]), prediction)

    def point(self, prediction: np.ndarray) -> np.ndarray:
        """(rows, heads) float64: numbers, and the numbers of the predicted classes."""
        return np.stack([point_of(term, term.of(prediction)) for term in self._terms], axis=1)

    def value_names(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for term in self._terms for name in term.names())

    def value_steps(self, outputs: int) -> tuple[Step, ...]:
        return (Sliced(tuple((term.count, term.steps()) for term in self._terms)),)

    def best_constant(self, targets: Targets) -> np.ndarray:
        return np.concatenate([constant_of(term, targets) for term in self._terms])

    def best_at_mean(self, targets: Targets) -> np.ndarray | None:
        found = []
        for term in self._terms:
            own = term.targets_of(targets)
            mean = None if own is None else term.loss.best_at_mean(own)
            found.append(constant_of(term, targets) if mean is None else mean)
        return np.concatenate(found)


def point_of(term: Term, y: np.ndarray) -> np.ndarray:
    """(rows,) float64: the number that a head predicts, or the number of the class."""
    if not term.head.classes:
        return term.loss.point(y)[:, 0]
    return (y[:, 0] > 0 if term.count == 1 else y.argmax(axis=1)).astype(np.float64)


def constant_of(term: Term, targets: Targets) -> np.ndarray:
    """(outputs,) float64: the best constant outputs of a head; 0 where no target is known."""
    own = term.targets_of(targets)
    return np.zeros(term.count) if own is None else term.loss.best_constant(own)


def weighted_sum(terms: Iterable[Term] = ()) -> WeightedSum:
    """The loss of these terms; without any, the one that waits for its data."""
    found = WeightedSum.model_construct()
    found._terms = tuple(terms)
    return found


WeightedSum.yaml_name = "weighted_sum"
