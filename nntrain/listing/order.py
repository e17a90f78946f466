"""Order: runs by their names, times or scores."""

import datetime
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from nntrain.errors import UserError
from nntrain.listing.entry import Entry

BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.UTC)
HELD_OUT = ("validation", "test", "train")  # where a metric without a split is looked up


def by_start(runs: Sequence[Entry]) -> list[Entry]:
    """The newest last; those of an unknown start first."""
    return sorted(runs, key=lambda run: (run.started or BEGINNING, natural(run.name)))


def sorted_by(runs: Sequence[Entry], column: str, place: str = "sort") -> list[Entry]:
    """By `name`, `started` (the newest last), `time` (the shortest first), or a score, the best first. Runs without one are last.

    Raises UserError for an unknown column, at `place`.
    """
    keys: dict[str, Callable[[Entry], Any]] = {
        "name": lambda run: natural(run.name),
        "time": lambda run: math.inf if run.seconds is None else run.seconds,
    }
    if column == "started":
        return by_start(runs)
    if column in keys:
        return sorted(runs, key=keys[column])
    score = score_column(runs, column, place)
    sign = -1.0 if is_higher_better(runs, score) else 1.0

    def rank(run: Entry) -> float:
        value = run.score(score)
        return math.inf if value is None or math.isnan(value) else sign * value

    return sorted(runs, key=rank)


def score_column(runs: Sequence[Entry], column: str, place: str = "sort") -> str:
    """A column that some run has; "accuracy" stands for that of the held-out data. Raises UserError."""
    known = list(
        dict.fromkeys(
            f"{split}_{metric}" for run in runs for split, values in run.scores.items() for metric in values
        )
    )
    if column in known or not runs:
        return column
    for split in HELD_OUT:
        if f"{split}_{column}" in known:
            return f"{split}_{column}"
    from nntrain.options import did_you_mean, with_suggestion  # with it comes pydantic

    metrics = dict.fromkeys(name.partition("_")[2] for name in known)
    suggestion = did_you_mean(column, ["name", "started", "time", *known, *metrics])
    raise UserError(with_suggestion(f"unknown column {column!r}", suggestion), place=place)


def is_higher_better(runs: Sequence[Entry], column: str) -> bool:
    metric = column.partition("_")[2]
    return any(run.higher_is_better.get(metric, False) for run in runs)


def natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name count as such: digits-2 is before digits-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
