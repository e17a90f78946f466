"""Parts: an elementwise optimizer updates a part of the parameters as it would within the whole, bit for bit."""

import numpy as np
import pytest

from nntrain.layers.layer import Layer
from nntrain.network.arena import Arena
from nntrain.network.graph import build_graph
from nntrain.optimizers import Optimizer, Part
from tests.support.samples import OPTIMIZERS

IN_PARTS = [sample for sample in OPTIMIZERS if Optimizer.parse({sample.name: sample.options}).elementwise]


@pytest.mark.parametrize("sample", IN_PARTS, ids=str)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_parts_are_updated_as_the_whole(sample, precision):
    optimizer = Optimizer.parse({sample.name: sample.options})
    size, decayed, cut = 70_000, 40_000, 16 * 2187  # parallel as a whole, serial in parts
    rng = np.random.default_rng(1)
    theta, grads = rng.normal(size=size).astype(precision), rng.normal(size=(3, size)).astype(precision)
    whole, pieces = theta.copy(), theta.copy()
    slots = {name: np.zeros(size, precision) for name in optimizer.slot_names()}
    optimizer.start(Part(whole, grads[0], slots, decayed))
    own = {name: slot.copy() for name, slot in slots.items()}
    for step, grad in enumerate(grads, 1):
        optimizer.update(Part(whole, grad.copy(), slots, decayed), 0.01, step)
        for place in (slice(0, cut), slice(cut, size)):
            optimizer.update(Part(pieces, grad.copy(), own, decayed).at(place), 0.01, step)
    assert pieces.tobytes() == whole.tobytes()
    assert all(own[name].tobytes() == slots[name].tobytes() for name in slots)


def test_the_others_are_known():
    others = {sample.name for sample in OPTIMIZERS} - {sample.name for sample in IN_PARTS}
    assert others == {"lamb", "muon"}


LAYERS = [
    {"embedding": {"units": 4}},
    "learned_positions",
    {"conv1d": {"filters": 3, "kernel_size": 2, "freeze": True}},
    {"lstm": 5},
    "layer_norm",
    {"dense": 6},
    "tanh",
    {"dense": 2},
]


def arena_of(layers):
    return Arena(
        build_graph([Layer.parse(layer) for layer in layers], (7,), vocabulary=9), np.dtype("float64")
    )


def test_matrices_are_the_weights_between_hidden_layers():
    matrices = {tensor.name: tensor.shape for tensor in arena_of(LAYERS).tensors if tensor.matrix}
    assert matrices == {
        "lstm_1.weight": (3, 20),
        "lstm_1.recurrent_weight": (5, 20),
        "dense_1.weight": (5, 6),
    }


def test_tensors_cover_the_trainable_parameters_and_no_others():
    arena = arena_of(LAYERS)
    assert arena.tensors[0].start == 0
    assert [tensor.stop for tensor in arena.tensors] == [
        *(tensor.start for tensor in arena.tensors[1:]),
        arena.theta.size,
    ]
    for tensor in arena.tensors:
        arena.theta[tensor.start : tensor.stop] = len(tensor.name)
        assert arena.parameters[tensor.name].shape == tensor.shape
        assert (arena.parameters[tensor.name] == len(tensor.name)).all()


def test_a_part_holds_the_tensors_that_are_whole_in_it():
    arena = arena_of(LAYERS)
    second, third = arena.tensors[1:3]
    decayed = arena.segments[0].decayed
    whole = Part(arena.theta, arena.grad, {"mean": arena.theta.copy()}, decayed, arena.tensors)
    part = whole.at(slice(second.start, third.stop - 1))
    assert part.tensors == (second._replace(start=0, stop=second.stop - second.start),)
    assert part.theta.size == part.grad.size == part.slots["mean"].size == third.stop - 1 - second.start
    assert part.decayed == part.theta.size
    assert whole.at(slice(decayed - 1, arena.theta.size)).decayed == 1
