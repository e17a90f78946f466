"""Outcome: the functions that make probabilities, or values on the scale of the targets, of a network's outputs.

They have names, so that an exported network can apply them too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


def sigmoid(y: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -y))


def softmax(y: np.ndarray) -> np.ndarray:
    powers = np.exp(y - y.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def shares(y: np.ndarray) -> np.ndarray:
    """The share of each output in the sum of the positive ones; equal shares where none is positive."""
    positive = y.clip(0, None)
    total = positive.sum(axis=1, keepdims=True)
    return np.where(total > 0, positive / np.where(total > 0, total, 1), 1 / y.shape[1])


def two_classes(y: np.ndarray) -> np.ndarray:
    """The probabilities of both classes from the logit of the second."""
    return np.concatenate([sigmoid(-y), sigmoid(y)], axis=1)


def side(y: np.ndarray) -> np.ndarray:
    """1 for the class on whose side of 0 the output is: the second above it."""
    return np.concatenate([y <= 0, y > 0], axis=1).astype(np.float64)


def mean_std(y: np.ndarray) -> np.ndarray:
    """Means and standard deviations in turn, from means and logarithms of variances."""
    found = y.copy()
    found[:, 1::2] = np.exp(y[:, 1::2] / 2)
    return found


@dataclass(frozen=True)
class Scaled:
    """y * factor + shift, with one value of each per output: outputs of a network that learned standardized targets."""

    factor: tuple[float, ...]
    shift: tuple[float, ...]

    def __call__(self, y: np.ndarray) -> np.ndarray:
        found: np.ndarray = y * np.array(self.factor) + np.array(self.shift)
        return found


@dataclass(frozen=True)
class Sliced:
    """Steps of their own for neighbouring outputs: the outputs of several targets. Each part has as many values as outputs."""

    parts: tuple[tuple[int, tuple["Step", ...]], ...]  # the number of outputs, and their steps

    def __call__(self, y: np.ndarray) -> np.ndarray:
        ends = np.cumsum([count for count, _ in self.parts])[:-1]
        pieces = np.split(y, ends, axis=1)
        return np.concatenate(
            [apply(steps, piece) for piece, (_, steps) in zip(pieces, self.parts, strict=True)], axis=1
        )


Step = str | Scaled | Sliced  # the name of a function, or one with numbers of its own

# From (rows, outputs) to (rows, outputs); two_classes and side to (rows, 2).
FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "shares": shares,
    "two_classes": two_classes,
    "side": side,
    "mean_std": mean_std,
}


def apply(steps: Sequence[Step], outputs: np.ndarray) -> np.ndarray:
    """The functions in order, in float64."""
    values = outputs.astype(np.float64)
    for step in steps:
        values = FUNCTIONS[step](values) if isinstance(step, str) else step(values)
    return values
