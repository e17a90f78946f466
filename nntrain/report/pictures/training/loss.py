"""Loss: the losses of a run as it learns, or of several runs together."""

from typing import Any

from nntrain.errors import UserError
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training.comparison import comparison_figure
from nntrain.report.pictures.training.loss_curves import loss_figure
from nntrain.report.pictures.training.progress import Unit
from nntrain.run.history import read_history


class Loss(Picture, name="loss"):
    title = "The loss of each split over training, with the learning rate; several runs are compared."
    several = True
    moment = "during"
    files = ("loss.png", "loss.svg")
    applies_to = "runs"

    x: Unit = option("epoch", "what the x axis counts; time is that of training, without compiling")
    smoothing: float | None = option(
        None,
        "smooth the mini-batches: the weight, from 0 to below 1, of the moving average of the steps before; "
        "by default 0, and 0.9 for several runs",
    )

    def applies(self, subject: Subject) -> bool:
        return subject.is_run

    def figure(self, *drawn: Drawn) -> Any:
        if self.smoothing is not None and not 0 <= self.smoothing < 1:
            message = f"expected a number from 0 to below 1. Received: {self.smoothing:g}"
            raise UserError(message, place="smoothing")
        histories = [read_history(each.run) for each in drawn]
        if len(histories) == 1:
            return loss_figure(histories[0], self.x, self.smoothing or 0.0)
        return comparison_figure(histories, self.x, self.smoothing)
