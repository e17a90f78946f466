"""The check of a network: with its loss and penalty, at its initial or its trained parameters."""

import numpy as np
import pytest

from nntrain import kernels
from nntrain.cli.shared import load_setup
from nntrain.gradient_check.check import Check, Sampling
from nntrain.gradient_check.network import NetworkCheck
from nntrain.layers.activations.rectifiers import Relu
from nntrain.layers.dense import Dense
from nntrain.layers.layer import Layer
from nntrain.layers.pool import MaxPool2d
from nntrain.run.score import setup_of
from nntrain.run.stored import open_stored

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
    add_penalty = kernels.gradient.add_penalty
    factors = {"l1": (1.01, 1), "l2": (1, 1.01)}[option]
    monkeypatch.setattr(
        kernels.gradient,
        "add_penalty",
        lambda grad, theta, l1, l2: add_penalty(grad, theta, factors[0] * l1, factors[1] * l2),
    )
    found = [(check.tensor, check.status) for check in checks_of_network(shell)]
    assert {status for tensor, status in found if tensor == "weight"} == {"FAIL"}
    assert {status for tensor, status in found if tensor != "weight"} == {"PASS"}


BLACK = """
data: {source: {digits: {as: image}}}
model:
  layers:
    - conv2d: {filters: 4, kernel_size: 3, padding: same}
    - max_pool2d: 2
    - relu
    - conv2d: {filters: 6, kernel_size: 3, activation: relu}
    - flatten
    - dense: {units: 8, activation: relu}
    - dense: 10
loss: cross_entropy
optimizer: adam
"""


def statuses(shell, config: str = BLACK) -> list[str]:
    return [check.status for check in NetworkCheck(load_setup(shell.write(config), ())[0]).run()]


def test_black_pixels_and_zero_biases_fail_no_right_network(shell):
    assert set(statuses(shell)) == {"PASS"}


def test_all_kinks_of_zero_weights_are_left(shell):
    zeros = BLACK.replace("units: 8", "units: 8, weight_initializer: zeros")
    assert set(statuses(shell, zeros)) == {"PASS"}


def rolled(original):
    def backward(self, ctx):
        original(self, ctx)
        ctx.dx[...] = np.roll(ctx.dx, 1, axis=2)

    return backward


def to_ties_too(original):
    """Every pixel of a window that holds the maximum gets the gradient, instead of one."""

    def backward(self, ctx):
        x = ctx.x.reshape(ctx.rows, ctx.y.shape[1], 2, ctx.y.shape[2], 2, -1)
        largest = ctx.y[:, :, None, :, None] == x
        ctx.dx[...] = (largest * ctx.dy[:, :, None, :, None]).reshape(ctx.dx.shape)

    return backward


def lost_near_zero(original):
    def backward(self, ctx):
        original(self, ctx)
        ctx.dx[(ctx.y > 0) & (ctx.y < 0.05)] = 0

    return backward


@pytest.mark.parametrize(
    "plant",
    [
        lambda patch: patch(Relu, "epilogue", lambda self: (kernels.matmul.RELU, 1.0)),
        lambda patch: patch(Relu, "epilogue", lambda self: (kernels.matmul.RELU, 0.01)),
        lambda patch: patch(MaxPool2d, "backward_input", rolled(MaxPool2d.backward_input)),
        lambda patch: patch(MaxPool2d, "backward_input", to_ties_too(MaxPool2d.backward_input)),
        lambda patch: (
            patch(Relu, "fusable_as", Layer.fusable_as),
            patch(Relu, "backward_input", lost_near_zero(Relu.backward_input)),
        ),
    ],
    ids=["relu passes all", "relu leaks", "pool takes another pixel", "pool takes ties", "relu near 0"],
)
def test_mistakes_at_kinks_are_caught(monkeypatch, shell, plant):
    plant(monkeypatch.setattr)
    assert "FAIL" in statuses(shell)


def test_fewer_elements_are_checked_where_asked(shell):
    setup, _ = load_setup(shell.write(BLACK), ())
    checks = list(NetworkCheck(setup, sampling=Sampling(all_below=8, elements=3, directions=1)).run())
    assert {min(check.size, 4) if check.size > 8 else check.size for check in checks} == {
        check.checked for check in checks
    }


def test_a_trained_network_is_checked_at_its_parameters(monkeypatch, shell):
    stored = open_stored(shell.fit(BLACK + "train: {epochs: 1}\n"))
    trained = NetworkCheck(setup_of(stored), stored.snapshot)
    assert trained.moved == 0
    for name, array in trained.network.arena.parameters.items():
        np.testing.assert_array_equal(array, stored.snapshot.tensors[f"parameter.{name}"])
    assert "FAIL" not in {check.status for check in trained.run()}
