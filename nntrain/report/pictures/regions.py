"""Regions: which class a network with two inputs sees where."""

import math
from pathlib import Path

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.pictures.page import CLASS_COLOURS, CLASS_MARKERS, INK
from nntrain.report.words import plain, shortened


def draw_decision(
    run_folder: str | Path,
    x: np.ndarray,
    target: np.ndarray,
    grid_x: np.ndarray,
    grid_y: np.ndarray,
    prediction: np.ndarray,
    class_names: list[str] | None = None,
    labels: tuple[str, str] = ("x1", "x2"),
) -> None:
    """Draws which class a network with two inputs sees where, and the samples, into regions.png.

    x (samples, 2), target (samples,): classes from 0. grid_x (columns,), grid_y (rows,): see `grid_over`; prediction
    (rows, columns): the class at each point, or (rows, columns, classes): probabilities, which pale where they are unsure.
    """
    target = np.ravel(target).astype(int)
    probability = prediction if prediction.ndim == 3 else None
    winner = prediction.astype(int) if probability is None else probability.argmax(-1)
    classes = 1 + max(
        int(target.max(initial=0)), int(winner.max()), 0 if probability is None else probability.shape[-1] - 1
    )
    names = [*(class_names or []), *(f"class {i}" for i in range(len(class_names or []), classes))]
    with page.styled():
        figure = page.new_figure(7.2, 7.2)
        axes = figure.subplots()
        axes.imshow(
            region_colours(winner, probability),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            zorder=0,
            extent=(*outer_edges(grid_x), *outer_edges(grid_y)),
        )
        for i in range(classes):
            if (winner == i).any() and (winner != i).any():
                axes.contour(
                    grid_x,
                    grid_y,
                    lead(i, winner, probability),
                    levels=[0],
                    colors=[INK],
                    linewidths=0.9,
                    zorder=1,
                )
        for i in range(classes):
            own = target == i
            axes.plot(
                x[own, 0],
                x[own, 1],
                CLASS_MARKERS[(i + i // 8) % 8],
                color=CLASS_COLOURS[i % 8],
                linestyle="none",
                markersize=page.marker_size(len(x)) + 1,
                markeredgecolor="white",
                markeredgewidth=0.6,
                zorder=3,
                label=shortened(plain(names[i]), 20),
            )
        axes.set_xlabel(plain(labels[0]), parse_math=False)
        axes.set_ylabel(plain(labels[1]), parse_math=False)
        astray = np.count_nonzero(winner[nearest(grid_y, x[:, 1]), nearest(grid_x, x[:, 0])] != target)
        told = f"{len(x):,} samples, {astray:,} of them in the region of another class"
        columns = 5 if max(map(len, names)) <= 10 else 3
        page.set_margins(
            figure,
            page.title(figure, Path(run_folder).resolve().name, [[told]], math.ceil(classes / columns)),
        )
        page.place_legend(figure, axes, columns)
        page.save(figure, Path(run_folder) / "regions.png")


def lead(i: int, winner: np.ndarray, probability: np.ndarray | None) -> np.ndarray:
    """How far class i leads over the next best (rows, columns); its border runs where that is 0."""
    if probability is not None:
        return probability[..., i] - np.delete(probability, i, axis=-1).max(-1)
    # Without probabilities a border can only follow the cells; the mean of 5 x 5 cells takes the corners off.
    padded = np.pad((winner == i).astype(float), 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).mean((-2, -1)) - 0.5


def grid_over(x: np.ndarray, cells: int = 400, margin: float = 0.08) -> list[np.ndarray]:
    """For each column of x (samples, inputs) the `cells` places that reach over all samples and a little beyond."""
    low, high = x.min(0), x.max(0)
    beyond = np.where(high > low, (high - low) * margin, 1.0)
    return [np.linspace(a, b, cells) for a, b in zip(low - beyond, high + beyond, strict=True)]


def region_colours(winner: np.ndarray, probability: np.ndarray | None) -> np.ndarray:
    """Pale colours (rows, columns, 3), the paler the less the network is sure."""
    palette = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in CLASS_COLOURS])
    sure = np.full(winner.shape, 0.35)
    if probability is not None and (classes := probability.shape[-1]) > 1:
        sure = 0.06 + 0.39 * (probability.max(-1) - 1 / classes) / (1 - 1 / classes)
    return 1 - sure[..., None] * (1 - palette[winner % 8])


def outer_edges(centres: np.ndarray) -> tuple[float, float]:
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    return centres[0] - half, centres[-1] + half


def nearest(grid: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The index of the grid's point next to each value."""
    return np.clip(
        np.rint((values - grid[0]) / (grid[-1] - grid[0]) * (len(grid) - 1)).astype(int), 0, len(grid) - 1
    )
