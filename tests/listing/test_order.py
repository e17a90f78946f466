"""Runs sorted by names, times and scores."""

import math
from pathlib import Path

import pytest

from nntrain.errors import UserError
from nntrain.listing.entry import Entry
from nntrain.listing.order import score_column, sorted_by

DIRECTIONS = {"loss": False, "accuracy": True}


def run(name, seconds=None, **validation):
    scores = {"validation": validation} if validation else {}
    return Entry(name, Path(name), "finished", scores=scores, seconds=seconds, higher_is_better=DIRECTIONS)


RUNS = [
    run("b-10", 3.0, loss=0.1, accuracy=0.5),
    run("b-9", 1.0, loss=0.3, accuracy=0.9),
    run("a", None, loss=math.nan, accuracy=0.7),
    run("c"),
]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("name", ["a", "b-9", "b-10", "c"]),
        ("time", ["b-9", "b-10", "a", "c"]),
        ("validation_loss", ["b-10", "b-9", "a", "c"]),  # without one, or NaN: last
        ("validation_accuracy", ["b-9", "a", "b-10", "c"]),
        ("accuracy", ["b-9", "a", "b-10", "c"]),
    ],
)
def test_the_best_run_is_first(column, expected):
    assert [run.name for run in sorted_by(RUNS, column)] == expected


def test_an_unknown_column_is_an_error_with_its_place():
    with pytest.raises(UserError, match="Did you mean 'validation_accuracy'") as caught:
        sorted_by(RUNS, "validation_acuracy", "--sort")
    assert caught.value.place == "--sort"
    assert sorted_by([], "anything") == []
    assert score_column(RUNS, "loss") == "validation_loss"
