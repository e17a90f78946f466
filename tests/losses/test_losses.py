"""Every loss of tests/support/samples.py: its value, its gradient, padding, both precisions, and the same bits for any threads."""

import math

import numba
import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import mean_pinball_loss

from nntrain.errors import ConfigError
from nntrain.losses import Loss
from tests.support import VECTORS as VECTORS_FOLDER
from tests.support.reference.losses import example, total
from tests.support.samples import LOSSES

VECTORS = dict(np.load(VECTORS_FOLDER / "training.npz"))

CASES = [(sample, kind) for sample in LOSSES for kind in sample.targets]
each_case = pytest.mark.parametrize(
    ("sample", "kind"), CASES, ids=[f"{sample}-{kind}" for sample, kind in CASES]
)


def parsed(name, **options) -> Loss:
    return Loss.parse({name: options})


def with_gradient(loss, prediction, target, weight=None):
    gradient = np.full_like(prediction, np.nan)
    return *loss(prediction, target, weight, gradient), gradient


def in_precision(dtype, prediction, target):
    return prediction.astype(dtype), target if target.ndim == 1 else target.astype(dtype)


def test_every_loss_has_a_sample():
    assert {sample.name for sample in LOSSES} == {kind.yaml_name for kind in Loss.members().values()}


@pytest.mark.parametrize("sample", LOSSES, ids=str)
def test_options_survive_being_spelled_out(sample):
    loss = parsed(sample.name, **sample.options)
    assert Loss.parse(loss.spelled()) == loss


@each_case
def test_value_equals_the_reference(sample, kind):
    prediction, target = example(kind)
    value, counted, _ = with_gradient(parsed(sample.name, **sample.options), prediction, target)
    assert (value, counted) == pytest.approx(
        total(sample.reference, prediction, target, **sample.options), rel=1e-12
    )


@each_case
def test_weighted_value_equals_the_reference(sample, kind):
    prediction, target = example(kind)
    weight = np.array([1, 0, 2.5, 0.5, 1, 0, 3])
    value, counted, _ = with_gradient(parsed(sample.name, **sample.options), prediction, target, weight)
    assert (value, counted) == pytest.approx(
        total(sample.reference, prediction, target, weight, **sample.options), rel=1e-12
    )


@each_case
def test_gradient_is_the_slope_of_the_reference(sample, kind):
    prediction, target = example(kind)
    weight = np.array([1, 0, 2.5, 0.5, 1, 0, 3])
    *_, gradient = with_gradient(parsed(sample.name, **sample.options), prediction, target, weight)
    for index in np.ndindex(prediction.shape):
        step = np.zeros_like(prediction)
        step[index] = 1e-5
        (above, counted), (below, _) = (
            total(sample.reference, prediction + sign * step, target, weight, **sample.options)
            for sign in (1, -1)
        )
        assert gradient[index] == pytest.approx((above - below) / 2e-5 / counted, rel=1e-6, abs=1e-9)


@each_case
def test_value_and_gradient_equal_pytorch(sample, kind):
    if not sample.in_pytorch:
        assert f"{sample}/{kind}/loss" not in VECTORS
        return
    keys = ("prediction", "target", "loss", "gradient")
    prediction, target, expected, slope = (VECTORS[f"{sample}/{kind}/{key}"] for key in keys)
    value, counted, gradient = with_gradient(parsed(sample.name, **sample.options), prediction, target)
    assert value / counted == pytest.approx(float(expected), rel=1e-9)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-12)


@each_case
def test_float32_agrees_with_float64(sample, kind):
    loss = parsed(sample.name, **sample.options)
    exact = with_gradient(loss, *example(kind))
    single = with_gradient(loss, *in_precision(np.float32, *example(kind)))
    assert single[:2] == pytest.approx(exact[:2], rel=1e-5)
    assert single[2].dtype == np.float32
    np.testing.assert_allclose(single[2], exact[2], rtol=1e-4, atol=1e-6)


@each_case
def test_an_empty_gradient_gives_the_same_loss(sample, kind):
    loss = parsed(sample.name, **sample.options)
    prediction, target = example(kind)
    alone = loss(prediction, target, None, np.empty((0, 0)))
    assert alone == pytest.approx(with_gradient(loss, prediction, target)[:2], rel=1e-14)


@each_case
def test_rows_of_weight_0_are_ignored(sample, kind):
    loss = parsed(sample.name, **sample.options)
    prediction, target = example(kind)
    expected = with_gradient(loss, prediction[:4], target[:4])
    prediction[4:] = np.nan
    target[4:] = -7 if target.ndim == 1 else np.nan
    value, counted, gradient = with_gradient(loss, prediction, target, np.array([1.0] * 4 + [0] * 3))
    assert (value, counted) == pytest.approx(expected[:2], rel=1e-14)
    np.testing.assert_allclose(gradient[:4], expected[2], rtol=1e-14)
    assert not gradient[4:].any()


@each_case
def test_a_total_weight_of_0_gives_0(sample, kind):
    value, counted, gradient = with_gradient(
        parsed(sample.name, **sample.options), *example(kind), np.zeros(7)
    )
    assert (value, counted) == (0, 0)
    assert not gradient.any()


@each_case
def test_nan_propagates(sample, kind):
    prediction, target = example(kind)
    prediction[2] = np.nan
    value, _, gradient = with_gradient(parsed(sample.name, **sample.options), prediction, target)
    assert math.isnan(value) or sample.name == "nll"  # reads a single output of each row
    assert np.isnan(gradient[2]).any() or sample.name in (
        "nll",
        "kl_div",
        "hinge",
    )  # their gradients depend on the target only


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sample", LOSSES, ids=str)
def test_same_bits_for_any_number_of_threads(sample, dtype):
    loss = parsed(sample.name, **sample.options)
    prediction, target = in_precision(dtype, *example(sample.targets[0], rows=20_011))
    threads = numba.get_num_threads()
    try:
        results = []
        for count in (1, threads):
            numba.set_num_threads(count)
            value, counted, gradient = with_gradient(loss, prediction, target)
            results.append((value, counted, gradient.tobytes()))
    finally:
        numba.set_num_threads(threads)
    assert results[0] == results[1]


@pytest.mark.parametrize("sample", LOSSES, ids=str)
def test_large_batches_equal_the_sum_of_small_ones(sample):
    loss = parsed(sample.name, **sample.options)
    prediction, target = example(sample.targets[0], rows=20_000)
    value, counted, gradient = with_gradient(loss, prediction, target)
    parts = [
        with_gradient(loss, prediction[at : at + 100], target[at : at + 100]) for at in range(0, 20_000, 100)
    ]
    assert value == pytest.approx(math.fsum(part[0] for part in parts), rel=1e-11)
    assert counted == pytest.approx(math.fsum(part[1] for part in parts), rel=1e-13)
    joined = np.concatenate([part[2] * part[1] for part in parts]) / counted
    np.testing.assert_allclose(gradient, joined, rtol=1e-11, atol=1e-18)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits_stay_finite(dtype):
    logits = np.array([[800, -800, 0], [-800, 800, 0]], dtype)
    value, _, gradient = with_gradient(parsed("cross_entropy"), logits, np.array([0, 0], np.int32))
    assert value == pytest.approx(1600)
    np.testing.assert_allclose(gradient, [[0, 0, 0], [-0.5, 0.5, 0]])
    target = np.array([[1, 0, 0.5], [1, 1, 0.5]], dtype)
    value, _, gradient = with_gradient(parsed("binary_cross_entropy"), logits, target)
    assert value == pytest.approx(800 + 2 * math.log(2))
    np.testing.assert_allclose(gradient, np.array([[0, 0, 0], [-1, 0, 0]]) / 6, atol=1e-300)
    value, _, gradient = with_gradient(parsed("log_cosh"), logits, np.zeros_like(logits))
    assert value == pytest.approx(4 * (800 - math.log(2)))
    np.testing.assert_allclose(gradient, np.array([[1, -1, 0], [-1, 1, 0]]) / 6)


def test_small_losses_are_precise():
    logits = np.array([[30.0, 0, 0]])
    value, _, gradient = with_gradient(parsed("cross_entropy"), logits, np.array([0], np.int32))
    assert value == pytest.approx(2 * math.exp(-30), rel=1e-2)
    assert gradient[0, 1] == pytest.approx(math.exp(-30), rel=1e-12)
    *_, gradient = with_gradient(parsed("binary_cross_entropy"), np.array([[-40.0]]), np.array([0], np.int32))
    assert gradient[0, 0] == pytest.approx(math.exp(-40), rel=1e-12)


def test_a_logit_of_minus_infinity_costs_nothing_unless_its_class_is_true():
    logits = np.array([[1.0, -np.inf, 2.0]])
    value, _, gradient = with_gradient(parsed("cross_entropy"), logits, np.array([0], np.int32))
    assert value == pytest.approx(math.log(1 + math.e))
    assert gradient[0, 1] == 0
    assert with_gradient(parsed("cross_entropy"), logits, np.array([1], np.int32))[0] == math.inf


def test_mean_absolute_error_has_slope_0_at_0():
    *_, gradient = with_gradient(parsed("mae"), np.ones((2, 2)), np.ones((2, 2)))
    assert not gradient.any()


def test_cosine_of_a_zero_row_is_finite():
    value, _, gradient = with_gradient(parsed("cosine"), np.zeros((1, 3)), np.ones((1, 3)))
    assert value == 1
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("name", "classes", "targets", "outputs"),
    [
        ("mse", 10, None, 10),
        ("mse", None, 3, 3),
        ("cross_entropy", 7, None, 7),
        ("binary_cross_entropy", 2, None, 1),
        ("binary_cross_entropy", None, 4, 4),
        ("hinge", 2, None, 1),
        ("nll", 3, None, 3),
        ("quantile", None, 2, 6),
        ("gaussian_nll", None, 2, 4),
        ("focal", 7, None, 7),
        ("binary_focal", 2, None, 1),
        ("kl_div", None, 5, 5),
    ],
)
def test_required_outputs(name, classes, targets, outputs):
    assert parsed(name).required_outputs(classes, targets) == outputs


@pytest.mark.parametrize(
    ("name", "options", "classes", "targets"),
    [
        ("binary_cross_entropy", {}, 10, None),
        ("hinge", {}, 3, None),
        ("cross_entropy", {}, None, 1),
        ("poisson", {}, 4, None),
        ("quantile", {}, 4, None),
        ("gaussian_nll", {}, 4, None),
        ("focal", {}, None, 1),
        ("cross_entropy", {"class_weights": [1, 2]}, 3, None),
        ("cross_entropy", {"class_weights": [0, 0]}, 2, None),
    ],
)
def test_a_loss_that_does_not_suit_the_data_is_an_error(name, options, classes, targets, wording):
    with pytest.raises(ConfigError) as caught:
        parsed(name, **options).required_outputs(classes, targets)
    wording(str(caught.value))


def test_targets_out_of_range_are_errors(wording):
    with pytest.raises(ConfigError) as caught:
        parsed("binary_cross_entropy").check_targets(np.array([[0.5, 1], [3, 0]]))
    wording(str(caught.value))
    with pytest.raises(ConfigError) as caught:
        parsed("poisson").check_targets(np.array([[5.0, -1]]))
    wording(str(caught.value))
    parsed("binary_cross_entropy").check_targets(np.array([[0.0, 1]]))
    parsed("binary_cross_entropy").check_targets(np.array([0, 1], np.int32))
    parsed("mse").check_targets(np.array([[-1e9, 1e9]]))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("huber", {"delta": 0}),
        ("huber", {"detla": 1}),
        ("cross_entropy", {"label_smoothing": 1.5}),
        ("cross_entropy", {"class_weights": [1, -1]}),
        ("binary_cross_entropy", {"pos_weight": 0.0}),
        ("quantile", {"quantiles": [0.5, 0.1]}),
        ("quantile", {"quantiles": [0.5, 0.5]}),
        ("quantile", {"quantiles": [1.0]}),
        ("quantile", {"quantiles": []}),
        ("gaussian_nll", {"min_variance": 0}),
        ("focal", {"gamma": -1}),
        ("binary_focal", {"alpha": 1}),
    ],
)
def test_wrong_options_are_errors(name, options):
    with pytest.raises(ValidationError):
        parsed(name, **options)


def test_quantile_equals_the_mean_pinball_loss_of_scikit_learn():
    prediction, target = example("thrice")
    value, counted, _ = with_gradient(parsed("quantile"), prediction, target)
    expected = [
        mean_pinball_loss(target, prediction[:, at::3], alpha=q) for at, q in enumerate((0.1, 0.5, 0.9))
    ]
    assert value / counted == pytest.approx(np.mean(expected), rel=1e-12)


def test_a_focal_loss_without_focus_is_the_cross_entropy():
    prediction, target = example("classes")
    expected = with_gradient(parsed("cross_entropy"), prediction, target)
    found = with_gradient(parsed("focal", gamma=0), prediction, target)
    assert found[:2] == pytest.approx(expected[:2], rel=1e-14)
    np.testing.assert_allclose(found[2], expected[2], rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_focal_losses_of_large_logits_stay_finite(dtype, gamma):
    logits = np.array([[800, -800, 0], [-800, 800, 0]], dtype)
    value, _, gradient = with_gradient(parsed("focal", gamma=gamma), logits, np.array([0, 0], np.int32))
    assert value == pytest.approx(1600)
    np.testing.assert_allclose(gradient, [[0, 0, 0], [-0.5, 0.5, 0]])
    target = np.array([[1, 0, 0], [1, 1, 0]], dtype)
    loss = parsed("binary_focal", gamma=gamma, alpha=0.5)
    value, _, gradient = with_gradient(loss, logits, target)
    assert value == pytest.approx(400 + 2 * 0.5 * 0.5**gamma * math.log(2))
    assert gradient[1, 0] == pytest.approx(-0.5 / 6)
    assert np.isfinite(gradient).all()


def test_a_variance_below_the_lowest_is_not_pushed_further_down():
    prediction = np.array([[1.0, -40.0], [3.0, -40.0]])
    target = np.array([[1.0], [1.0]])
    value, counted, gradient = with_gradient(parsed("gaussian_nll", min_variance=1e-2), prediction, target)
    assert value / counted == pytest.approx(math.log(1e-2) / 2 + 100)
    np.testing.assert_allclose(gradient, [[0, 0], [100, (1 - 400) / 4]])


def test_predictions_of_a_distribution_have_names_and_a_point():
    quantile = parsed("quantile", quantiles=[0.05, 0.4, 0.9])
    assert quantile.value_names(("a", "b"))[:4] == ("q0.05(a)", "q0.4(a)", "q0.9(a)", "q0.05(b)")
    outputs = np.arange(6.0)[None]
    assert quantile.point(outputs).tolist() == [[1, 4]]
    gaussian = parsed("gaussian_nll")
    assert gaussian.value_names(("a",)) == ("mean(a)", "std(a)")
    np.testing.assert_allclose(gaussian.values(np.log([[1, 4, 2, 9]])), [[0, 2, np.log(2), 3]])
    np.testing.assert_allclose(gaussian.point(np.array([[1.0, 2, 3, 4]])), [[1, 3]])
