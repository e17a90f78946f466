"""Tied weights: the output layer uses the embedding's matrix, transposed; one parameter, with the gradient of both uses."""

import numpy as np
import pytest

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.layers.layer import Layer
from nntrain.network.arena import hidden_matrices
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.optimizers.group import ParameterGroup

ROWS, STEPS, VOCABULARY, UNITS = 3, 5, 7, 6
TIED = {"dense": {"tied_to": "embedding_1"}}
UNTIED = {"dense": VOCABULARY}


def graph_of(*between, last=TIED, embedding=None, groups=(), steps=STEPS):
    layers = [{"embedding": {"units": UNITS, **(embedding or {})}}, *between, last]
    groups = [ParameterGroup.model_validate(group) for group in groups]
    return build_graph(
        [Layer.parse(layer) for layer in layers], (steps,), vocabulary=VOCABULARY, groups=groups
    )


def gradients(graph, precision="float64", **values):
    """The network, its output and, by name, the gradients of a weighted sum of it; `values`: parameters that are set before."""
    network = Network(graph, ROWS, precision, integer_input=True)
    for name, value in values.items():
        network.arena.parameters[name][...] = value
    network.forget_gradients()
    executor = network.executor(ROWS)
    random = np.random.default_rng(0)
    executor.x[...] = random.integers(0, VOCABULARY, (ROWS, STEPS))
    with kernels.denormals.flushed():
        y = executor.forward(training=True).copy()
        executor.dy[...] = random.normal(size=executor.dy.shape)
        executor.backward()
    return network, y, network.arena.gradients


@pytest.mark.parametrize(
    "between",
    [
        [],
        ["layer_norm", {"dense": {"units": UNITS, "activation": "relu"}}],
        [{"gru": {"units": UNITS, "return_sequences": True}}],
        [{"residual": {"body": [{"multi_head_attention": {"heads": 3, "causal": True, "rotary": True}}]}}],
    ],
    ids=["alone", "relu", "gru", "attention"],
)
def test_the_gradient_is_the_sum_of_both_uses(between):
    tied, y, found = gradients(graph_of(*between))
    bias = tied.graph.output.name + ".bias"
    weight = tied.arena.parameters["embedding_1.weight"]
    untied = graph_of(*between, last={"dense": {"units": VOCABULARY, "name": "head"}})
    _, expected_y, expected = gradients(untied, **{"head.weight": weight.T})
    np.testing.assert_allclose(y, expected_y, atol=1e-12)
    expected = dict(expected)
    expected["embedding_1.weight"] = expected["embedding_1.weight"] + expected.pop("head.weight").T
    expected[bias] = expected.pop("head.bias")
    assert set(found) == set(expected)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, atol=1e-12)


def test_there_is_one_parameter():
    network = Network(graph_of("layer_norm"), ROWS, integer_input=True)
    assert set(network.arena.parameters) == {
        "embedding_1.weight",
        "layer_norm_1.scale",
        "layer_norm_1.shift",
        "dense_1.bias",
    }


@pytest.mark.parametrize(
    ("embedding", "groups"),
    [({"freeze": True}, []), ({}, [{"match": "embedding_1.*", "freeze": True}])],
    ids=["freeze", "group"],
)
def test_a_frozen_embedding_is_frozen_for_both(embedding, groups):
    network, _, found = gradients(graph_of(embedding=embedding, groups=groups))
    assert list(found) == ["dense_1.bias"]
    assert np.isfinite(found["dense_1.bias"]).all()
    assert not network.arena.tied


def test_a_frozen_output_layer_keeps_its_bias_alone():
    _, _, found = gradients(graph_of(last={"dense": {"tied_to": "embedding_1", "freeze": True}}))
    assert list(found) == ["embedding_1.weight"]
    assert np.isfinite(found["embedding_1.weight"]).all()


def test_hidden_matrices_are_those_of_hidden_layers():
    graph = graph_of(
        {"dense": 9}, {"dense": UNITS}, last={"dense": {"tied_to": "embedding_1", "use_bias": False}}
    )
    assert hidden_matrices(graph) == {"dense_1.weight", "dense_2.weight"}


@pytest.mark.parametrize(
    ("between", "last", "part"),
    [
        ([], {"dense": {"tied_to": "embeding_1"}}, "Did you mean 'embedding_1'?"),
        ([{"dense": 4}], TIED, "has 4"),
    ],
)
def test_what_it_cannot_be_tied_to_is_reported(between, last, part):
    with pytest.raises(ConfigError) as found:
        graph_of(*between, last=last)
    assert part in str(found.value)


@pytest.mark.parametrize(
    "options",
    [{}, {"tied_to": "embedding_1", "units": 3}, {"tied_to": "embedding_1", "weight_initializer": "zeros"}],
)
def test_options_that_do_not_go_together_are_reported(options):
    with pytest.raises(Exception, match=r"expected `units`|cannot be combined with `tied_to`"):
        Layer.parse({"dense": options})


def test_threads_change_no_bit():
    def bits():
        return [gradient.tobytes() for gradient in gradients(graph_of(), "float32")[2].values()]

    threads = kernels.jit.threads_in_use()
    found = bits()
    try:
        kernels.jit.use_threads(1)
        assert bits() == found
    finally:
        kernels.jit.use_threads(threads)
