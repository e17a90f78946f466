"""Axes: logarithmic axes of any length with readable ticks."""

import itertools
import math
from collections.abc import Iterable
from typing import Any

from nntrain.report.formats import short


def scale(
    axes: Any, low: float, high: float, logarithmic: bool, most: int = 7, levels: list[float] | None = None
) -> int:
    """Sets the y axis from `low` to `high` with about `most` readable ticks, or with ticks at `levels` where their labels do not overlap.

    Returns the number of letters of the longest label.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, ScalarFormatter

    if not logarithmic:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(most))
        axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
        return max(len(short(tick)) for tick in axes.get_yticks())
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks, between = log_ticks(low, high, most)
    apart = (high / low) ** (1 / 6)  # a label takes a sixth of the axis
    if levels and len(levels) <= most and all(b > a * apart for a, b in itertools.pairwise(levels)):
        ticks, between = levels, []
    if most <= 4:  # a low panel, whose labels would overlap
        ticks = apart_by(ticks, apart)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    labels = tick_labels(ticks)
    axes.yaxis.set_major_formatter(FixedFormatter(labels))
    axes.yaxis.set_minor_locator(FixedLocator(between if most > 4 else []))
    axes.yaxis.set_minor_formatter(FixedFormatter([""] * len(between)))
    return max(map(len, labels), default=0)


def apart_by(ticks: list[float], factor: float) -> list[float]:
    """The ticks, from the largest down, without those that are closer than `factor` to the one before."""
    kept: list[float] = []
    for tick in sorted(ticks, reverse=True):
        if not kept or kept[-1] >= tick * factor:
            kept.append(tick)
    return kept[::-1]


def log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[float]]:
    """Labelled ticks and unlabelled minor ticks of a logarithmic axis, which may also be much shorter than a decade."""
    from matplotlib.ticker import MaxNLocator

    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = math.log10(high / low)

    def inside(values: Iterable[float]) -> list[float]:
        return [float(f"{v:.12g}") for v in values if low <= v <= high]

    if decades < 0.7:
        return inside(MaxNLocator(most - 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)), []
    between = inside(digit * 10.0**p for p in exponents for digit in range(2, 10))
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = inside(digit * 10.0**p for p in exponents for digit in digits)
        if len(ticks) <= most + 1:
            return ticks, [v for v in between if v not in ticks]
    stride = math.ceil(decades / most)
    return inside(10.0**p for p in exponents if p % stride == 0), inside(
        10.0**p for p in exponents if p % stride
    )


def tick_labels(ticks: list[float]) -> list[str]:
    """The shortest labels that differ: 0.01, 1, 300, 2e-5; but 0.69300 next to 0.69325."""
    if len(ticks) < 2 or max(ticks) > 2 * min(ticks):
        return [f"{tick:,.6g}" if 1e-3 <= tick < 1e6 else short(tick) for tick in ticks]
    power = math.floor(math.log10(max(ticks))) if not 1e-3 <= max(ticks) < 1e6 else 0
    mantissas = [tick / 10.0**power for tick in ticks]
    decimals = next(
        d for d in range(17) if all(math.isclose(round(m, d), m, rel_tol=1e-10) for m in mantissas)
    )
    return [f"{m:,.{decimals}f}" + (f"e{power}" if power else "") for m in mantissas]


def whole_numbers(end: float) -> Any:
    """Ticks for an axis of epochs or steps from 0 to `end`."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(10, integer=end >= 2, steps=[1, 2, 5, 10])


def plain_ticks(axes: Any) -> int:
    """Labels the ticks of both linear axes as people write numbers: 0.25, 20,000, 1.5e-5.

    Returns the number of letters of the longest label of the y axis, whose limits must be final.
    """
    plain_labels(axes.xaxis)
    return plain_labels(axes.yaxis)


def plain_labels(axis: Any) -> int:
    """The same for one axis. Returns the number of letters of its longest label."""

    def label(value: float, place: int | None = None) -> str:
        value = float(f"{value:.10g}")  # not 0.30000000000000004
        return f"{value:,.6g}" if value == 0 or 1e-3 <= abs(value) < 1e6 else short(value)

    axis.set_major_formatter(label)
    low, high = sorted(axis.get_view_interval())
    return max((len(label(tick)) for tick in axis.get_ticklocs() if low <= tick <= high), default=0)
