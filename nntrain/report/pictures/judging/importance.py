"""Importance: how much worse a network is with one column shuffled; for images, how much each pixel changes the winning output."""

from types import ModuleType
from typing import Any, Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.judging import permutation, saliency
from nntrain.report.pictures.judging.predictions import SPLIT_HELP, Split, judged
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject


class Importance(Picture, name="importance"):
    title = "How much each column matters: the drop of the score when it is shuffled; for images, each pixel; of a sweep, each parameter."
    of_sweeps = "parameters"
    applies_to = (
        "networks for tables, images, series, and tokens (with one target for a fixed number of steps)"
    )

    split: Split | None = option(None, SPLIT_HELP)
    score: str = option(
        "",
        "A metric, or `loss`. By default accuracy for classes, r2 for numbers (loss where outputs are logarithms or logits). Not for images.",
    )
    repeats: int = option(5, "How often each column is shuffled.")
    by: Literal["column", "step"] | None = option(
        None,
        "What of sequences is shuffled: a column in all its steps, or a step with all its columns. By default columns, where there are several.",
    )

    def applies(self, subject: Subject) -> bool:
        train = subject.setup.splits.train
        return not train.vocabulary or (train.lengths is None and not train.per_step and not train.unit)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """The arrays of `permutation` or `saliency`, whichever there is."""
        from nntrain.report.pictures.computing.images import image_shape

        if self.repeats < 2:
            raise UserError(
                f"the spread takes at least 2 repeats. Received: {self.repeats}", place="plot importance"
            )
        rows = judged(subject, self.split)
        if image_shape(rows.data):
            return saliency.collect(subject, rows)
        return permutation.collect(subject, rows, self.score, self.repeats, self.by)

    def figure(self, drawn: Drawn) -> Any:
        module: ModuleType = saliency if "maps" in drawn.arrays else permutation
        return module.figure(drawn.name, drawn.arrays)
