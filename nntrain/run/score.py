"""Score: a stored network on one split of its run's data, or on other data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from nntrain.data.conform.arrays import conform
from nntrain.data.dataset import Dataset
from nntrain.data.loading import load_splits
from nntrain.data.tables.features import name_mismatch
from nntrain.errors import ConfigError, DataError, UserError
from nntrain.heads import short_names
from nntrain.inference.inputs import new_data
from nntrain.inference.labels import has_labels, label_scores
from nntrain.inference.predict import target_names
from nntrain.metrics import Metric
from nntrain.run.stored import Stored
from nntrain.training.setup import Setup, prepare


@dataclass
class Score:
    split: str
    samples: int
    scores: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()  # about other data, such as files that are passed over
    source: str = ""  # of data other than the run's own
    alone: bool = False  # whether the source has no other split
    classes: tuple[str, ...] = ()
    labels: dict[str, dict[str, float]] = field(default_factory=dict)  # scores of each of several labels
    targets: tuple[str, ...] = ()  # of several targets, what the names of their scores begin with

    def to_dict(self) -> dict[str, Any]:
        """{"split": "test", "samples": 360, "loss": 0.11, "accuracy": 0.975}; for other data, "data": "iris" comes first.

        After a confusion matrix come the names of its rows and columns: "classes": ["cat", "dog"]. Multi-label targets have the
        scores of each label last: "labels": {"rain": {"samples": 23, "precision": 0.95, ...}}. Several targets of different kinds have
        scores such as "price_rmse", and "targets": ["price", ...].
        """
        head = {"data": self.source} if self.source else {}
        matrix = any(isinstance(value, list) for value in self.scores.values())
        names = {"classes": list(self.classes)} if matrix and self.classes else {}
        labels = {"labels": self.labels} if self.labels else {}
        targets = {"targets": list(self.targets)} if self.targets else {}
        return head | {"split": self.split, "samples": self.samples, **self.scores} | names | labels | targets


def score(stored: Stored, split: str | None, metrics: Sequence[Metric] | None = None) -> Score:
    """By default on the test split, else validation, else train; and by the metrics of the config. Raises UserError."""
    place = str(stored.path)
    setup = setup_of(stored)
    splits = setup.splits
    parts = {
        name: data for name in ("test", "validation", "train") if (data := getattr(splits, name)) is not None
    }
    chosen = split or next(iter(parts))
    if chosen not in parts:
        raise UserError(f"this run has no {chosen} split", f"Available: {', '.join(parts)}.", place)
    changed = setup.hashes != stored.snapshot.facts["data"]["sha256"]
    warnings = ["the data have changed since training"] if changed else []
    return scored(stored, chosen, conform(place, stored.trained_on, parts[chosen]), metrics, warnings)


class NoData(DataError):
    """The data of a run cannot be read."""


def setup_of(stored: Stored) -> Setup:
    """The run's config with its data. Raises UserError if they do not fit any more, NoData if they cannot be read."""
    try:
        config = stored.config
        like = None if stored.reconstructs else stored.trained_on  # whose targets are not those of the source
        loaded = load_splits(config.data, stored.base, config.seed_of_splits, like=like)
        setup = prepare(stored.config, stored.base, to_train=False, loaded=loaded)
    except ConfigError as error:
        message = f"the run does not fit its data any more: {error}"
        raise UserError(message, place=str(stored.path)) from None
    except DataError as error:
        raise NoData(error.message, error.hint, error.place) from None
    require_same_kind(stored, setup)
    return setup


def score_on(
    stored: Stored,
    source: str,
    split: str | None,
    name: str = "data",
    metrics: Sequence[Metric] | None = None,
) -> Score:
    """On a file or folder of the kind of the training data, or on a source: `digits`, `{csv: {...}}`, or a YAML file that
    holds one. Errors call it `name`. Raises UserError.
    """
    chosen, alone, data = new_data(stored, source, split, name)
    if not data.classes:
        try:
            stored.config.loss.check_targets(cast(np.ndarray, data.target))
        except ConfigError as error:
            raise UserError(error.message, error.hint, place=name) from None
    result = scored(stored, chosen, data, metrics, data.warnings)
    return replace(result, source=source, alone=alone, notes=data.notes)


def scored(
    stored: Stored, name: str, data: Dataset, metrics: Sequence[Metric] | None, warnings: Sequence[str]
) -> Score:
    scores, loss = stored.evaluate(data, metrics), stored.config.loss
    result = Score(name, len(data), scores, [*warnings, *stored.warnings], classes=stored.trained_on.classes)
    result.targets = tuple(short_names(stored.trained_on.heads))
    if has_labels(loss, data, stored.config.metrics if metrics is None else metrics):
        result.labels = label_scores(loss, stored.outputs(data), data, target_names(stored.trained_on))
    return result


def require_same_kind(stored: Stored, setup: Setup) -> None:
    """Raises UserError if the data have another shape or other classes than in training."""
    then, data = stored.snapshot.facts["data"], setup.splits.train
    reason = name_mismatch(tuple(then["classes"]), data.classes, "class", "classes")
    for what in ("input_shape", "target_shape"):
        expected, came = tuple(then[what]), tuple(getattr(data, what))
        if came != expected:
            reason = f"expected {what.replace('_', ' ')} {expected}. Received: {came}"
    if reason:
        raise UserError(f"the data have changed since training: {reason}", place=str(stored.path))
