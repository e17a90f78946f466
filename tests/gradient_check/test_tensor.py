"""The check of one tensor: kinks are distinguished from mistakes, whatever backprop's value is."""

import numpy as np
import pytest

from nntrain.gradient_check.tensor import check_tensor
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.network.single import Single
from tests.gradient_check.mutations import MUTATIONS


@pytest.mark.parametrize("size", [7, 20_000])  # all elements; a sample of them, and directions
@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if name != "another's"])
def test_one_wrong_element_shows_in_a_tensor_of_any_size(size, mutation):
    values = np.random.default_rng(0).normal(size=size)
    wrong = MUTATIONS[mutation](2 * values, np.full(size, np.nan), None)
    assert check_tensor("squares", "x", values, 2 * values, lambda: float(values @ values)).status == "PASS"
    assert check_tensor("squares", "x", values, wrong, lambda: float(values @ values)).status == "FAIL"


def test_the_row_holds_the_worst_element():
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    wrong = 2 * values
    wrong[1, 0] = 5
    check = check_tensor("squares", "x", values, wrong, lambda: float((values**2).sum()))
    # The step is scaled by the value, and so are the slopes.
    assert (check.component, check.tensor, check.worst_index, check.backprop) == (
        "squares",
        "x",
        "(1, 0)",
        15,
    )
    assert check.numeric == pytest.approx(18)
    assert check.max_rel_error == pytest.approx(3 / 18)
    assert (check.checked, check.size, check.status) == (4, 4, "FAIL")


def test_the_worst_element_is_the_one_that_is_not_a_number():
    values = np.arange(1.0, 6.0)
    wrong = np.where(values == 3, np.nan, 2 * values + (values == 4))
    check = check_tensor("squares", "x", values, wrong, lambda: float(values @ values))
    assert (check.status, check.worst_index) == ("FAIL", "(2,)")


@pytest.mark.parametrize(
    ("value", "slope", "status"),
    [
        (0.0, 0.0, "KINK"),
        (0.0, 1.0, "KINK"),
        (0.0, -1.0, "KINK"),
        (0.0, 0.5, "KINK"),
        (0.0, 1.01, "KINK"),  # where several kinks meet, backprop's choice may lie outside both sides
        (0.0, -1.01, "KINK"),
        (0.0, 3.0, "KINK"),
        (0.0, np.nan, "FAIL"),
        (0.0, np.inf, "FAIL"),
        (1e-4, 1.0, "PASS"),
        (1e-4, 0.99, "FAIL"),
        (1e-4, -1.0, "FAIL"),
        (3e-6, 1.0, "PASS"),
        (3e-6, 0.99, "FAIL"),
        (3e-6, 0.0, "FAIL"),
        (-3e-6, -1.0, "PASS"),
        (-3e-6, 1.0, "FAIL"),
        (3e-7, 1.0, "PASS"),
        (3e-7, 0.99, "FAIL"),
        (3e-7, 0.0, "FAIL"),
        (9e-8, 1.0, "PASS"),
        (9e-8, -1.0, "FAIL"),
        (9e-8, 1.01, "FAIL"),
        (4e-9, 1.0, "KINK"),
        (4e-9, -1.0, "KINK"),
    ],
)
def test_at_the_kink_of_abs_and_near_it(value, slope, status):
    values = np.array([value])
    assert (
        check_tensor("abs", "x", values, np.array([slope]), lambda: float(np.abs(values).sum())).status
        == status
    )


@pytest.mark.parametrize(
    ("wrong", "status"), [(2e-9, "PASS"), (0.0, "FAIL"), (5e-8, "FAIL"), (1e-6, "FAIL"), (5e-6, "FAIL")]
)
def test_a_smooth_curve_has_no_kink(wrong, status):
    """The slopes of both sides of x² differ by two steps, and a wrong gradient can lie between them."""
    values = np.array([1e-9])
    assert (
        check_tensor("square", "x", values, np.array([wrong]), lambda: float((values**2).sum())).status
        == status
    )


def at_zero(name: str, slope: float) -> str:
    """The verdict on a layer at x = 0, where its backward says `slope` is the gradient."""
    single = Single(Layer.parse(name), ((3,),), 1)
    return check_tensor(
        name, "x", single.ctx.x, np.full((1, 3), slope), lambda: float(single.forward().sum())
    ).status


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "prelu", "relu6"])
def test_a_rectifier_at_exactly_0_has_a_kink(name):
    single = Single(Layer.parse(name), ((3,),), 1)
    single.forward()
    single.ctx.dy[...] = 1
    single.backward()
    assert at_zero(name, single.ctx.dx[0, 0]) == "KINK"
    assert at_zero(name, 1.1) == "KINK"
    assert at_zero(name, np.nan) == "FAIL"


def test_a_smooth_activation_at_0_has_none():
    assert at_zero("softplus", 0.5) == "PASS"
    assert at_zero("softplus", 0.6) == "FAIL"


def test_mae_has_a_kink_where_it_is_right():
    loss = Loss.parse("mae")
    prediction = np.array([[1.0, 2.0]])
    target = np.array([[1.0, 5.0]])
    gradient = np.full_like(prediction, np.nan)
    loss(prediction, target, None, gradient)

    def mean() -> float:
        total, weight = loss(prediction, target, None, np.zeros((0, 2)))
        return total / weight

    check = check_tensor("mae", "prediction", prediction, gradient, mean)
    assert (check.status, check.kinks) == ("KINK", 1)
    assert check_tensor("mae", "prediction", prediction, gradient - 0.6, mean).status == "FAIL"


def test_kinks_are_counted_apart_and_hide_no_mistake_elsewhere():
    values = np.array([0.0, 0.0, 0.5, -0.5])
    right = np.sign(values)
    wrong = right + np.array([0, 0, 0, 0.01])
    for slopes, status, worst in ((right, "KINK", 1e-9), (wrong, "FAIL", 0.02)):
        check = check_tensor("abs", "x", values, slopes, lambda: float(np.abs(values).sum()))
        assert (check.status, check.kinks, check.checked) == (status, 2, 4)
        assert check.max_rel_error < worst


def test_a_mistake_between_many_kinks_is_caught():
    """Along each element a kink every 2e-6 or so, far nearer than the first steps."""
    values = np.random.default_rng(0).uniform(0.2, 0.8, 20)
    period = 2e-6 * np.pi / 3

    def beyond() -> np.ndarray:
        return values / period - np.round(values / period)

    def loss() -> float:
        return float(period * np.abs(beyond()).sum() + values @ values)

    right = np.sign(beyond()) + 2 * values
    for slopes, statuses in ((right, {"PASS", "KINK"}), (1.01 * right, {"FAIL"}), (-right, {"FAIL"})):
        check = check_tensor("zigzag", "x", values, slopes, loss)
        assert check.status in statuses
        assert check.kinks <= 2


def test_the_rounding_error_of_the_loss_is_measured():
    """A loss with an error a million times that of its own digits."""
    values = np.random.default_rng(0).normal(size=8)

    def loss() -> float:
        return float(values @ values + 1e-10 * np.sin(1e15 * values.sum()))

    assert check_tensor("rounded", "x", values, 2 * values, loss).status == "PASS"
    assert check_tensor("rounded", "x", values, 2.02 * values, loss).status == "FAIL"
