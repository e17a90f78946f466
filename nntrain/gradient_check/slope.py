"""Slope: backprop's derivative along one direction against finite differences, and which disagreements are kinks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

TOLERANCE = 1e-6  # relative
FIRST_STEP = 1e-5
STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)  # wide: little rounding; narrow: fewer kinks within a step
BLURRED = 1e-3  # a relative rounding error beyond which differences prove nothing

LossAt = Callable[[float], float]  # of the length of the step along the direction


class Verdict(Enum):
    AGREES = "agrees"
    DIFFERS = "differs"
    KINK = "kink"  # the loss has a kink too near to tell


@dataclass(frozen=True)
class Comparison:
    verdict: Verdict
    numeric: float
    abs_error: float
    rel_error: float


@dataclass(frozen=True)
class Differences:
    """The slope by differences over the steps h and h / 2, and how far they are from those of a smooth function.

    `roughness`: a smooth loss has differences of both sides that approach each other in proportion to the step, and central
    ones that agree. A kink at distance d < h bends one of both; the slope is then wrong by at most 1.2 times the roughness.
    """

    slope: float
    roughness: float

    @classmethod
    def over(cls, h: float, loss_at: LossAt, here: float) -> "Differences":
        def sides(h: float) -> tuple[float, float]:
            return (loss_at(h) - here) / h, (here - loss_at(-h)) / h

        (right, left), (near_right, near_left) = sides(h), sides(h / 2)
        wide, near = (right + left) / 2, (near_right + near_left) / 2
        jump = 2 * (near_right - near_left) - (right - left)
        return cls((4 * near - wide) / 3, max(abs(jump), abs(wide - near)))


def compare(backprop: float, loss_at: LossAt, here: float, largest: float, noise: float) -> Comparison:
    """Compares `backprop` with the slope of `loss_at` at 0, where the loss is `here`.

    largest: the largest derivative of the tensor; `noise`: the rounding error of a loss.

    The slope is taken over the widest step over which the loss is smooth, whatever backprop's value is. Only there does a
    disagreement count. If there is no such step, there is a kink, such as ReLU's at 0.
    """

    def size(slope: float) -> float:
        return max(abs(backprop), abs(slope), 1e-3 * largest, 1e-8)

    def found(verdict: Verdict, slope: float, rounding: float = 0.0) -> Comparison:
        error = abs(backprop - slope)
        return Comparison(verdict, slope, error, max(error - rounding, 0.0) / size(slope))

    right = (loss_at(FIRST_STEP) - here) / FIRST_STEP
    left = (here - loss_at(-FIRST_STEP)) / FIRST_STEP
    slope = (right + left) / 2
    if not np.isfinite([backprop, right, left]).all():
        return Comparison(Verdict.DIFFERS, slope, np.nan, np.nan)
    straight = abs(right - left) <= 1e-3 * size(slope)
    if straight and abs(backprop - slope) <= TOLERANCE * size(slope):  # six digits are no coincidence
        return found(Verdict.AGREES, slope)
    rougher = np.inf  # the roughness over the step before
    for h in STEPS:
        differences = Differences.over(h, loss_at, here)
        slope, rounding = differences.slope, 3 * noise / h
        if not np.isfinite(slope):
            continue
        allowed = TOLERANCE * size(slope)
        visible = allowed + 6 * rounding  # a smaller roughness may be rounding
        if differences.roughness <= visible:
            if rounding > BLURRED * size(slope):
                break
            if abs(backprop - slope) <= allowed + rounding + differences.roughness:
                return found(Verdict.AGREES, slope, rounding + differences.roughness)
            # A kink that was seen over the step before may be there still, below the rounding error.
            if visible <= rougher / 2 or abs(backprop - slope) > 10 * rougher:
                return found(Verdict.DIFFERS, slope)
            break
        rougher = differences.roughness
    return found(Verdict.KINK, slope)
