"""Info: what run.json says of a run."""

import datetime
from typing import Any

from nntrain.errors import NntrainError
from nntrain.run.environment import environment
from nntrain.training.groups import other_rates
from nntrain.training.setup import Setup

OF_THE_END = ("scores", "error", "ended")  # what a run that is resumed says anew


def first_facts(setup: Setup, threads: int, ranks: int = 1) -> dict[str, Any]:
    """What a run says from its start on; threads: of each rank."""
    return {
        "started": now(),
        "seed": setup.config.seed,
        "data_sha256": setup.hashes,
        "samples": {name: len(data) for name, data in setup.splits.parts().items()},
        "steps_per_epoch": len(setup.batches()),
        "monitor": setup.monitor.name,
        "higher_is_better": directions(setup),
        "group_rates": other_rates(setup.config),
        "resumed_from_steps": [],
        "ranks": ranks,
        **environment(threads),
    }


def directions(setup: Setup) -> dict[str, bool]:
    """Of the loss and the metrics, so that whoever compares runs needs neither their plugins nor our classes."""
    metrics = {metric.yaml_name: metric.higher_is_better for metric in setup.config.metrics if metric.scalar}
    return {"loss": False, **metrics}


def resumed(
    present: dict[str, Any], first: dict[str, Any], then: dict[str, Any], step: int
) -> dict[str, Any]:
    """What a run says that is resumed after `step`: the present facts, and those of its start.

    `then` is what it said before; if that was damaged, `first` are the facts as if it started now.
    """
    facts = first | then
    facts["resumed_from_steps"] = [*facts["resumed_from_steps"], step]
    return present | {key: facts[key] for key in facts if key not in (*OF_THE_END, *present)}


def described(error: BaseException) -> str:
    return str(error) if isinstance(error, NntrainError) else f"{type(error).__name__}: {error}"


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
