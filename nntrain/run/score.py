"""Scoring: a stored checkpoint on one split of its data."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nntrain.data.conform.arrays import conform
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError, UserError
from nntrain.inference.evaluate import ROWS, Ports, evaluate
from nntrain.inference.inputs import new_data
from nntrain.run.stored import Stored
from nntrain.training.setup import Setup, prepare


@dataclass
class Score:
    split: str
    samples: int
    scores: dict[str, float]
    warnings: list[str] = field(default_factory=list)
    source: str = ""  # of other data than the run's own

    def to_dict(self) -> dict:
        """{"split": "test", "samples": 360, "loss": 0.11, "accuracy": 0.975}, of other data with "data": "iris" before it."""
        return ({"data": self.source} if self.source else {}) | {
            "split": self.split,
            "samples": self.samples,
            **self.scores,
        }


def score(stored: Stored, split: str | None) -> Score:
    """By default the test split where there is one, else validation, else train. Raises UserError."""
    try:
        setup = prepare(stored.config, stored.base, to_train=False)
    except ConfigError as error:
        raise UserError(f"{stored.path}: the run does not fit its data any more: {error}") from None
    require_same_kind(stored, setup)
    parts = {
        name: data
        for name in ("test", "validation", "train")
        if (data := getattr(setup.splits, name)) is not None
    }
    chosen = split or next(iter(parts))
    if chosen not in parts:
        raise UserError(f"{stored.path}: this run has no {chosen} split. There are: {', '.join(parts)}.")
    changed = setup.hashes != stored.checkpoint.facts["data"]["sha256"]
    warnings = ["the data have changed since the training."] if changed else []
    return scored(stored, chosen, conform(str(stored.path), stored.trained_on, parts[chosen]), warnings)


def score_on(stored: Stored, source: str, split: str | None) -> Score:
    """On the data of a source: `digits`, `{csv: {...}}`, or a file that says so. Raises UserError."""
    name, data = new_data(stored, source, split)
    if not data.classes:
        try:
            stored.config.loss.check_targets(data.target)
        except ConfigError as error:
            raise UserError(f"--data: {error}") from None
    return replace(scored(stored, name, data), source=source)


def scored(stored: Stored, name: str, data: Dataset, warnings: Sequence[str] = ()) -> Score:
    network = stored.network(ROWS)
    scores = evaluate(Ports(network, data), data, stored.config.loss, stored.config.metrics)
    return Score(name, len(data), scores, [*warnings, *stored.warnings])


def require_same_kind(stored: Stored, setup: Setup) -> None:
    """Raises UserError where the data have another shape or other classes than those of the training."""
    then, data = stored.checkpoint.facts["data"], setup.splits.train
    for what in ("input_shape", "target_shape", "classes"):
        expected, came = tuple(then[what]), tuple(getattr(data, what))
        if came != expected:
            raise UserError(
                f"{stored.path}: the data have changed since the training: expected {what.replace('_', ' ')} "
                f"{expected}. Received: {came}."
            )
