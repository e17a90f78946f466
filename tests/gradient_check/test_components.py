"""The gradient check: it passes every component, catches whatever is broken in one, and names it."""

import json

import numpy as np
import pytest

from nntrain.gradient_check import network as gradcheck
from nntrain.cli.shared import load_setup
from nntrain.gradient_check.components import (

    by_example,
    check_components,
    check_layer,
    check_loss,

)
from nntrain.gradient_check.check import Check, Sampling
from nntrain.gradient_check.network import NetworkCheck
from nntrain.gradient_check.tensor import check_tensor
from nntrain.layers.dense import Dense
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.network.single import Single

LAYERS, LOSSES = ({kind.yaml_name: kind for kind in family.members().values()} for family in (Layer, Loss))

# Layers that compute no gradient of their own, so that there is nothing to break.
COMPOSITE = {name for name, kind in LAYERS.items() if kind.build is not Layer.build}
PASSING = {
    name
    for name in LAYERS.keys() - COMPOSITE
    if (layer := by_example(LAYERS[name])).passes_gradient or layer.aliases_input
}


def checks_of(name: str):
    kind = {**LAYERS, **LOSSES}[name]
    return list(
        check_layer(by_example(kind), kind.example_inputs) if name in LAYERS else check_loss(by_example(kind))
    )


def verdicts(checks) -> dict[str, str]:
    return {check.tensor: check.status for check in checks}


@pytest.mark.parametrize("name", [*LAYERS, *LOSSES])
def test_every_component_passes(name):
    checks = checks_of(name)
    assert checks
    assert all((check.component, check.status) == (name, "PASS") for check in checks), checks
    assert all(check.checked >= check.size and check.max_rel_error <= 1e-6 for check in checks)


def test_without_a_config_every_component_is_checked():
    assert {check.component for check in check_components()} == {
        *LAYERS,
        *LOSSES,
        "dense+relu",
        "dense+leaky_relu",
    }


def test_only_these_layers_have_no_backward_of_their_own():
    assert sorted(COMPOSITE) == ["bidirectional", "repeat", "residual"]
    assert sorted(PASSING) == [
        "add",
        "flatten",
        "gaussian_noise",
        "identity",
        "positional_encoding",
        "reshape",
    ]


# What can go wrong: (right gradient, what the buffer held before, another gradient) -> the wrong one.


def largest_flipped(right, before, other):
    wrong = right.copy()
    wrong.flat[np.abs(right).argmax()] *= -1
    return wrong


def last_not_a_number(right, before, other):
    wrong = right.copy()
    wrong.flat[-1] = np.nan
    return wrong


def small_lost(right, before, other):
    """The smallest that is not negligible becomes 0."""
    size = np.abs(right)
    wrong = right.copy()
    wrong.flat[np.where(size > 0.01 * size.max(), size, np.inf).argmin()] = 0
    return wrong


MUTATIONS = {
    "a hundredth too large": lambda right, before, other: 1.01 * right,
    "one sign flipped": largest_flipped,
    "one element lost": small_lost,
    "not written": lambda right, before, other: before,
    "added to what was there": lambda right, before, other: before + right,
    "not a number": last_not_a_number,
    "another's": lambda right, before, other: np.resize(other, right.shape),
}


def gradients(ctx, layer, shapes) -> dict[str, np.ndarray]:
    """The arrays that backward writes, named as the check names their tensors."""
    names = ["x"] if len(ctx.dxs) == 1 else [f"x{place + 1}" for place in range(len(ctx.dxs))]
    inputs = {name: dx for name, dx in zip(names, ctx.dxs, strict=True) if dx is not None}  # tokens have none
    return inputs | {name: getattr(ctx, f"d{name}") for name in layer.parameters(*shapes)}


def break_layer(monkeypatch, kind, tensor: str, mutate) -> None:
    """Lets the method that writes the gradient of `tensor` write the mutated one, and the other gradients as ever."""
    method = "backward_input" if tensor.startswith("x") else "backward_parameters"
    original = getattr(kind, method)

    def backward(self, ctx):
        found = gradients(ctx, self, [x.shape[1:] for x in ctx.xs])
        before = found[tensor].copy()
        original(self, ctx)
        others = [array for name, array in found.items() if name != tensor and not name.startswith("x")]
        other = others[0] if others else np.roll(found[tensor], 1) if found[tensor].size > 1 else ctx.dy
        found[tensor][...] = mutate(found[tensor].copy(), before, other)

    monkeypatch.setattr(kind, method, backward)


def layer_tensors():
    for name, kind in LAYERS.items():
        if name in COMPOSITE:
            continue
        single = Single(by_example(kind), kind.example_inputs, 2)
        for tensor in gradients(single.ctx, single.layer, kind.example_inputs):
            if not (name in PASSING and tensor.startswith("x")):
                yield name, tensor


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(("name", "tensor"), list(layer_tensors()))
def test_a_layer_broken_in_any_way_is_caught_and_named(monkeypatch, name, tensor, mutation):
    break_layer(monkeypatch, LAYERS[name], tensor, MUTATIONS[mutation])
    found = verdicts(checks_of(name))
    assert found.pop(tensor) == "FAIL"
    assert set(found.values()) <= {"PASS"}


@pytest.mark.parametrize(
    ("name", "reads"), [("tanh", ""), ("tanh", "x"), ("gelu", "y"), ("dense", ""), ("multiply", "y")]
)
def test_a_layer_that_reads_more_than_it_declares_is_caught(monkeypatch, name, reads):
    monkeypatch.setattr(LAYERS[name], "reads", reads)
    assert "FAIL" in verdicts(checks_of(name)).values()


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_broken_in_any_way_is_caught_and_named(monkeypatch, name, mutation):
    kind, mutate = LOSSES[name], MUTATIONS[mutation]
    original = kind.total

    def total(self, gradient, *rest):
        before = gradient.copy()
        value = original(self, gradient, *rest)
        if gradient.size:
            gradient[...] = mutate(gradient.copy(), before, np.roll(gradient, 1))
        return value

    monkeypatch.setattr(kind, "total", total)
    checks = checks_of(name)
    assert {check.component for check in checks} == {name}
    assert {check.status for check in checks} == {"FAIL"}


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
        (0.0, 0.5, "KINK"),  # the rule: one of both sides, or between
        (0.0, 1.01, "FAIL"),
        (0.0, -1.01, "FAIL"),
        (0.0, 3.0, "FAIL"),
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
        (9e-8, 1.0, "KINK"),
        (9e-8, -1.0, "FAIL"),
        (9e-8, 1.01, "FAIL"),
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
    assert at_zero(name, 1.1) == "FAIL"
    assert at_zero(name, -0.1) == "FAIL"


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


WITH_ALL = """
data: {source: {synthetic: {kind: two_moons, samples: 40}}}
model:
  layers:
    - dense: {units: 6, activation: relu}
    - batch_norm
    - dropout: 0.3
    - residual: {body: [{dense: {units: 6, activation: tanh}}, {gaussian_noise: 0.1}]}
    - layer_norm
    - dense: 2
loss: {cross_entropy: {label_smoothing: 0.1}}
optimizer: adam
train: {regularize: {l1: 1e-3, l2: 1e-2}}
"""


def checks_of_network(shell) -> list[Check]:
    return list(NetworkCheck(load_setup(shell.write(WITH_ALL), ())[0]).run())


def test_a_network_passes_with_its_loss_and_penalty(shell):
    checks = checks_of_network(shell)
    assert [(check.component, check.tensor, check.status) for check in checks] == [
        ("dense_1", "weight", "PASS"),
        ("residual_1.body.dense_1", "weight", "PASS"),
        ("dense_2", "weight", "PASS"),
        ("dense_1", "bias", "PASS"),
        ("batch_norm_1", "scale", "PASS"),
        ("batch_norm_1", "shift", "PASS"),
        ("residual_1.body.dense_1", "bias", "PASS"),
        ("layer_norm_1", "scale", "PASS"),
        ("layer_norm_1", "shift", "PASS"),
        ("dense_2", "bias", "PASS"),
    ]


def test_a_broken_layer_of_a_network_is_named(monkeypatch, shell):
    original = Dense.backward_parameters

    def backward(self, ctx):
        original(self, ctx)
        if ctx.name == "dense_2":
            ctx.dweight *= 1.01

    monkeypatch.setattr(Dense, "backward_parameters", backward)
    failed = [(check.component, check.tensor) for check in checks_of_network(shell) if check.status == "FAIL"]
    assert failed == [("dense_2", "weight")]


@pytest.mark.parametrize("option", ["l1", "l2"])
def test_a_wrong_penalty_is_caught(monkeypatch, shell, option):
    add_penalty = gradcheck.kernels.gradient.add_penalty
    factors = {"l1": (1.01, 1), "l2": (1, 1.01)}[option]
    monkeypatch.setattr(
        gradcheck.kernels.gradient,
        "add_penalty",
        lambda grad, theta, l1, l2: add_penalty(grad, theta, factors[0] * l1, factors[1] * l2),
    )
    found = [(check.tensor, check.status) for check in checks_of_network(shell)]
    assert {status for tensor, status in found if tensor == "weight"} == {"FAIL"}
    assert {status for tensor, status in found if tensor != "weight"} == {"PASS"}


def test_weights_that_start_at_0_have_a_kink_under_l1(shell):
    path = shell.write(WITH_ALL.replace("- dense: 2", "- dense: {units: 2, weight_initializer: zeros}"))
    found = json.loads(shell.run("gradcheck", path, "--json").stdout)
    kinks = [(check["component"], check["tensor"]) for check in found["checks"] if check["status"] == "KINK"]
    assert kinks == [("dense_2", "weight")]
    assert found["passed"] is True


def test_the_command_names_what_is_broken_and_exits_with_1(monkeypatch, shell):
    break_layer(monkeypatch, Dense, "bias", MUTATIONS["not written"])
    found = json.loads(
        shell.run("gradcheck", "--json", code=1).stdout, parse_constant=pytest.fail
    )  # NaN is no JSON
    assert found["passed"] is False
    failed = {(check["component"], check["tensor"]) for check in found["checks"] if check["status"] == "FAIL"}
    assert failed == {
        ("dense", "bias"),
        ("dense+relu", "dense_1.bias"),
        ("dense+leaky_relu", "dense_1.bias"),
        ("time_distributed", "bias"),
        ("residual", "residual_1.body.dense_1.bias"),
        ("repeat", "repeat_1.1.dense_1.bias"),
        ("repeat", "repeat_1.2.dense_1.bias"),
    }
    rows = [line for line in shell.run("gradcheck", code=1).stdout.splitlines() if line.startswith("FAIL")]
    assert any(row.startswith("FAIL dense, bias at (0,): backprop nan, numeric ") for row in rows)
    assert len(rows) == len(failed)
