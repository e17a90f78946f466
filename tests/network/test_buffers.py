"""Buffers: arrays that share memory never overwrite live values, and dead memory is reused."""

import numpy as np
import pytest

from nntrain.layers.layer import Layer
from nntrain.network import buffers
from nntrain.network.graph import build_graph
from nntrain.network.memory import Buffer, lay_out
from nntrain.network.network import Network

CONV = {"conv2d": {"filters": 4, "kernel_size": 3, "padding": "same"}}
RESIDUAL = {"residual": {"body": [CONV, "batch_norm", "relu", CONV, "batch_norm"]}}
IMAGE, SEQUENCE, TOKENS = (6, 6, 2), (5, 3), (5,)
MODELS = {
    "residuals": (
        IMAGE,
        [CONV, "batch_norm", "relu", RESIDUAL, "relu", RESIDUAL, "relu", "global_avg_pool", {"dense": 3}],
    ),
    "pools": (
        IMAGE,
        [
            CONV,
            "tanh",
            {"max_pool2d": 2},
            CONV,
            "relu",
            {"avg_pool2d": 3},
            {"dropout": 0.3},
            "flatten",
            {"dense": 3},
        ],
    ),
    "branches": (
        (6,),
        [
            {"dense": {"units": 4, "name": "trunk", "activation": "relu"}},
            {"dense": 4},
            "gelu",
            {"multiply": {"inputs": ["trunk", "previous"]}},
            {"concat": {"inputs": ["previous", "trunk", "input"]}},
            "prelu",
            {"dense": 3},
        ],
    ),
    "frozen": (
        (6,),
        [{"dense": {"units": 4, "freeze": True}}, "relu", {"dense": 5}, "sigmoid", {"dense": 3}],
    ),
    "recurrent": (
        SEQUENCE,
        [
            {"lstm": {"units": 4, "return_sequences": True}},
            "layer_norm",
            {"bidirectional": {"layer": {"gru": {"units": 3, "return_sequences": True}}}},
            {"dense": 3},
        ],
    ),
    "attention": (
        TOKENS,
        [
            {"embedding": 4},
            "positional_encoding",
            "learned_positions",
            {"residual": {"body": ["layer_norm", {"multi_head_attention": {"heads": 2}}]}},
            "layer_norm",
            {"dense": 3},
        ],
    ),
}


def graph_of(name):
    shape, layers = MODELS[name]
    return build_graph(
        [Layer.parse(layer) for layer in layers], shape, vocabulary=7 if shape == TOKENS else 0
    )


def trained(graph, rows=5, held=6):
    """The outputs and the gradients of two batches, one after the other."""
    network = Network(graph, held, "float64", input_gradient=True, integer_input=bool(graph.input.vocabulary))
    executor, draw, found = network.executor(rows), np.random.default_rng(0), []
    for _ in range(2):
        executor.x[...] = (
            draw.integers(0, 7, executor.x.shape)
            if graph.input.vocabulary
            else draw.normal(size=executor.x.shape)
        )
        y = executor.forward(training=True).copy()
        executor.dy[...] = draw.normal(size=executor.dy.shape)
        executor.backward()
        found += [y, network.grad.copy(), executor.forward(training=False).copy()]
    return found


def apart(monkeypatch):
    """From here on, no two arrays share memory."""

    def one_after_the_other(all_buffers):
        for buffer in all_buffers:
            buffer.first, buffer.last = 0, np.inf
        return lay_out(all_buffers)

    monkeypatch.setattr(buffers, "lay_out", one_after_the_other)


@pytest.mark.parametrize("name", MODELS)
def test_sharing_memory_changes_no_bit(name, monkeypatch):
    graph = graph_of(name)
    shared = trained(graph)
    apart(monkeypatch)
    for ours, theirs in zip(shared, trained(graph), strict=True):
        assert np.array_equal(ours, theirs)
        assert np.isfinite(ours).all()


@pytest.mark.parametrize("name", MODELS)
def test_outputs_alone_are_those_of_training(name):
    graph = graph_of(name)
    network = Network(graph, 6, "float64", backward=False, integer_input=bool(graph.input.vocabulary))
    executor, draw = network.executor(5), np.random.default_rng(0)
    executor.x[...] = (
        draw.integers(0, 7, executor.x.shape)
        if graph.input.vocabulary
        else draw.normal(size=executor.x.shape)
    )
    with_gradients = Network(graph, 6, "float64", integer_input=bool(graph.input.vocabulary)).executor(5)
    with_gradients.x[...] = executor.x
    assert np.array_equal(executor.forward(training=False), with_gradients.forward(training=False))


@pytest.mark.parametrize("seed", range(20))
def test_live_buffers_do_not_overlap(seed):
    draw = np.random.default_rng(seed)
    first = draw.integers(0, 50, 60)
    last = first + draw.integers(0, 20, 60)
    found = [
        Buffer(int(size), *life) for size, *life in zip(draw.integers(0, 5000, 60), first, last, strict=True)
    ]
    size = lay_out(found)
    for place, one in enumerate(found):
        assert one.start % 64 == 0
        assert one.start + one.bytes <= size
        for other in found[:place]:
            lived_together = one.first <= other.last and other.first <= one.last
            assert (
                not lived_together
                or one.start + one.bytes <= other.start
                or other.start + other.bytes <= one.start
            )


def test_the_gradients_of_a_deep_network_need_no_more_memory_than_those_of_a_shallow_one():
    def gradients(depth):
        graph = build_graph([Layer.parse(layer) for layer in [CONV, "batch_norm", "tanh"] * depth], IMAGE)
        return Network(graph, 4).buffers.gradients.size

    assert gradients(20) == gradients(3)


def test_without_gradients_a_deep_network_needs_two_outputs_at_a_time():
    def outputs(depth):
        graph = build_graph([Layer.parse(layer) for layer in [{"dense": 64}, "tanh"] * depth], (64,))
        network = Network(graph, 4, backward=False)
        return len({network.buffers[node.name, "y"].ctypes.data for node in graph.layers})

    assert outputs(20) == outputs(5) <= 3


@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru"])
def test_no_array_shares_the_memory_of_a_state_that_the_next_pass_reads(kind):
    layers = [
        {"embedding": 5},
        {kind: {"units": 7, "return_sequences": True, "stateful": True}},
        {"dense": 25},
    ]
    graph = build_graph([Layer.parse(layer) for layer in layers], (6,), vocabulary=9)
    network = Network(graph, 1, "float32", 0, backward=False, integer_input=True)
    contexts = network.executor(1).contexts
    for name in contexts[f"{kind}_1"].__dict__.keys() & {"evaluation_hidden", "evaluation_cell"}:
        state = getattr(contexts[f"{kind}_1"], name)
        assert not any(np.shares_memory(state, context.y) for context in contexts.values())
