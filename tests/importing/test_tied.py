"""Networks with tied weights that PyTorch trained give the same outputs and gradients here."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.importing.read import read_source
from nntrain.importing.transfer import transfer
from nntrain.layers.layer import Layer
from nntrain.network.graph import Graph, build_graph
from nntrain.network.network import Network
from tests.support.imported import FOLDER

VOCABULARY = 7


def graph_of(**options) -> Graph:
    layers = [
        {"embedding": 6},
        "learned_positions",
        "layer_norm",
        {"dense": {"tied_to": "embedding_1", **options}},
    ]
    return build_graph([Layer.parse(layer) for layer in layers], (5,), vocabulary=VOCABULARY)


@pytest.mark.parametrize("file", ["tied.pt", "tied.onnx"])
def test_tied_weights_give_the_outputs_and_gradients_of_pytorch(file):
    graph = graph_of()
    found = transfer(read_source(FOLDER / file), graph, dtype=np.dtype(np.float64))
    assert found.unused == found.initial == []
    network = Network(graph, 3, "float64", integer_input=True)
    for name, array in network.arena.parameters.items():
        array[...] = found.values[name]
    executor = network.executor(3)
    with np.load(FOLDER / "tied.npz") as recorded, kernels.denormals.flushed():
        executor.x[...] = recorded["x"]
        np.testing.assert_allclose(executor.forward(training=True), recorded["y"], atol=1e-6)
        executor.dy[...] = recorded["dy"]
        executor.backward()
        names = {
            "embedding_1.weight": "tokens.weight",
            "learned_positions_1.weight": "places.weight",
            "layer_norm_1.scale": "norm.weight",
            "layer_norm_1.shift": "norm.bias",
            "dense_1.bias": "head.bias",
        }
        assert names.keys() == network.arena.gradients.keys()
        for ours, theirs in names.items():
            np.testing.assert_allclose(network.arena.gradients[ours], recorded[f"d.{theirs}"], atol=1e-5)


def test_a_file_that_holds_the_weight_once_fills_both_layers():
    """As safetensors of Hugging Face's language models, which leave out the output layer."""
    source = read_source(FOLDER / "tied.pt")
    source = replace(source, modules=[module for module in source.modules if module.name != "head"])
    found = transfer(source, graph_of(use_bias=False))
    assert found.unused == found.initial == []
    assert not found.notes


def test_a_weight_of_the_output_layer_alone_is_not_left_out():
    source = read_source(FOLDER / "tied.pt")
    weight = next(module.tensors["weight"] for module in source.modules if module.name == "head")
    changed = weight.load() + 1
    head = next(module for module in source.modules if module.name == "head")
    head.tensors["weight"] = replace(weight, load=lambda: changed)
    with pytest.raises(UserError, match=r"the network has no place for 1 layer of the file: head"):
        transfer(source, graph_of())
