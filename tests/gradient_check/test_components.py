"""The gradient check of components: it passes every one, catches whatever is broken in one, and names it."""

import numpy as np
import pytest

from nntrain.gradient_check.components import by_example, check_components, check_layer, check_loss
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.network.single import Single
from tests.gradient_check.mutations import MUTATIONS, break_layer, gradients

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
        "dense+sigmoid",
        "dense+tanh",
    }


def test_only_these_layers_have_no_backward_of_their_own():
    assert sorted(COMPOSITE) == ["bidirectional", "repeat", "residual"]
    assert sorted(PASSING) == [
        "add",
        "flatten",
        "gaussian_noise",
        "identity",
        "learned_positions",
        "positional_encoding",
        "reshape",
    ]


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
