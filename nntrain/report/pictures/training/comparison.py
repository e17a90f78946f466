"""Comparison: the losses of several runs in one picture, to see the effect of a changed line of YAML."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import number, printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.curves import thinned
from nntrain.report.pictures.drawing.out_of_range import OutOfRange
from nntrain.report.pictures.training.loss_range import loss_range
from nntrain.run.history import History

COLOURS = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.ORANGE, canvas.PINK, canvas.SKY, canvas.BLACK)
MOST = len(COLOURS)  # runs that a reader can distinguish
DASHES = (0, (1, 1.2))  # of the training loss


def comparison_figure(histories: Sequence[History]) -> Any:
    """The matplotlib Figure: each run's training loss, dotted, and its validation (else test) loss.

    Raises UserError where there are more runs than a reader can distinguish.
    """
    if len(histories) > MOST:
        raise UserError(f"expected at most {MOST} runs in one picture. Received: {len(histories)}")
    curves = [losses(history) for history in histories]
    everything = [loss for held_out, train in curves for _, loss in (held_out, train)]
    figure = canvas.new_figure()
    axes = figure.subplots()
    names = [shortened(printable(history.name), 24) for history in histories]
    finals = [
        f"{name}: {number(last(held_out[1]))}" for name, (held_out, _) in zip(names, curves, strict=True)
    ]
    rows = [finals[i : i + 3] for i in range(0, len(finals), 3)]
    top = canvas.title(
        figure, f"{len(histories)} runs", [["final loss"], *rows], legend_rows=-(-len(names) // 3)
    )
    low, high = loss_range(np.empty(0), everything)
    logarithmic = low > 0
    longest_label = scale(axes, low, high, logarithmic)
    out_of_range = OutOfRange()
    for name, colour, (held_out, train) in zip(names, COLOURS, curves, strict=False):
        for (epoch, loss), style in ((train, DASHES), (held_out, "-")):
            good = out_of_range.keep(epoch, loss, name, logarithmic)
            axes.plot(
                *thinned(epoch[good], loss[good]),
                color=colour,
                linestyle=style,
                linewidth=2 if style == "-" else 1.5,
                label=name if style == "-" else None,
            )
    canvas.set_margins(figure, top, longest_label)
    end = max(float(history.evaluations["epoch"][-1]) for history in histories)
    axes.set_xlim(0, end * 1.01)
    axes.xaxis.set_major_locator(whole_numbers(end))
    axes.set_xlabel("epoch", loc="right")
    axes.set_ylabel("loss: held out (solid), training (dotted)")
    axes.grid(True)
    out_of_range.draw(figure, axes)
    canvas.place_legend(figure, axes, columns=3)
    return figure


def losses(history: History) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(epoch, loss) of the validation split, else of the test split, else of training; and of training."""
    train = history.curve("train_loss")
    held_out = [history.curve(f"{split}_loss") for split in ("validation", "test")]
    return next((curve for curve in held_out if np.isfinite(curve[1]).any()), train), train


def last(loss: np.ndarray) -> float | None:
    finite = loss[np.isfinite(loss)]
    return float(finite[-1]) if len(finite) else None
