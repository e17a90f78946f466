"""Every metric of tests/support/samples.py: its value over batches, with weights and padding, and what it rejects."""

import math

import numpy as np
import pytest

from nntrain.errors import ConfigError
from nntrain.losses import Loss
from nntrain.metrics import Metric
from tests.support.reference.losses import example
from tests.support.samples import METRICS

ROWS = 60
CASES = [(sample, *target) for sample in METRICS for target in sample.targets]
each_case = pytest.mark.parametrize(
    ("sample", "loss", "kind"), CASES, ids=[f"{s}-{loss}-{kind}" for s, loss, kind in CASES]
)


def parsed(sample) -> Metric:
    return Metric.parse({sample.name: sample.options})


def value(metric, loss, prediction, target, weight=None, batch=ROWS):
    sums = metric.start(Loss.parse(loss))
    for at in range(0, len(prediction), batch):
        part = slice(at, at + batch)
        metric.add(sums, prediction[part], target[part], None if weight is None else weight[part])
    return metric.value(sums)


def log_softmax(prediction):
    return prediction - np.log(np.exp(prediction).sum(axis=1, keepdims=True))


def weights():
    return np.random.default_rng(4).choice([0.0, 0.5, 1.0, 2.0], ROWS)


def test_every_metric_has_a_sample():
    assert {sample.name for sample in METRICS} == {kind.yaml_name for kind in Metric.members().values()}


@pytest.mark.parametrize("sample", METRICS, ids=str)
def test_options_survive_being_spelled_out(sample):
    assert Metric.parse(parsed(sample).spelled()) == parsed(sample)


@each_case
def test_value_equals_the_reference(sample, loss, kind):
    prediction, target = example(kind, ROWS)
    expected = sample.reference(prediction, target, np.ones(ROWS), **sample.options)
    np.testing.assert_allclose(value(parsed(sample), loss, prediction, target), expected, rtol=1e-12)


@each_case
def test_weighted_value_equals_the_reference(sample, loss, kind):
    prediction, target = example(kind, ROWS)
    expected = sample.reference(prediction, target, weights(), **sample.options)
    np.testing.assert_allclose(
        value(parsed(sample), loss, prediction, target, weights()), expected, rtol=1e-12
    )


@each_case
@pytest.mark.parametrize("batch", [1, 7, 59])
def test_value_does_not_depend_on_the_batches(sample, loss, kind, batch):
    prediction, target = example(kind, ROWS)
    whole = value(parsed(sample), loss, prediction, target, weights())
    np.testing.assert_allclose(
        value(parsed(sample), loss, prediction, target, weights(), batch), whole, rtol=1e-12
    )


@each_case
def test_float32_predictions_are_summed_in_float64(sample, loss, kind):
    prediction, target = example(kind, ROWS)
    prediction = prediction.astype(np.float32)
    in_target_precision = target if target.ndim == 1 else target.astype(np.float32)
    exact_target = target if target.ndim == 1 else in_target_precision.astype(np.float64)
    expected = sample.reference(prediction.astype(np.float64), exact_target, np.ones(ROWS), **sample.options)
    np.testing.assert_allclose(
        value(parsed(sample), loss, prediction, in_target_precision), expected, rtol=1e-12
    )


@each_case
def test_rows_of_weight_0_are_ignored(sample, loss, kind):
    prediction, target = example(kind, ROWS)
    expected = value(parsed(sample), loss, prediction[:40], target[:40])
    prediction[40:] = np.nan
    target[40:] = -7 if target.ndim == 1 else np.nan
    found = value(parsed(sample), loss, prediction, target, np.repeat([1.0, 0.0], [40, 20]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@each_case
def test_the_value_of_nothing_is_nan(sample, loss, kind):
    if sample.name == "confusion_matrix":
        return
    assert math.isnan(parsed(sample).value(parsed(sample).start(Loss.parse(loss))))
    prediction, target = example(kind, ROWS)
    assert math.isnan(value(parsed(sample), loss, prediction, target, np.zeros(ROWS)))


@each_case
def test_the_config_check_accepts_it(sample, loss, kind):
    classes = {"classes": 5, "two_classes": 2}.get(kind)
    parsed(sample).check(Loss.parse(loss), classes)


@pytest.mark.parametrize(
    ("metric", "loss", "classes"),
    [
        ("accuracy", "mse", None),
        ("r2", "cross_entropy", 3),
        ("top_k_accuracy", "cross_entropy", 5),
        ("top_k_accuracy", "binary_cross_entropy", 2),
        ("confusion_matrix", "binary_cross_entropy", None),
        ("perplexity", "mse", 5),
    ],
)
def test_a_metric_that_does_not_suit_the_data_is_an_error(metric, loss, classes, wording):
    with pytest.raises(ConfigError) as caught:
        Metric.parse(metric).check(Loss.parse(loss), classes)
    wording(str(caught.value))


def test_soft_rows_mean_their_largest_class():
    prediction = np.array([[1.0, 3, 2], [1, 3, 2]])
    target = np.array([[0.1, 0.6, 0.3], [0.1, 0.3, 0.6]])
    assert value(Metric.parse("accuracy"), "cross_entropy", prediction, target) == 0.5


def test_r2_loses_no_digits_to_a_large_mean():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(ROWS, 2))
    prediction = target + 0.1 * rng.normal(size=(ROWS, 2))
    near = value(Metric.parse("r2"), "mse", prediction, target, batch=7)
    far = value(Metric.parse("r2"), "mse", prediction + 2.0**30, target + 2.0**30, batch=7)
    assert far == pytest.approx(near, rel=1e-6)


def test_r2_of_a_constant_target():
    target = np.ones((4, 1))
    assert value(Metric.parse("r2"), "mse", target, target) == 1
    assert value(Metric.parse("r2"), "mse", target + 1, target) == 0


def test_a_label_that_never_occurs_does_not_enter_the_mean():
    prediction, target = np.array([[2.0, 1, 0], [0, 1, 0]]), np.array([0, 1], np.int32)
    assert value(Metric.parse("f1"), "cross_entropy", prediction, target) == 1


def test_perplexity_of_a_uniform_guess_is_the_number_of_classes():
    found = value(
        Metric.parse("perplexity"), "cross_entropy", np.zeros((3, 8)), np.array([0, 1, 2], np.int32)
    )
    assert found == pytest.approx(8)


def test_perplexity_is_infinite_on_overflow_and_nan_for_nan():
    target = np.array([0], np.int32)
    assert value(Metric.parse("perplexity"), "cross_entropy", np.array([[0.0, 1e4]]), target) == math.inf
    assert math.isnan(value(Metric.parse("perplexity"), "cross_entropy", np.array([[0.0, np.nan]]), target))


def test_auc_of_a_single_class_is_undefined():
    prediction = np.random.default_rng(0).normal(size=(3, 3))
    assert math.isnan(value(Metric.parse("auc"), "cross_entropy", prediction, np.zeros(3, np.int32)))


def test_auc_averages_over_the_classes_that_occur():
    prediction, target = example("classes", ROWS)
    target %= 2
    expected = [
        value(Metric.parse("auc"), "binary_cross_entropy", logit[:, None], (target == k).astype(np.int32))
        for k, logit in enumerate(log_softmax(prediction).T[:2])
    ]
    found = value(Metric.parse("auc"), "cross_entropy", prediction, target)
    assert found == pytest.approx(np.mean(expected), rel=1e-12)


def test_auc_of_several_outputs_leaves_out_one_that_is_always_true():
    prediction, target = example("answers", ROWS)
    expected = value(Metric.parse("auc"), "binary_cross_entropy", prediction[:, 1:], target[:, 1:])
    target[:, 0] = 1
    assert value(Metric.parse("auc"), "binary_cross_entropy", prediction, target) == expected


@pytest.mark.parametrize(("metric", "expected"), [("precision", 2 / 3), ("recall", 0.5), ("f1", 5 / 9)])
def test_a_class_that_is_predicted_but_never_true_counts_as_0(metric, expected):
    """As in scikit-learn 1.9, whose values these are: precision_score(..., average="macro") and so on."""
    prediction = np.array([[2.0, 1, 0], [0, 1, 0], [0, 0, 1]])
    target = np.array([0, 1, 1], np.int32)
    assert value(Metric.parse(metric), "cross_entropy", prediction, target) == pytest.approx(expected)
