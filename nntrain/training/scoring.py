"""Scoring: a stored checkpoint on one split of its data."""

from dataclasses import dataclass, field, replace

from nntrain.errors import ConfigError, UserError
from nntrain.training.checkpoint import load_for_use
from nntrain.training.evaluate import Ports, evaluate
from nntrain.training.setup import Setup, prepare
from nntrain.training.stored import Stored, changed_plugins

ROWS = 256


@dataclass
class Score:
    split: str
    samples: int
    scores: dict[str, float]
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict:
        """{"split": "test", "samples": 360, "loss": 0.11, "accuracy": 0.975}."""
        return {"split": self.split, "samples": self.samples, **self.scores}


def score(stored: Stored, split: str | None) -> Score:
    """By default the test split where there is one, else validation, else train. Raises UserError."""
    try:
        setup = prepare(stored.config, stored.base, to_train=False)
    except ConfigError as error:
        raise UserError(f"{stored.path}: the run does not fit its data any more: {error}") from None
    require_same_kind(stored, setup)
    parts = {name: data for name in ("test", "validation", "train") if (data := getattr(setup.splits, name)) is not None}
    chosen = split or next(iter(parts))
    if chosen not in parts:
        raise UserError(f"{stored.path}: this run has no {chosen} split. There are: {', '.join(parts)}.")
    warnings = []
    facts = stored.checkpoint.facts["data"]
    if setup.hashes != facts["sha256"]:
        warnings.append("the data have changed since the training.")
    warnings += [f"the plugin {path} is missing, or has changed since the training."
                 for path in changed_plugins(stored.path.parent.parent)]
    tensors = stored.checkpoint.tensors
    measured = {name: tensors[f"data.{name}"] for name in parts[chosen].measured}
    data = replace(parts[chosen], **measured)
    network = setup.network(min(ROWS, len(data)), backward=False)
    load_for_use(network, stored.checkpoint)
    scores = evaluate(Ports(network, data), data, stored.config.loss, stored.config.metrics)
    return Score(chosen, len(data), scores, warnings)


def require_same_kind(stored: Stored, setup: Setup) -> None:
    """Raises UserError where the data have another shape or other classes than those of the training."""
    then, data = stored.checkpoint.facts["data"], setup.splits.train
    for what in ("input_shape", "target_shape", "classes"):
        expected, came = tuple(then[what]), tuple(getattr(data, what))
        if came != expected:
            raise UserError(f"{stored.path}: the data have changed since the training: expected {what.replace('_', ' ')} {expected}. "
                            f"Received: {came}.")
