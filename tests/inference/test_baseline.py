"""The baseline of every run: what one prediction for all samples scores."""

import math

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, Splits
from nntrain.inference.baseline import baseline
from nntrain.losses import Loss
from nntrain.metrics import Metric

DRAW = np.random.default_rng(0)


def scored(target, loss, *metrics, classes=(), outputs=1, test=None, dtype=np.float32, **options):
    def data(target):
        return Dataset(np.zeros((len(target), *np.shape(target)[1:2], 1)), target, classes, **options)

    splits = Splits(data(target), test=None if test is None else data(test))
    chosen = [Metric.parse(name) for name in metrics]
    return baseline(splits, Loss.parse(loss), chosen, outputs, np.dtype(dtype))


def test_of_classes_it_is_their_entropy_and_the_share_of_the_most_frequent():
    target = np.repeat([0, 1, 2], [10, 30, 60]).astype(np.int32)
    test = np.repeat([0, 2], [5, 5]).astype(np.int32)
    names = ("accuracy", "perplexity", "auc", "confusion_matrix")
    found = scored(target, "cross_entropy", *names, classes=("a", "b", "c"), outputs=3, test=test)
    entropy = -sum(p * math.log(p) for p in (0.1, 0.3, 0.6))
    assert found["train"] == pytest.approx(
        {"loss": entropy, "accuracy": 0.6, "perplexity": math.exp(entropy), "auc": 0.5}
    )
    assert found["test"]["loss"] == pytest.approx(-(math.log(0.1) + math.log(0.6)) / 2)
    assert found["test"]["accuracy"] == 0.5


def test_of_equally_frequent_classes_it_is_the_logarithm_of_their_number():
    target = np.arange(100, dtype=np.int32) % 10
    found = scored(target, "cross_entropy", classes=tuple("0123456789"), outputs=10)
    assert found["train"]["loss"] == pytest.approx(math.log(10))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_of_numbers_it_is_their_standard_deviation_and_r2_of_0(loss):
    target = DRAW.normal(5, 3, size=(400, 1)) ** 2
    found = scored(target, loss, "rmse", "r2", "mae")["train"]
    assert found["rmse"] == pytest.approx(target.std())
    assert found["r2"] == pytest.approx(0, abs=1e-5)
    assert found["mae"] == pytest.approx(
        np.abs(target - np.median(target)).mean(), rel=0.05 if loss != "mae" else 1e-5
    )


@pytest.mark.parametrize("options", [{"class_weights": [9.0, 1.0]}, {"label_smoothing": 0.5}])
def test_the_accuracy_is_the_majoritys_whatever_the_weights(options):
    target = np.repeat([0, 1], [30, 70]).astype(np.int32)
    found = scored(target, {"cross_entropy": options}, "accuracy", classes=("a", "b"), outputs=2)
    assert found["train"]["accuracy"] == 0.7


def test_of_a_target_per_step_it_counts_real_steps_only():
    target = np.array([[0, 1, 1], [1, 0, 0]], np.int32)
    lengths = np.array([3, 1], np.int32)
    found = scored(target, "cross_entropy", "accuracy", classes=("a", "b"), outputs=2, lengths=lengths)
    assert found["train"]["accuracy"] == 0.75
    reals = target[..., None].astype(float)
    assert scored(reals, "mse", lengths=lengths)["train"]["loss"] == pytest.approx(0.75 * 0.25)


def test_of_multi_label_targets_each_output_counts():
    target = (DRAW.random((200, 3)) < [0.1, 0.5, 0.9]).astype(float)
    found = scored(target, "binary_cross_entropy", "accuracy", outputs=3)["train"]
    assert found["accuracy"] == pytest.approx(np.maximum(target.mean(0), 1 - target.mean(0)).mean())
    share = target.mean(0)
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share)).mean()
    assert found["loss"] == pytest.approx(entropy, rel=1e-5)
