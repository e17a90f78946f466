"""Fit: a function of one number, beside what a network made of it."""

from pathlib import Path

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.pictures.page import BLACK, BLUE, GREEN, RED, SKY
from nntrain.report.words import number, plain


def draw_fit(
    run_folder: str | Path,
    x: np.ndarray,
    target: np.ndarray,
    grid: np.ndarray,
    prediction: np.ndarray,
    truth: np.ndarray | None = None,
    test_x: np.ndarray | None = None,
    test_target: np.ndarray | None = None,
    labels: tuple[str, str] = ("x", "y"),
) -> None:
    """Draws what a network with one input and one output made of its data into fit.png.

    x, target (samples,): the training data. grid, prediction (points,): the network's curve. truth (points,): the true
    function on the same grid, where it is known. test_x, test_target (test samples,): data that training did not see.
    Columns (n, 1) count as (n,).
    """
    x, target, grid, prediction = (np.ravel(a) for a in (x, target, grid, prediction))
    order = np.argsort(grid, kind="stable")
    with page.styled():
        figure = page.new_figure()
        axes = figure.subplots()
        crowded = len(x) > 2000
        axes.plot(
            x,
            target,
            "o",
            color=SKY,
            markersize=page.marker_size(len(x)),
            alpha=0.45 if crowded else 0.75,
            zorder=2,
            markeredgecolor=BLUE,
            markeredgewidth=0 if crowded else 0.5,
            label=f"training data ({len(x):,})",
        )
        if test_x is not None and test_target is not None:
            test_x, test_target = np.ravel(test_x), np.ravel(test_target)
            axes.plot(
                test_x,
                test_target,
                "^",
                color=GREEN,
                markersize=page.marker_size(len(test_x)),
                alpha=0.75,
                zorder=2.5,
                markeredgewidth=0,
                label=f"test data ({len(test_x):,})",
            )
        axes.plot(grid[order], prediction[order], color=RED, linewidth=2.4, zorder=4, label="network")
        scores = ""
        if truth is not None:
            truth = np.ravel(truth)
            axes.plot(
                grid[order],
                truth[order],
                color=BLACK,
                linewidth=1.4,
                linestyle=(0, (5, 2.5)),
                zorder=5,
                label="true function",
            )
            gap = np.abs(prediction - truth)
            scores = f"network against the true function: root mean square {number(rms(gap))}, at most {number(gap.max())} apart"
        axes.set_xlabel(plain(labels[0]), parse_math=False)
        axes.set_ylabel(plain(labels[1]), parse_math=False)
        axes.grid(True)
        axes.margins(x=0.02)
        top = page.title(figure, Path(run_folder).resolve().name, [[scores]] if scores else [])
        page.set_margins(figure, top)
        page.place_legend(figure, axes)
        page.save(figure, Path(run_folder) / "fit.png")


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
