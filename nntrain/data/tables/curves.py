"""Curves: functions that bend single columns of numbers before they are shifted and scaled: a logarithm, or quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

KNOTS = 100  # of a curve of quantiles
NEAREST = 1e-5  # of the largest number: closer knots are one, so that float32 can tell them apart


@dataclass(frozen=True)
class Curve:
    """sign(x) log(1 + |x|), or linear interpolation between the knots (x, y), constant outside, where there are any."""

    place: int  # the column's position among the features
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Of the same shape; NaN stays NaN."""
        if self.x:
            return np.interp(values, self.x, self.y)
        found: np.ndarray = np.sign(values) * np.log1p(np.abs(values))
        return found

    def undone(self, values: np.ndarray) -> np.ndarray:
        """Numbers whose curve these are."""
        if self.x:
            return np.interp(values, self.y, self.x)
        found: np.ndarray = np.sign(values) * np.expm1(np.abs(values))
        return found


def quantiles(place: int, values: np.ndarray, weight: np.ndarray | None) -> Curve:
    """The curve that gives a column the normal distribution: each quantile of the values becomes that of the normal distribution.

    weight: of each value, or None. Equal quantiles are one knot, in the middle of theirs.
    """
    levels = (np.arange(KNOTS) + 0.5) / KNOTS
    found = np.quantile(values, levels, weights=weight, method="linear" if weight is None else "inverted_cdf")
    normal = np.array([NormalDist().inv_cdf(level) for level in levels.tolist()])
    number = np.cumsum(np.diff(found, prepend=found[0]) > NEAREST * np.abs(found).max())
    counts = np.bincount(number)
    x, y = (np.bincount(number, each) / counts for each in (found, normal))
    return Curve(place, tuple(x.tolist()), tuple(y.tolist()))


def curved(x: np.ndarray, curves: Sequence[Curve]) -> np.ndarray:
    """x (rows, features) with the curves of its columns, in float64; x itself where there are none."""
    if not curves:
        return x
    found = np.array(x, np.float64)
    for curve in curves:
        found[..., curve.place] = curve(found[..., curve.place])
    return found


def uncurved(x: np.ndarray, curves: Sequence[Curve]) -> np.ndarray:
    """The inverse of `curved`."""
    found = np.array(x, np.float64)
    for curve in curves:
        found[..., curve.place] = curve.undone(found[..., curve.place])
    return found
