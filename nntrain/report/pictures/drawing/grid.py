"""Grid: evenly spaced points over the inputs of a data set, and a little beyond."""

import numpy as np


def grid_over(x: np.ndarray, points: int, margin: float = 0.08) -> list[np.ndarray]:
    """For each column of x (samples, inputs) `points` positions that cover its range with a margin on both sides."""
    low, high = x.min(0), x.max(0)
    beyond = np.where(high > low, (high - low) * margin, 1.0)
    return [np.linspace(a, b, points) for a, b in zip(low - beyond, high + beyond, strict=True)]


def outer_edges(centres: np.ndarray) -> tuple[float, float]:
    """The outer edges of the first and the last cell of a grid of cell centres."""
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    return centres[0] - half, centres[-1] + half


def nearest(grid: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The index of the grid's point nearest to each value."""
    place = np.rint((values - grid[0]) / (grid[-1] - grid[0]) * (len(grid) - 1))
    return np.clip(place.astype(int), 0, len(grid) - 1)
