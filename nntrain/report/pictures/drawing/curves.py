"""Curves: jagged lines with fewer points, and the steps at which a learning rate drops."""

from typing import Any

import numpy as np

Line = tuple[np.ndarray, np.ndarray]  # x and y of its points


def drops(lr: np.ndarray, at_least: float = 0.25) -> np.ndarray:
    """The steps (indices) before which the learning rate fell by a quarter or more.

    Empty for schedules that decrease gradually, although the last steps of a cosine may each halve a tiny rate.
    """
    before, after = lr[:-1], lr[1:]
    falls = after < before * (1 - 1e-9)
    jumps = falls & (after <= before * (1 - at_least))
    return np.flatnonzero(jumps) + 1 if 2 * jumps.sum() >= falls.sum() else np.empty(0, dtype=np.int64)


def thinned(x: np.ndarray, y: np.ndarray, columns: int = 1000) -> Line:
    """At most two points per column of the picture, the minimum and the maximum, so that a jagged line stays jagged.

    x (points,) ascending, y (points,) finite. The first and the last point are kept.
    """
    if len(x) <= 2 * columns:
        return x, y
    starts = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], columns, endpoint=False)))
    keep = {0, len(x) - 1}
    for start, end in zip(starts, [*starts[1:], len(x)], strict=True):
        keep |= {start + int(y[start:end].argmin()), start + int(y[start:end].argmax())}
    kept = np.sort(list(keep))
    return x[kept], y[kept]


def keep_smooth(axes: Any) -> None:
    """Draws the lines of these axes with all their points: matplotlib leaves out some, which puts corners into smooth curves."""
    for line in axes.lines:
        line.get_path().should_simplify = False


def dense(points: np.ndarray, spacing: float = 6.0) -> np.ndarray:
    """Points (n, 2) in pixels with interpolated points between them, about one every `spacing` pixels."""
    if len(points) < 2:
        return points
    points = points.clip(-1e4, 1e4)  # far outside the picture; avoids overflow
    length = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    at = np.linspace(0, length[-1], int(min(length[-1] / spacing, 20000)) + 2)
    return np.column_stack([np.interp(at, length, points[:, axis]) for axis in (0, 1)])
