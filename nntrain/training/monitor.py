"""Monitor: the value that decides which checkpoint is the best, when to stop early, and what a schedule follows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.config.schema import Config
from nntrain.errors import ConfigError, Problem
from nntrain.options import did_you_mean
from nntrain.schedules.plateau import ReduceOnPlateau

LAST = "last"


@dataclass(frozen=True)
class Monitor:
    """A column of metrics.csv. Best checkpoint, early stopping and schedule share its notion of better.

    LAST is none: of two evaluations it takes the later one.
    """

    name: str
    higher_is_better: bool

    def value(self, row: Mapping[str, Any]) -> float:
        """The monitored value in a row of metrics.csv."""
        return row["step" if self.name == LAST else self.name]

    def improves(self, value: float, best: float | None, margin: float = 0.0) -> bool:
        """Whether `value` is better than `best` by more than `margin`. NaN never is; without a best, any number is."""
        if math.isnan(value):
            return False
        if best is None or math.isnan(best):
            return True
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
    if name == LAST:
        _check_last(config)
        return Monitor(LAST, higher_is_better=True)
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


def _check_last(config: Config) -> None:
    """Raises ConfigError for what needs a value to follow."""
    follows = {
        ("train", "early_stopping"): config.train.early_stopping is not None,
        ("schedule", ReduceOnPlateau.yaml_name): isinstance(config.schedule, ReduceOnPlateau),
    }
    message, hint = "needs a value to follow, and `train.monitor: last` is none", "Remove one of the two."
    if problems := [Problem(place, message, hint) for place, present in follows.items() if present]:
        raise ConfigError(problems)


def check_schedule(config: Config, monitor: Monitor) -> None:
    """Raises ConfigError for a schedule that takes the monitored metric the other way round."""
    try:
        config.schedule.check(monitor.name, monitor.higher_is_better)
    except ConfigError as error:
        raise error.below("schedule", config.schedule.yaml_name) from None
