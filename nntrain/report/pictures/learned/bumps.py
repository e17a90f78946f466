"""Bumps: the visual proof that one hidden layer can approximate any function: two sigmoids make a bump, bumps make the function."""

from typing import Any

import numpy as np

from nntrain.report.formats import number
from nntrain.report.pictures.drawing.axes import plain_ticks
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, ORANGE, PALE_INK, RED, SKY

BUMPS = 20
STEEPNESS = 160.0  # of a sigmoid, over the width of the grid: it rises within about half a bump


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def step(grid: np.ndarray, at: float) -> np.ndarray:
    """One hidden unit: weight k, bias -k at, which rises from 0 to 1 at a place of the grid."""
    k = STEEPNESS / (grid[-1] - grid[0])
    return sigmoid(k * (grid - at))


def by_hand(x: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges (BUMPS + 1,) of intervals over the data, and the heights (BUMPS,): the mean target of each."""
    edges = np.linspace(x.min(), x.max(), BUMPS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    place = np.clip(np.searchsorted(edges, x, "right") - 1, 0, BUMPS - 1)
    counts = np.bincount(place, minlength=BUMPS)
    heights = np.bincount(place, target, minlength=BUMPS) / np.maximum(counts, 1)
    order = np.argsort(x, kind="stable")
    return edges, np.where(counts > 0, heights, np.interp(middle, x[order], target[order]))


def bumps_of(grid: np.ndarray, edges: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """(bumps, grid): each the difference of two steps, times its height."""
    pairs = zip(edges[:-1], edges[1:], heights, strict=True)
    return np.stack([height * (step(grid, left) - step(grid, right)) for left, right, height in pairs])


def draw_bumps(panels: list[Any], grid: np.ndarray, x: np.ndarray, target: np.ndarray) -> None:
    """Four panels: two sigmoids, their difference, a bump for each interval, and their sum over the data."""
    edges, heights = by_hand(x, target)
    bumps = bumps_of(grid, edges, heights)
    inner = heights[1:-1]  # whose steps both lie within the data
    chosen = 1 + int(inner.argmax() if inner.max() > 0 else np.abs(inner).argmax())
    left, right, height = edges[chosen], edges[chosen + 1], heights[chosen]
    rising, falling = height * step(grid, left), -height * step(grid, right)
    first, second, third, last = panels
    first.plot(grid, rising, color=BLUE, linewidth=1.8)
    first.plot(grid, falling, color=ORANGE, linewidth=1.8)
    first.set_title(f"two sigmoids, times ±{number(abs(float(height)))}", fontsize=9)
    second.plot(grid, rising + falling, color=GREEN, linewidth=1.8)
    second.set_title("their sum is a bump", fontsize=9)
    for bump in bumps:
        third.plot(grid, bump, color=GREEN, linewidth=1.2)
    third.set_title(f"a bump for each of {len(bumps)} intervals", fontsize=9)
    last.plot(x, target, "o", color=SKY, markersize=2, alpha=0.6, markeredgewidth=0)
    last.plot(grid, bumps.sum(axis=0), color=RED, linewidth=1.8)
    last.set_title(f"their sum: {2 * len(bumps)} units, by hand", fontsize=9)
    plain_ticks(last)
    for axes in panels[:3]:
        axes.axhline(0, color=PALE_INK, linewidth=0.6)
        axes.title.set_color(INK)
        plain_ticks(axes)
