"""Sequences that are mistaken, as lines; where each step has a target, the step is marked; forecasts are drawn after the past."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.computing.sequences import unpadded
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLACK, CLASS_COLOURS, PALE_INK, RED
from nntrain.report.pictures.judging.predictions import Judged

SHOWN, FEATURES = 6, 4


def collect(rows: Judged, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """x (mistakes, steps, features), NaN after the end; features; `of` how many there are; step (mistakes,), -1 where each sequence
    has one target; actual, forecast (mistakes, steps ahead) of a series, else empty.
    """
    from nntrain.data.sequences.windows import Windows

    data, samples = rows.data, rows.sample[chosen]
    x, names = unpadded(data, samples)
    total = x.shape[2]
    ahead = isinstance(data.target, Windows) and rows.kind == "numbers" and rows.step is None and total == 1
    return {
        "x": x[..., :FEATURES],
        "features": np.array(names[:FEATURES]),
        "of": np.array(total),
        "step": np.full(len(samples), -1) if rows.step is None else rows.step[chosen],
        "actual": np.asarray(rows.target[chosen], np.float64) if ahead else np.empty((len(samples), 0)),
        "forecast": rows.values[chosen] if ahead else np.empty((len(samples), 0)),
    }


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    x, features = arrays["x"], [shortened(printable(each), 24) for each in arrays["features"]]
    ahead = arrays["forecast"].shape[1]
    about = [str(arrays["about"])]
    if arrays["of"] > len(features):
        about[0] += f"; the first {len(features)} of {arrays['of']:,} features"
    page = canvas.new_figure(canvas.WIDTH, 1.5 + 1.35 * len(x))
    named = len(features) > 1 or ahead
    top = canvas.title(page, name, [about], 1 if named else 0, str(arrays["sentence"]))
    canvas.lay_out(page, top)
    panels = page.subplots(len(x), sharex=True, squeeze=False)[:, 0]
    steps = np.arange(x.shape[1])
    for place, axes in enumerate(panels):
        for column, feature in enumerate(features):
            axes.plot(steps, x[place, :, column], color=CLASS_COLOURS[column], linewidth=1.3, label=feature)
        if ahead:
            at = steps[-1] + 1 + np.arange(ahead)
            axes.plot(
                at,
                arrays["actual"][place],
                color=BLACK,
                marker="o",
                markersize=3,
                linestyle="--",
                label="actual",
            )
            axes.plot(at, arrays["forecast"][place], color=RED, marker="s", markersize=3.5, label="forecast")
        if arrays["step"][place] >= 0:
            axes.axvline(arrays["step"][place], color=RED, linewidth=1.4, linestyle=":")
        text = (
            f"{arrays['where'][place]}: true {arrays['true'][place]}, predicted {arrays['predicted'][place]}"
        )
        axes.set_title(
            shortened(text, 110), fontsize=8.8, loc="left", pad=3, parse_math=False, color=PALE_INK
        )
        axes.grid(True)
        axes.margins(x=0.01)
        axes.tick_params(labelsize=8)
    panels[-1].set_xlabel("step", fontsize=9)
    if named:
        handles, labels = panels[0].get_legend_handles_labels()
        width, height = page.get_size_inches()
        where = {
            "loc": "lower left",
            "bbox_to_anchor": (canvas.MARGINS["left"] / width, 1 - (top - 0.02) / height),
        }
        legend = page.legend(handles, labels, ncols=6, frameon=False, fontsize=9, borderpad=0, **where)
        legend.set_in_layout(False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return page
