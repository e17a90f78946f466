"""Forecast: the actual values of a few series next to the network's forecasts."""

from typing import Any, cast

import numpy as np

from nntrain.report.formats import printable
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLACK, EDGE, PALE_INK, RED
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

PANELS, STEPS = 4, 60  # windows with a forecast of several steps; consecutive forecasts of one step


class Forecast(Picture, name="forecast"):
    title = "Actual values of the series, and the network's forecasts from the values before them."
    moment = "end"
    applies_to = "networks that predict the next values of a series"

    def applies(self, subject: Subject) -> bool:
        from nntrain.data.sequences.windows import Windows

        train = subject.setup.splits.train
        return not train.vocabulary and train.series is not None and isinstance(train.target, Windows)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """past (panels, steps); actual, forecast (panels, steps ahead), both of the first target column; horizon, split, label.

        Of the test split, else validation, else training. A horizon of one step gives one panel of consecutive forecasts.
        """
        from nntrain.data.sequences.windows import Windows
        from nntrain.inference.evaluate import predictions

        setup = subject.setup
        split, data = next((name, data) for name, data in reversed(setup.splits.parts().items()))
        target, series = cast(Windows, data.target), cast(np.ndarray, data.series)
        horizon = target.steps
        steps_before = min(data.x.shape[1], max(4 * horizon, STEPS // 2))
        if horizon > 1:
            chosen = np.unique(np.linspace(0, len(data) - 1, PANELS).astype(int))
        else:
            first = len(data) // 2
            end = np.searchsorted(series, series[first], "right")  # of the same series
            chosen = np.arange(first, min(first + STEPS, end))
        some = data.select(chosen)
        outputs = setup.config.loss.point(predictions(subject.network, some))
        forecast = outputs.reshape(len(some), horizon, -1)[..., 0]
        values = target.stream.reshape(len(target.stream), -1)[:, 0]
        starts = target.starts[chosen]
        actual = values[starts[:, None] + np.arange(horizon)]
        past = values[starts[:, None] + np.arange(-steps_before, 0)]
        label = data.target_names[0].removesuffix("+1") if data.target_names else "value"
        if horizon == 1:
            past, actual, forecast = past[:1], actual.T, forecast.T
        return {
            "past": past,
            "actual": actual,
            "forecast": forecast,
            "horizon": np.array(horizon),
            "split": np.array(split),
            "label": np.array(label),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        past, actual, forecast = (arrays[name] for name in ("past", "actual", "forecast"))
        panels, steps = actual.shape
        ahead = np.arange(1, steps + 1)
        figure = canvas.new_figure(canvas.WIDTH, 1.2 + 1.7 * panels)
        rows = figure.subplots(panels, sharex=True, squeeze=False)[:, 0]
        for axes, before, truth, prediction in zip(rows, past, actual, forecast, strict=True):
            axes.axvline(0.5, color=EDGE, linewidth=1)
            axes.plot(np.arange(1 - len(before), 1), before, color=PALE_INK, linewidth=1.2, label="past")
            axes.plot(
                ahead,
                truth,
                color=BLACK,
                linewidth=1.2,
                linestyle=(0, (4, 2)),
                marker="o",
                markersize=3,
                label="actual",
            )
            axes.plot(
                ahead, prediction, color=RED, linewidth=1.8, marker="s", markersize=3.5, label="forecast"
            )
            axes.grid(True)
            axes.margins(x=0.02)
            axes.set_ylabel(printable(str(arrays["label"])), parse_math=False)
        split = arrays["split"]
        if arrays["horizon"] > 1:
            line = f"{panels} windows of the {split} split, each with a forecast of {steps:,} steps"
        else:
            line = f"{steps} steps of the {split} split, each forecast from all steps before it"
        rows[-1].set_xlabel("steps from the start of the forecast")
        canvas.set_margins(figure, canvas.title(figure, drawn.name, [[line]], sentence=self.title))
        canvas.place_legend(figure, rows[0])
        return figure
