"""Predictions: the outputs of a network for one split beside its targets, row by row, for all pictures that judge a model."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import counted, distinct, printable, shortened

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.losses import Loss
    from nntrain.metrics import Metric
    from nntrain.report.pictures.subject import Subject

Split = Literal["train", "validation", "test"]
Kind = Literal["classes", "labels", "numbers", "targets"]

SPLIT_HELP = "The split to judge. By default test, else validation, else train."
MOST_VALUES = 1 << 24  # of outputs in memory: 128 MiB as probabilities in float64
LOOKED_AT = 1000  # targets, to tell labels from shares
LONG_NAMES = {"train": "training"}


@dataclass(frozen=True)
class Judged:
    """A row for each sample, or for each step with a target; padding and outputs that are not finite are left out."""

    kind: Kind
    split: str
    loss: "Loss"
    data: "Dataset"  # the samples of the split, or so many as fit into memory
    places: np.ndarray  # (samples,): of these samples in the split
    sample: np.ndarray  # (rows,): numbers of samples in `data`
    step: np.ndarray | None  # (rows,), where each step has a target
    outputs: np.ndarray  # (rows, outputs), finite
    target: np.ndarray  # (rows,) class numbers, or (rows, outputs)
    about: str  # "360 samples of the test split"

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, the labels or the outputs."""
        from nntrain.inference.predict import target_names

        return self.data.classes or target_names(self.data)

    @property
    def true(self) -> np.ndarray:
        """(rows,) class numbers, or (rows, labels) bool."""
        return self._labels[1]

    @property
    def predicted(self) -> np.ndarray:
        """As `true`."""
        return self._labels[0]

    @cached_property
    def _labels(self) -> tuple[np.ndarray, np.ndarray]:
        from nntrain.metrics.metric import labels

        predicted, true = labels(self.outputs, self.target, self.loss.binary)
        return (predicted, true) if true.ndim == 2 else (predicted.astype(int), true.astype(int))

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(rows, classes) float64, or (rows, labels): the probability that a label is true."""
        return (
            self.loss.probabilities(self.outputs)
            if self.kind == "classes"
            else self.loss.values(self.outputs)
        )

    @cached_property
    def values(self) -> np.ndarray:
        """(rows, targets) float64: what the outputs predict, on the scale of the targets."""
        return self.loss.point(self.outputs)

    def where(self, row: int) -> str:
        """ "people.csv:12" or "sample 12", with the step where there are several; samples and steps count from 0."""
        sample, origin = int(self.sample[row]), self.data.origin
        is_windows = not isinstance(self.data.x, np.ndarray)
        place = (
            f"sample {self.places[sample]:,}"
            if origin is None or is_windows
            else origin.place(sample).rsplit("/", 1)[-1]
        )
        return place if self.step is None else f"{place}, step {self.step[row]:,}"

    def score(self, metric: "Metric") -> Any:
        """The value of a metric, as `fit` and `eval` compute it, but without weights."""
        from nntrain.inference.evaluate import compared

        sums = metric.start(self.loss)
        metric.add(sums, compared(metric, self.loss, self.outputs), self.target, None)
        return metric.value(sums)


def kind_of(subject: "Subject") -> Kind:
    """What the network predicts: one class; labels, each true or false; numbers, such as shares from 0 to 1; or several of these."""
    train, loss = subject.setup.splits.train, subject.setup.config.loss
    if train.heads:
        return "targets"
    if train.classes:
        return "classes"
    some = np.asarray(train.target[:LOOKED_AT])
    return "labels" if loss.binary and np.isin(some, (-1, 0, 1)).all() else "numbers"


def is_classifier(subject: "Subject") -> bool:
    """Whether it predicts classes or labels. A language model predicts tokens, of which there are too many for a curve each."""
    return kind_of(subject) in ("classes", "labels") and not subject.setup.splits.train.unit


def has_several(subject: "Subject") -> bool:
    """Whether the split that is judged by default has samples of more than one class, or labels that differ."""
    target = np.asarray(subject.judged_data.target)
    return bool((target != target[:1]).any())


def judged(subject: "Subject", split: Split | None = None) -> Judged:
    """The predictions for a split, by default `Subject.judged`. Raises UserError without such a split, or without a finite output."""
    from nntrain.inference.evaluate import predictions

    parts, name = subject.setup.splits.parts(), split or subject.judged
    if name not in parts:
        raise UserError(f"there is no {name} split", f"Available: {', '.join(parts)}.", place=subject.name)
    whole = parts[name]
    places = within_memory(whole, int(np.prod(subject.network.graph.output.shape)))
    data = whole if len(places) == len(whole) else whole.select(places)
    cached = data is whole and name == subject.judged
    outputs = subject.judged_outputs if cached else predictions(subject.network, data)
    target, sample, step = np.asarray(data.target), np.arange(len(data)), None
    if data.per_step:
        lengths = np.full(len(data), outputs.shape[1]) if data.lengths is None else data.lengths
        real = np.arange(outputs.shape[1]) < lengths[:, None]
        sample, step = np.nonzero(real)
        outputs, target = outputs[real], target[real]
    about = described(name, len(whole), len(data), len(outputs) if data.per_step else 0)
    kind, loss = kind_of(subject), subject.setup.config.loss
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(loss.values(outputs) if kind == "numbers" else outputs).all(axis=1)
    if not finite.any():
        raise UserError(f"every output for the {name} split is NaN or infinite", place=subject.name)
    if unusable := int((~finite).sum()):
        about += f"; {unusable:,} without a finite output left out"
    if data.weight is not None:
        about += "; each counts once, whatever its weight"
    return Judged(
        kind,
        name,
        loss,
        data,
        places,
        sample[finite],
        None if step is None else step[finite],
        outputs[finite],
        target[finite],
        about,
    )


def within_memory(data: "Dataset", outputs: int) -> np.ndarray:
    """All samples, or as many, evenly spaced, as leave the outputs below MOST_VALUES."""
    count, most = len(data), max(1, MOST_VALUES // outputs)
    if count <= most or data.consecutive:  # samples that continue one another stay next to each other
        return np.arange(min(count, most))
    return np.linspace(0, count - 1, most).astype(int)


def described(split: str, total: int, samples: int, steps: int) -> str:
    """ "360 samples of the test split", "1,200 steps in 20 of the 90 samples of the training split"."""
    some = counted(total, "sample") if samples == total else f"{samples:,} of the {counted(total, 'sample')}"
    text = f"{some} of the {LONG_NAMES.get(split, split)} split"
    return f"{counted(steps, 'step')} in {text}" if steps else text


def named(name: object, length: int = 24) -> str:
    """The name of a class or a column on one line, shortened; one of blanks in quotes."""
    return shortened(on_a_line(name), length)


def all_named(names: Iterable[object], length: int = 24) -> list[str]:
    """As `named`, but long names that differ in their middle are shown where they differ."""
    return distinct([on_a_line(name) for name in names], length)


def on_a_line(name: object) -> str:
    text = str(name)
    return printable(text if text.strip() else repr(text)).replace("\n", "\\n")


def share(value: float) -> str:
    """A share as a percentage: 97.8%, 50%, 0.28%; never 100% or 0% where it is not."""
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    if 0 < value < 1e-4:
        return "< 0.01%"
    text = f"{100 * value:.1f}" if value >= 0.01 else f"{100 * value:.2g}"
    return "> 99.9%" if text == "100.0" else f"{text.removesuffix('.0')}%"
