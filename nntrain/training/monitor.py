"""Monitor: the value that `best` and early stopping follow."""

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
        """Whether `value` beats `best`, by more than early stopping's `min_delta` where there is one."""
        if math.isnan(best):
            return not math.isnan(value)
        margin = stopping.min_delta if stopping else 0.0
        return value > best + margin if self.higher_is_better else value < best - margin


def choose_monitor(config: Config, has_validation: bool) -> Monitor:
    """Raises ConfigError for a name that no column has; the test split never chooses `best`."""
    splits = ["validation", "train"] if has_validation else ["train"]
    columns = {f"{split}_loss": False for split in splits}
    columns |= {
        f"{split}_{metric.yaml_name}": metric.higher_is_better
        for split in splits
        for metric in config.metrics
        if metric.is_number
    }
    name = config.train.monitor or next(iter(columns))
    if name in columns:
        return Monitor(name, columns[name])
    place = ("train", "monitor")
    if name.startswith("test_"):
        raise ConfigError(
            [Problem(place, "the test split must not choose the best checkpoint. Use the validation split.")]
        )
    if name.startswith("validation_") and not has_validation:
        raise ConfigError(
            [
                Problem(
                    place,
                    f"there is no validation split to take {name!r} from. "
                    "Add `validation: 0.1` under `data`.",
                )
            ]
        )
    raise ConfigError([Problem(place, f"nothing is called {name!r}.{did_you_mean(name, columns)}")])
