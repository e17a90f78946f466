"""Layer pictures: weights, gradients and outputs of each layer over training, from what `train.record` recorded."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import short
from nntrain.report.pictures.picture import Drawn, Moment, Picture
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training.layer_figure import MOST_RUNS, Bands, Lines, layer_figure
from nntrain.report.pictures.training.layer_records import HINT, LayerRecords, has_records, records_of

MOST_IGNORED = 0.02  # a share that is not shown


class OfRecords:
    """What the pictures of one kind of records share; of one run, or of several side by side."""

    title: ClassVar[str]
    kind: ClassVar[str]  # of layers.csv
    panels: ClassVar[Sequence[Lines]]
    bands: ClassVar[Bands]
    several = True
    moment: ClassVar[Moment] = "end"
    hint = HINT

    def applies(self, subject: Subject) -> bool:
        return subject.folder is not None and has_records(subject.folder, self.kind)

    def remark(self, run: LayerRecords) -> str:
        """What stands out."""
        return ""

    def figure(self, *drawn: Drawn) -> Any:
        if len(drawn) > MOST_RUNS:
            raise UserError(f"expected at most {MOST_RUNS} runs side by side. Received: {len(drawn)}")
        runs = [records_of(each.run, self.kind) for each in drawn]
        return layer_figure(runs, self.panels, self.title, self.bands, self.remark)


class Gradients(OfRecords, Picture, name="gradients"):
    title = (
        "The norm of each layer's gradient over training; below, the middle 50% and 90% of its values. "
        "Where it falls by orders of magnitude towards the first layer, the gradient vanishes."
    )
    applies_to = "runs that recorded their gradients"
    kind = "gradients"
    panels = (Lines("norm of the gradient", lambda run: run["norm"]),)
    bands = Bands("gradient", symlog=True)

    def remark(self, run: LayerRecords) -> str:
        """The typical ratio of the first layer's gradient to the last one's."""
        first, last = run["norm"][:, 0], run["norm"][:, -1]
        known = np.isfinite(first) & (last > 0)
        if len(run.names) < 2 or not known.any():
            return ""
        factor = float(np.median(first[known] / last[known]))
        if not factor:
            return "no gradient reaches the first layer"
        times = float(f"{max(factor, 1 / factor):.2g}")
        shown = f"{times:,g}" if times < 1e6 else short(times)
        return f"first layer: {shown}× {'larger' if factor > 1 else 'smaller'} than the last"


class Weights(OfRecords, Picture, name="weights"):
    title = (
        "The norm of each layer's parameters over training, and the part of it that a step changes, usually about 0.001 (dotted); "
        "below, the middle 50% and 90% of the weights."
    )
    applies_to = "runs that recorded their weights"
    kind = "weights"
    panels = (
        Lines("norm", lambda run: run["norm"]),
        Lines("update / norm", lambda run: ratio(run["update"], run["norm"]), guide=1e-3),
    )
    bands = Bands("weight")


class LayerOutputs(OfRecords, Picture, name="layer_outputs"):
    title = (
        "The spread of each layer's outputs over training, which should be about the same in all hidden layers; below, the middle "
        "50% and 90% of the outputs."
    )
    applies_to = "runs that recorded their activations"
    kind = "activations"
    panels = (
        Lines("standard deviation", lambda run: run["std"]),
        Lines("share of zeros", lambda run: where_any(run["zeros"]), logarithmic=False),
        Lines("saturated", lambda run: where_any(run["saturated"]), logarithmic=False),
    )
    bands = Bands("output")


def ratio(values: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """NaN where a norm is 0, as that of biases before the first step."""
    return np.divide(values, norms, out=np.full(values.shape, np.nan), where=norms > 0)


def where_any(shares: np.ndarray) -> np.ndarray:
    """NaN for layers that have hardly any at any time."""
    return np.where(np.nan_to_num(shares).max(axis=0) > MOST_IGNORED, shares, np.nan)
