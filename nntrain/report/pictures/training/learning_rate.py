"""Learning rate: the range test, by which `nntrain find-lr` suggests a learning rate."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import short
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import log_ticks, scale, tick_labels
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, INK, PALE_INK, RED
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.range_test import RangeTest

MANY_TIMES = 20  # losses whose largest is so many times their smallest have a logarithmic axis
BEFORE = 30  # the picture begins at a rate so many times smaller than that of the first fall


class LearningRate(Picture, name="learning_rate"):
    title = "The loss while the learning rate grows from step to step, and the rate that it suggests."
    takes = ("config",)
    costly = True

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        from nntrain.range_test import range_test
        from nntrain.training.loop import Trainer

        trainer = Trainer(subject.setup)
        trainer.network.initialize()
        return arrays_of(range_test(trainer))

    def figure(self, *drawn: Drawn) -> Any:
        (one,) = drawn
        arrays = one.arrays
        rates, losses, smooth = arrays["rates"], arrays["losses"], arrays["smoothed"]
        suggestion, lr = float(arrays["suggestion"]), float(arrays["lr"])
        diverged = float(arrays["diverged"])
        figure = canvas.new_figure()
        axes = figure.subplots()
        top = canvas.title(figure, one.name, sentence=self.title)
        low, high = limits(losses, smooth)
        letters = scale(axes, low, high, logarithmic=low > 0 and high > MANY_TIMES * low)
        canvas.set_margins(figure, top, letters)
        shown = losses <= high  # beyond it they would only flatten the curve
        axes.plot(
            rates[shown], losses[shown], "o", color=PALE_INK, markersize=2.6, alpha=0.6, label="mini-batch"
        )
        axes.plot(rates, smooth, color=BLUE, linewidth=2.4, label="smoothed")
        scale_rates(axes, first(rates, smooth, np.fmin(suggestion, lr)), np.fmax(rates[-1], lr) * 1.5)
        axes.grid(True, axis="both")
        axes.set_xlabel(f"learning rate ({arrays['key']})")
        axes.set_ylabel(f"training loss ({arrays['loss']})")
        if np.isfinite(lr):
            axes.axvline(lr, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label=f"config: {short(lr)}")
        axes.axvline(suggestion, color=GREEN, linewidth=1.8, label=f"suggestion: {short(suggestion)}")
        at = np.interp(np.log(suggestion), np.log(rates), smooth)
        axes.plot([suggestion], [at], "o", color=GREEN, markersize=8, zorder=4)
        if np.isfinite(diverged):
            axes.axvspan(
                diverged, axes.get_xlim()[1], color=RED, alpha=0.18, linewidth=0, label="training diverges"
            )
        canvas.place_legend(figure, axes)
        return figure


def arrays_of(result: "RangeTest") -> dict[str, np.ndarray]:
    return {
        "rates": result.rates,
        "losses": result.losses,
        "smoothed": result.smoothed,
        "suggestion": np.array(result.suggestion),
        "lr": np.array(np.nan if result.lr is None else result.lr),
        "diverged": np.array(np.nan if result.diverged is None else result.diverged),
        "key": np.array(result.key),
        "loss": np.array(result.loss),
    }


def limits(losses: np.ndarray, smooth: np.ndarray) -> tuple[float, float]:
    """Of the axis of the loss: the fall with a margin; where the loss rises far above its start, the curve leaves the picture."""
    found = smooth[np.isfinite(smooth)]
    low, start = float(found.min()), float(found[: int(found.argmin()) + 1].max())
    smallest = min(low, float(np.nanmin(losses)))
    if 0 < low < start / MANY_TIMES:
        return max(smallest, low / 10) / 1.5, start * 2
    margin = 0.12 * (start - low)
    return smallest - 0.4 * margin, start + 2.5 * margin


def first(rates: np.ndarray, smooth: np.ndarray, smallest: float) -> float:
    """The smallest rate of the picture: not far below the first fall, below which the loss stays as it is."""
    found = smooth[np.isfinite(smooth)]
    minimum = int(found.argmin())
    start = found[: minimum + 1].max()
    falls = int((found[: minimum + 1] <= start - 0.05 * (start - found[minimum])).argmax())
    return min(max(float(rates[0]), float(rates[falls]) / BEFORE), smallest / 3)


def scale_rates(axes: Any, low: float, high: float) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks, between = log_ticks(low, high, 9)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter(tick_labels(ticks)))
    axes.xaxis.set_minor_locator(FixedLocator(between))
    axes.xaxis.set_minor_formatter(NullFormatter())
