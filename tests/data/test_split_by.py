"""The option `split_by`: fractions hold out whole groups, or the latest samples."""

import itertools

import hypothesis.strategies
import numpy as np
import pytest
from hypothesis import given

from nntrain.config.schema import DataSection
from nntrain.data.folds import allocation
from nntrain.data.loading import load_splits
from nntrain.errors import UserError

DAYS = [f"2024-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(50)]
ORDER = np.random.default_rng(0).permutation(100)  # of the file: two rows for each day


def splits(tmp_path, by, **more):
    rows = "".join(f"{DAYS[row // 2]},{row // 2},p{row % 7},{row}\n" for row in ORDER)
    (tmp_path / "t.csv").write_text("day,number,person,y\n" + rows)
    source = {"csv": {"path": "t.csv", "task": "regression"} | more.pop("source", {})}
    options = {"source": source, "test": 0.2, "validation": 0.25, "split_by": by} | more
    return load_splits(DataSection.model_validate(options), tmp_path, 0)


@pytest.mark.parametrize("column", ["day", "number", 1])
def test_by_time_the_latest_samples_are_held_out_and_days_stay_together(tmp_path, column):
    found, rows = splits(tmp_path, {"time": column})
    targets = [sorted(part.target.ravel().astype(int)) for part in found.parts().values()]
    assert targets == [[*range(60)], [*range(60, 80)], [*range(80, 100)]]
    assert sorted(ORDER[rows["test"]]) == [*range(80, 100)]
    assert "day (year)" in found.train.feature_names  # it is still a feature


def test_a_column_that_orders_can_be_left_out_of_the_features(tmp_path):
    columns = {"columns": {"day": "ignore", "number": "ignore"}}
    found, _ = splits(tmp_path, {"time": "day"}, source=columns)
    assert all(name.startswith("person=") for name in found.train.feature_names)
    assert found.test.target.min() == 80


def test_by_group_groups_are_held_out_whole(tmp_path):
    found, _ = splits(tmp_path, {"group": "person"})
    persons = [{int(y) % 7 for y in part.target.ravel()} for part in found.parts().values()]
    assert sum(map(len, persons)) == 7 == len(set.union(*persons))
    assert not any("person" in name for name in found.train.feature_names)


def test_folds_take_the_group_of_the_splits(tmp_path):
    found, _ = splits(tmp_path, {"group": "person"}, fold={"number": 1, "of": 3}, test=None)
    assert not {int(y) % 7 for y in found.test.target.ravel()} & {
        int(y) % 7 for y in found.train.target.ravel()
    }


@pytest.mark.parametrize("folds", [2, 3, 7, 49])
def test_folds_by_time_train_on_what_comes_before(tmp_path, folds):
    tested = []
    for number in range(1, folds + 1):
        fold = {"number": number, "of": folds}
        more = {"fold": fold, "test": None, "validation": None, "source": {"features": ["day", "number"]}}
        found, rows = splits(tmp_path, {"time": "day"}, **more)
        train, test = (sorted(part.target.ravel().astype(int)) for part in (found.train, found.test))
        assert train == [*range(len(train))]
        assert test == [*range(len(train), len(train) + len(test))]
        assert len(train) % 2 == len(test) % 2 == 0  # the rows of a day are in one block
        assert sorted(ORDER[rows["test"]]) == test
        assert any("by time, after what is trained on" in note for note in found.notes)
        tested += test
    assert tested == [*range(tested[0], 100)]
    start = allocation.by_time(100, folds, 0)[0]
    assert abs(tested[0] - start) <= 1


def test_the_validation_split_of_a_fold_by_time_comes_after_what_is_trained_on(tmp_path):
    fold = {"number": 2, "of": 3}
    found, _ = splits(tmp_path, {"time": "day"}, fold=fold, test=None)
    parts = [found.train, found.validation, found.test]
    for before, after in itertools.pairwise(part.target for part in parts):
        assert before.max() < after.min()


@given(
    hypothesis.strategies.lists(hypothesis.strategies.integers(1, 9), min_size=3, max_size=30),
    hypothesis.strategies.data(),
)
def test_each_fold_by_time_has_times_of_its_own(counts, data):
    folds = data.draw(hypothesis.strategies.integers(2, len(counts) - 1))
    starts = [0, *allocation.starts_by_time(np.array(counts), folds), len(counts)]
    assert len(starts) == folds + 2
    assert all(start < after for start, after in itertools.pairwise(starts))
    if {*counts} == {1}:
        expected = [allocation.by_time(len(counts), folds, number)[0] for number in range(folds)]
        assert starts[1:-1] == expected


def test_classes_that_do_not_occur_before_a_block_are_warned_of(tmp_path):
    rows = "".join(f"{day},{'a' if day % 2 else 'b' if day < 30 else 'c'}\n" for day in range(40))
    (tmp_path / "c.csv").write_text("day,y\n" + rows)
    options = {
        "source": {"csv": {"path": "c.csv"}},
        "split_by": {"time": "day"},
        "fold": {"number": 3, "of": 3},
    }
    found, _ = load_splits(DataSection.model_validate(options), tmp_path, 0)
    assert any("tested without being learned: 'c' (5)" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("by", "more", "message"),
    [
        ({"time": "dy"}, {}, "split_by.time: no column is named 'dy'. Did you mean 'day'?"),
        ({"time": "y"}, {}, "split_by.time: column 'y' is a target"),
        ({"time": "person"}, {}, "column 'person': expected a date such as 2024-01-31"),
        (
            {"time": "day"},
            {"fold": {"number": 1, "of": 3, "group": "person"}},
            "folds by time hold out blocks of time, not groups",
        ),
        ({"time": "day"}, {"fold": {"number": 1, "of": 50}}, "at least 51 times"),
        ({}, {}, "expected either `group` or `time`"),
        ({"time": "day"}, {"source": {"impute": "mean"}, "test": 0.001}, "leaves none for the test split"),
    ],
)
def test_what_cannot_order_or_group_samples_is_an_error(tmp_path, by, more, message):
    with pytest.raises((UserError, ValueError)) as raised:
        splits(tmp_path, by, **more)
    assert message in str(raised.value)


@pytest.mark.parametrize("by", ["group", "time"])
def test_sources_without_columns_are_an_error_at_the_option(tmp_path, by):
    options = {"source": "iris", "test": 0.2, "split_by": {by: "day"}}
    with pytest.raises(UserError) as raised:
        load_splits(DataSection.model_validate(options), tmp_path, 0)
    assert f"data.split_by.{by}: iris has no column" in str(raised.value)
