"""Monitor: the value that decides which checkpoint is the best and when to stop early."""

import math
from dataclasses import dataclass

from nntrain.config.schema import Config, EarlyStoppingSection
from nntrain.errors import ConfigError, Problem
from nntrain.options import did_you_mean


@dataclass(frozen=True)
class Monitor:
    """A column of metrics.csv."""

    name: str
    higher_is_better: bool

    def improves(self, value: float, best: float, stopping: EarlyStoppingSection | None) -> bool:
        """Whether `value` is better than `best`, by more than early stopping's `min_delta` if set."""
        if math.isnan(best):
            return not math.isnan(value)
        margin = stopping.min_delta if stopping else 0.0
        return value > best + margin if self.higher_is_better else value < best - margin


def choose_monitor(config: Config, has_validation: bool) -> Monitor:
    """Raises ConfigError for an unknown column, and for one of the test split, which never chooses `best`."""
    splits = ["validation", "train"] if has_validation else ["train"]
    columns = {f"{split}_loss": False for split in splits}
    columns |= {
        f"{split}_{metric.yaml_name}": metric.higher_is_better
        for split in splits
        for metric in config.metrics
        if metric.scalar
    }
    name = config.train.monitor or next(iter(columns))
    if name in columns:
        return Monitor(name, columns[name])
    message, hint = f"unknown metric {name!r}.{did_you_mean(name, columns)}", ""
    if name.startswith("test_"):
        message = "the test split must not choose the best checkpoint"
        hint = f"Use the validation split: {name.replace('test_', 'validation_', 1)}."
    elif name.startswith("validation_") and not has_validation:
        message = f"{name!r} needs a validation split, and there is none"
        hint = "Add `validation: 0.1` under `data`."
    raise ConfigError([Problem(("train", "monitor"), message, hint)])
