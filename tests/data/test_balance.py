"""Class weights: rare classes count more in training."""

import numpy as np
import pytest

from nntrain.config.schema import DataSection
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.loading import load_splits
from nntrain.data.transforms.balance import balanced
from tests.support.data import labelled, refused


def test_each_class_has_the_same_total_weight_and_the_mean_is_one():
    labels = np.array([0] * 12 + [1] * 3 + [2])
    train = balanced(labelled(labels)).train
    assert np.bincount(labels, train.weight) == pytest.approx([16 / 3] * 3)
    assert train.weight.mean() == pytest.approx(1)
    assert train.notes == ("class_weights: 0 0.444, 1 1.78, 2 5.33",)


def test_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_sample_weight

    labels = np.array([0, 1, 1, 1, 2, 2, 0, 1])
    assert balanced(labelled(labels)).train.weight == pytest.approx(compute_sample_weight("balanced", labels))


def test_weights_of_rows_are_multiplied():
    data = Dataset(
        np.zeros((4, 1)), np.array([0, 0, 0, 1], np.int32), ("a", "b"), weight=np.array([2.0, 1, 0, 1])
    )
    train = balanced(Splits(data)).train
    assert np.bincount(data.target, train.weight) == pytest.approx([2, 2])
    assert train.weight[0] == pytest.approx(2 * train.weight[1])


def test_equal_classes_have_no_weights():
    assert balanced(labelled([0, 1, 1, 0])).train.weight is None


def test_other_splits_are_scored_without(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{row},{'ab'[row % 5 == 0]}\n" for row in range(100)))
    source = {"csv": {"path": "t.csv"}}
    options = DataSection.model_validate({"source": source, "validation": 0.2, "class_weights": "balanced"})
    splits, _ = load_splits(options, tmp_path, 0)
    assert splits.validation is not None
    assert set(splits.validation.weight) == {1}
    assert np.unique(splits.train.weight) == pytest.approx([0.625, 2.5])


def test_numbers_have_no_class_weights():
    numbers = Dataset(np.zeros((3, 1)), np.zeros((3, 1)))
    assert "the targets are numbers, not classes" in refused(balanced, Splits(numbers))
