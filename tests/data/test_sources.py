"""Data sources that need no files: packaged, synthetic and random data."""

import numpy as np
import pytest

from nntrain.data.sources.synthetic import CURVES
from nntrain.data.splits import hashes, split
from tests.support.data import load


def test_digits_are_1797_pictures_between_0_and_1():
    splits = load("digits")
    x = np.concatenate([splits.train.x, splits.test.x])
    assert x.shape == (1797, 64)
    assert x.dtype == np.float32
    assert x.min() == 0
    assert x.max() == 1
    assert np.array_equal(x * 16, np.round(x * 16))
    assert splits.train.classes == tuple("0123456789")
    counts = np.bincount(np.concatenate([splits.train.target, splits.test.target]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_test_split_is_fixed_stratified_and_disjoint_from_training():
    splits = load("digits")
    assert len(splits.test) == 360
    assert set(np.bincount(splits.test.target)) <= {35, 36, 37}  # a fifth of 174 to 183
    assert hashes(splits)["test"] == "48d0fa2e63efb23b34b3cce35634f74567978d4ce97a11250ab3d733061adb63"


def test_digits_as_image_are_the_same_values():
    vector, image = load("digits"), load({"digits": {"as": "image"}})
    assert image.train.input_shape == (8, 8, 1)
    assert np.array_equal(image.test.x.reshape(-1, 64), vector.test.x)


def test_four_samples_of_xor_without_noise_are_the_four_points():
    splits = load({"synthetic": {"kind": "xor", "samples": 4, "noise": 0.0}})
    for part in (splits.train, splits.test):
        assert part.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert part.target.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("function", CURVES)
def test_curve_is_tested_without_noise(function):
    splits = load({"synthetic": {"kind": "curve", "function": function, "noise": 0.2, "samples": 3000}})
    assert splits.test.x[[0, 200, -1], 0].tolist() == [-1, 0, 1]
    assert np.array_equal(splits.test.target, CURVES[function](splits.test.x))
    assert splits.train.target_shape == (1,)
    assert splits.train.classes == ()
    assert np.abs(splits.train.x).max() <= 1
    noise = splits.train.target - CURVES[function](splits.train.x)
    assert abs(noise.mean()) < 0.02
    assert noise.std() == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize(
    ("options", "classes"),
    [({"kind": "two_moons"}, 2), ({"kind": "spirals", "classes": 3}, 3), ({"kind": "xor"}, 2)],
)
def test_synthetic_classes_are_balanced_and_tested_on_a_second_draw(options, classes):
    splits = load({"synthetic": options | {"samples": 600}})
    assert np.ptp(np.bincount(splits.train.target)) == 0
    assert len(splits.train.classes) == classes
    assert splits.test.x.shape == (600, 2)
    assert not np.isin(splits.test.x, splits.train.x).any()
    again, other = (
        load({"synthetic": options | {"samples": 600}}),
        load({"synthetic": options | {"samples": 600, "seed": 1}}),
    )
    assert hashes(again) == hashes(splits)
    assert hashes(other)["train"] != hashes(splits)["train"]


def test_moons_and_spirals_without_noise_lie_on_their_curves():
    moons = load({"synthetic": {"kind": "two_moons", "noise": 0.0}}).train
    centre = np.where(moons.target[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.linalg.norm(moons.x - centre, axis=1), 1, rtol=1e-12)
    spirals = load({"synthetic": {"kind": "spirals", "noise": 0.0, "classes": 4, "turns": 1.5}}).train
    radius, angle = np.linalg.norm(spirals.x, axis=1), np.arctan2(spirals.x[:, 1], spirals.x[:, 0])
    assert radius.min() >= 0.1
    assert radius.max() <= 1
    turn = angle / (2 * np.pi) - spirals.target / 4 - 1.5 * radius
    np.testing.assert_allclose(turn - np.round(turn), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "x", "target"),
    [
        ({"input": [32, 32, 3], "classes": 10}, (512, 32, 32, 3), (512,)),
        ({"input": [4], "targets": 2, "samples": 7}, (7, 4), (7, 2)),
        ({"input": [6], "classes": 5, "vocabulary": 9, "target_per_step": True}, (512, 6), (512, 6)),
        ({"input": [6, 3], "targets": 2, "target_per_step": True}, (512, 6, 3), (512, 6, 2)),
    ],
)
def test_random_data_have_the_shapes_asked_for(options, x, target):
    data = load({"random": options}).train
    assert data.x.shape == x
    assert data.target.shape == target
    assert data.vocabulary == options.get("vocabulary", 0)
    assert len(data.classes) == options.get("classes", 0)
    for values, limit in ((data.x, data.vocabulary), (data.target, len(data.classes))):
        if limit:
            assert values.dtype == np.int32
            assert set(np.unique(values)) == set(range(limit))
        else:
            assert np.isfinite(values).all()


def test_iris_are_150_flowers_of_three_species_without_a_test_split():
    splits = load("iris")
    assert list(splits.parts()) == ["train"]
    assert splits.train.feature_names == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert splits.train.classes == ("setosa", "versicolor", "virginica")
    assert np.bincount(splits.train.target).tolist() == [50, 50, 50]
    means = [splits.train.x[splits.train.target == species].mean(axis=0) for species in range(3)]
    # In cm, as Fisher 1936 has them.
    expected = [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
    np.testing.assert_allclose(means, expected, rtol=1e-12)
    parts, _ = split(splits, 0.2, None, seed=0)
    assert np.bincount(parts.test.target).tolist() == [10, 10, 10]
