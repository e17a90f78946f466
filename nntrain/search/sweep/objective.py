"""Objective: the score by which the trials of a sweep are compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.errors import ConfigError, Problem
from nntrain.options import did_you_mean
from nntrain.search.results import HELD_OUT
from nntrain.training.monitor import LAST
from nntrain.training.setup import Setup

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Objective:
    """A score of a split, such as the accuracy of validation; with folds, of the held-out folds."""

    split: str
    score: str
    higher_is_better: bool

    @property
    def column(self) -> str:
        """Its column of metrics.csv."""
        return f"{self.split}_{self.score}"


def objective_of(sweep: Sweep, setup: Setup, varied: Iterable[str]) -> Objective:
    """The objective of a sweep that varies these options. Raises ConfigError."""
    found = _chosen(sweep, setup)
    if found.score == "loss" and (losses := [name for name in varied if name.split(".")[0] == "loss"]):
        raise _error(
            f"`{losses[0]}` is varied: the values of different losses cannot be compared",
            f"Set `objective` to a metric{_example(setup.config)}.",
        )
    return found


def _chosen(sweep: Sweep, setup: Setup) -> Objective:
    scores = scores_of(setup.config)
    held_out = HELD_OUT if sweep.folds else "validation"
    if (
        sweep.objective is None
        and not sweep.folds
        and setup.splits.validation is not None
        and setup.monitor.name != LAST
    ):
        split, _, score = setup.monitor.name.partition("_")
        return Objective(split, score, setup.monitor.higher_is_better)
    name = sweep.objective or "loss"
    split, _, score = name.partition("_")
    if split not in SPLITS:
        split, score = held_out, name
    if score not in scores:
        columns = [
            *scores,
            *(f"{each}_{score}" for each in dict.fromkeys((held_out, "train")) for score in scores),
        ]
        raise _error(f"unknown metric {name!r}.{did_you_mean(name, columns)}", _in_config(score))
    if split == "test" and not sweep.folds:
        raise _error(
            "the test split must not choose the options",
            f"Use the validation split: `objective: validation_{score}`.",
        )
    if split == "validation" and setup.splits.validation is None:
        raise _error(
            "the config has no validation split on which trials could be compared",
            "Add `validation: 0.1` under `data` of the config, or set `folds: 5` here.",
        )
    return Objective(split, score, scores[score])


def scores_of(config: Config) -> dict[str, bool]:
    """The scores of a run that are one number, and whether higher is better."""
    metrics = {each.yaml_name: each.higher_is_better for each in config.metrics if each.scalar}
    return {"loss": False, **metrics}


def _in_config(score: str) -> str:
    """A hint where the config does not measure a metric that there is."""
    from nntrain.metrics import Metric

    known = Metric.members().get(score)
    return f"Add `{score}` to `metrics` of the config." if known is not None and known.scalar else ""


def _example(config: Config) -> str:
    score = next((name for name in scores_of(config) if name != "loss"), None)
    return f", such as `{score}`" if score else " of the config, such as `accuracy`"


def _error(message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(("objective",), message, hint)])
