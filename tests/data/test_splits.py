"""Splits: held out or joined, and their hashes."""

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.splits import hashes, join, split
from tests.support.data import labelled, load, refused


def test_splits_are_disjoint_complete_and_indexed_into_the_source():
    source = labelled(np.arange(103) % 4)
    parts, rows = split(source, 0.2, 0.1, seed=3)
    assert {name: len(part) for name, part in parts.parts().items()} == {
        "train": 74,
        "validation": 8,
        "test": 21,
    }
    assert sorted(np.concatenate(list(rows.values()))) == list(range(103))
    for name, part in parts.parts().items():
        assert rows[name].dtype == np.int64
        assert np.array_equal(part.x[:, 0], rows[name])
        assert np.array_equal(part.target, source.train.target[rows[name]])


def test_split_depends_on_the_seed_alone():
    source = labelled(np.arange(50) % 2)
    first, again, other = (split(source, 0.2, 0.2, seed)[1] for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["test"], other["test"])


def test_validation_does_not_change_the_test_split():
    source = labelled(np.arange(50) % 2)
    assert np.array_equal(split(source, 0.2, None, 0)[1]["test"], split(source, 0.2, 0.3, 0)[1]["test"])


@pytest.mark.parametrize("fraction", [0.05, 0.1, 1 / 3, 0.5, 0.8])
@pytest.mark.parametrize("sizes", [[50, 50], [90, 9, 1], [2, 2, 96], [3, 5, 7, 11, 13], [1, 1, 1, 30]])
def test_split_is_stratified_exact_and_keeps_a_sample_of_each_class(sizes, fraction):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    parts, rows = split(labelled(labels), None, fraction, seed=0)
    drawn = np.bincount(parts.validation.target, minlength=len(sizes))
    kept = np.bincount(parts.train.target, minlength=len(sizes))
    ideal = fraction * np.array(sizes)
    assert drawn.sum() == int(len(labels) * fraction + 0.5)
    assert all(kept[np.array(sizes) >= 2] >= 1)
    if min(sizes) > 2:  # otherwise small classes keep what they owe, and large ones give it
        assert (np.abs(drawn - ideal) <= 1).all()
    assert not np.array_equal(np.sort(rows["train"]), rows["train"])


def test_split_gives_the_largest_remainders_the_rows_left_over():
    # a quarter of 5, 7 and 8 is 1.25, 1.75 and 2: one row is left over, and the second class gets it
    parts, _ = split(labelled(np.repeat([0, 1, 2], [5, 7, 8])), 0.25, None, seed=0)
    assert np.bincount(parts.test.target).tolist() == [1, 2, 2]


def test_real_targets_and_targets_for_each_step_are_split_without_strata():
    for options in ({"targets": 1}, {"classes": 3, "target_per_step": True, "vocabulary": 5}):
        source = load({"random": {"input": [4], "samples": 20} | options})
        parts, rows = split(source, 0.25, None, seed=0)
        assert len(parts.test) == 5
        assert np.array_equal(parts.test.target, source.train.target[rows["test"]])
        assert parts.test.vocabulary == source.train.vocabulary


def test_without_fractions_nothing_is_split():
    source = labelled([0, 1, 0])
    parts, rows = split(source, None, None, seed=0)
    assert parts.train.x is source.train.x
    assert {name: part.tolist() for name, part in rows.items()} == {"train": [0, 1, 2]}


@pytest.mark.parametrize(
    ("labels", "test", "validation", "place"),
    [
        ([0, 1, 0, 1], 0.1, None, "test"),
        ([0, 1, 0, 1], None, 0.9, "validation"),
        ([0, 0, 1, 1], 0.75, None, "split"),
    ],
)
def test_too_few_samples_for_a_split_are_an_error(labels, test, validation, place, wording):
    told = refused(split, labelled(labels), test, validation, seed=0)
    assert told.startswith(place)
    wording(told)


def test_one_class_alone_is_an_error_except_in_another_split(wording):
    train = labelled([0, 1]).train
    one = Dataset(np.zeros((1, 1)), np.zeros(1, np.int32), ("1",))
    assert join(Splits(train), "test", one).test.target.tolist() == [1]
    wording(refused(split, Splits(one), None, None, 0))


def test_a_split_of_the_source_is_not_held_out_again(wording):
    told = refused(split, load("digits"), 0.2, None, seed=0)
    wording(told)


def test_a_split_from_another_source_is_aligned_by_class_name(wording):
    train = Splits(Dataset(np.zeros((3, 1)), np.array([0, 1, 2], np.int32), ("cat", "dog", "fox")))
    other = Dataset(np.zeros((2, 1)), np.array([0, 1], np.int32), ("dog", "fox"))
    joined = join(train, "test", other)
    assert joined.test.classes == train.train.classes
    assert joined.test.target.tolist() == [1, 2]
    told = refused(join, train, "test", Dataset(np.zeros((2, 1)), np.array([0, 1], np.int32), ("dog", "owl")))
    wording(told)


def test_splits_must_match(wording):
    train = labelled([0, 1]).train
    told = refused(Splits, train, test=Dataset(train.x, train.target, ("no", "yes")))
    wording(told)
    told = refused(Splits, train, test=Dataset(train.x, np.zeros((2, 1))))
    wording(told)
    wording(refused(Splits, Dataset(np.zeros((0, 1)), np.zeros((0, 1)))))


def test_hashes_see_values_shapes_and_types():
    x, y = np.arange(6.0), np.arange(6.0)[:, None]
    variants = [
        Dataset(x.reshape(6, 1), y),
        Dataset(x.reshape(6, 1).astype(np.float32), y),
        Dataset(x[:, None] + 1, y),
        Dataset(x.reshape(6, 1), y + 1),
        Dataset(x.reshape(6, 1, 1), y),
    ]
    assert len({hashes(Splits(variant))["train"] for variant in variants}) == len(variants)
    assert hashes(Splits(Dataset(x.reshape(6, 1).copy(), y.copy()))) == hashes(Splits(variants[0]))
