"""Residuals: the errors of a regression, against the truth, against the prediction, and against the normal distribution."""

from statistics import NormalDist
from typing import Any

import numpy as np

from nntrain.report.formats import number
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.judging.chosen import places_of
from nntrain.report.pictures.judging.predictions import SPLIT_HELP, Split, judged, kind_of, named
from nntrain.report.pictures.judging.residual_panels import draw_output
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

MOST = 4  # outputs
POINTS = 4000  # of a scatter plot
QUANTILES = 400
BINS = (10, 60)  # of a histogram, at least and at most


class Residuals(Picture, name="residuals"):
    title = (
        "The errors of a regression: predicted against true values, and how the residuals are distributed."
    )
    moment = "end"
    applies_to = "networks that predict numbers"

    split: Split | None = option(None, SPLIT_HELP)
    outputs: tuple[str, ...] = option(
        (), f"The outputs to show, with commas between. By default the {MOST} with the lowest R²."
    )

    def applies(self, subject: Subject) -> bool:
        return kind_of(subject) == "numbers"

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """Of the chosen outputs: names, scores (outputs, 3: RMSE, MAE, R²), true and predicted (points, outputs), normal (quantiles,)
        and quantiles (quantiles, outputs) of the standardized residuals, counts (bins, outputs) with edges (bins + 1, outputs).
        Of all: overall (3,), halfway: the median absolute error; `of` outputs, `rows`; about.
        """
        rows = judged(subject, self.split)
        true, predicted = np.asarray(rows.target, np.float64), rows.values
        scores = np.array([errors_of(rows, predicted, [each]) for each in range(true.shape[1])])
        if self.outputs:
            chosen = places_of(self.outputs, rows.names, "output", subject.name)[:MOST]
        else:
            # The least explained outputs, which do not depend on their unit.
            chosen = sorted(np.argsort(scores[:, 2], kind="stable")[:MOST].tolist())
        residuals = (true - predicted)[:, chosen]
        some = np.unique(np.linspace(0, len(true) - 1, POINTS).astype(int))
        bins = int(np.clip(np.sqrt(len(true)), *BINS))
        histograms = [np.histogram(column, bins) for column in residuals.T]
        levels = (np.arange(min(QUANTILES, len(true))) + 0.5) / min(QUANTILES, len(true))
        spread = residuals.std(axis=0)
        standardized = (residuals - residuals.mean(axis=0)) / np.where(spread > 0, spread, 1)
        return {
            "names": np.array([rows.names[place] for place in chosen]),
            "scores": scores[chosen],
            "true": true[some][:, chosen],
            "predicted": predicted[some][:, chosen],
            "normal": np.array([NormalDist().inv_cdf(level) for level in levels]),
            "quantiles": np.quantile(standardized, levels, axis=0),
            "counts": np.stack([counts for counts, _ in histograms], axis=1),
            "edges": np.stack([edges for _, edges in histograms], axis=1),
            "overall": np.array(errors_of(rows, predicted, list(range(true.shape[1])))),
            "halfway": np.array(np.median(np.abs(true - predicted))),
            "of": np.array(true.shape[1]),
            "rows": np.array(len(true)),
            "about": np.array(rows.about),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        shown, total = len(arrays["names"]), int(arrays["of"])
        single = shown == 1
        figure = canvas.new_figure(9 if single else 13, 7.6 if single else 1.2 + 2.75 * shown)
        lines = [str(arrays["about"])]
        if len(arrays["true"]) < arrays["rows"]:
            lines[0] += f"; {len(arrays['true']):,} of {int(arrays['rows']):,} points are drawn"
        if shown < total:
            which = "outputs" if self.outputs else "outputs with the lowest R²"
            lines[0] += f"; {shown} of {total:,} {which}"
        top = canvas.title(figure, drawn.name, [lines], 0, sentence_of(arrays))
        canvas.lay_out(figure, top)
        figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
        panels = figure.subplots(2 if single else shown, 2 if single else 4, squeeze=False)
        for place in range(shown):
            of_output = panels.ravel() if single else panels[place]
            name = named(arrays["names"][place], 22)
            draw_output(of_output, arrays, place, name, heads=place == 0, ticks=6 if single else 4)
            if not single:
                rmse, _, r2 = arrays["scores"][place]
                of_output[0].set_title(
                    f"{name}\nRMSE {number(rmse)}, R² {r2_text(r2, 3)}",
                    fontsize=9.5,
                    loc="left",
                    parse_math=False,
                )
        return figure


def errors_of(rows: Any, predicted: np.ndarray, columns: list[int]) -> tuple[float, float, float]:
    """RMSE, MAE and R² of some outputs, by the metrics of these names."""
    from nntrain.metrics.regression import R2, MeanAbsoluteError, RootMeanSquaredError

    found = []
    for metric in (RootMeanSquaredError(), MeanAbsoluteError(), R2()):
        sums = metric.start(rows.loss)
        metric.add(sums, predicted[:, columns], rows.target[:, columns], None)
        found.append(metric.value(sums))
    return found[0], found[1], found[2]


def sentence_of(arrays: Any) -> str:
    rmse, mae, r2 = map(float, arrays["overall"])
    within = f"half of the predictions are off by less than {number(float(arrays['halfway']))}"
    return f"RMSE {number(rmse)}, MAE {number(mae)}, R² {r2_text(r2)}: {within}"


def r2_text(r2: float, decimals: int = 4) -> str:
    """0.9421, but -2.395e6 of a model that is much worse than the mean."""
    return f"{r2:.{decimals}f}" if r2 > -10 else number(r2)
