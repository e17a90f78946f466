"""Forecast: what became of a few series, beside what a network foretold."""

from pathlib import Path

import numpy as np

from nntrain.report.pictures import page
from nntrain.report.pictures.page import BLACK, PALE_INK, RED
from nntrain.report.words import plain


def draw_forecast(
    run_folder: str | Path,
    before: np.ndarray,
    truth: np.ndarray,
    prediction: np.ndarray,
    what: str,
    label: str = "value",
) -> None:
    """Draws forecasts into forecast.png, each in a panel of its own: a run of values, and what came next.

    before (panels, steps), truth and prediction (panels, steps ahead); what: a line that says which ones they are.
    """
    panels, past = before.shape
    ahead = np.arange(1, truth.shape[1] + 1)
    with page.styled():
        figure = page.new_figure(page.WIDTH, 1.2 + 1.7 * panels)
        rows = figure.subplots(panels, sharex=True, squeeze=False)[:, 0]
        for axes, values, came, told in zip(rows, before, truth, prediction, strict=True):
            axes.axvline(0.5, color="#BBBBBB", linewidth=1)
            axes.plot(np.arange(1 - past, 1), values, color=PALE_INK, linewidth=1.2, label="seen before")
            axes.plot(
                ahead,
                came,
                color=BLACK,
                linewidth=1.2,
                linestyle=(0, (4, 2)),
                marker="o",
                markersize=3,
                label="what came",
            )
            axes.plot(ahead, told, color=RED, linewidth=1.8, marker="s", markersize=3.5, label="foretold")
            axes.grid(True)
            axes.margins(x=0.02)
            axes.set_ylabel(plain(label), parse_math=False)
        rows[-1].set_xlabel("steps from now")
        page.set_margins(figure, page.title(figure, Path(run_folder).resolve().name, [[what]]))
        page.place_legend(figure, rows[0])
        page.save(figure, Path(run_folder) / "forecast.png")
