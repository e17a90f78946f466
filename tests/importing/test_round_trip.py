"""What nntrain exports to ONNX it imports again, to the same outputs."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.errors import UserError
from nntrain.export.export import export
from nntrain.export.program import Program, samples_like
from nntrain.importing.read import read_source
from nntrain.importing.transfer import transfer
from nntrain.layers.layer import Layer
from nntrain.network.network import Network
from tests.export.test_onnx import CONTAINERS, IMAGE_NETWORK
from tests.support import ROOT
from tests.support.onnx_models import layers_of, written
from tests.support.programs import ROWS, SAMPLES, VOCABULARY, outputs_of, program_of_layers, untrained

NETWORKS = {**CONTAINERS, "images": ((8, 6, 3), IMAGE_NETWORK)}
# Layers that ONNX expresses by operators of which the importer cannot tell that they are one layer.
NOT_READ = ("cumulative_link", "embed_columns", "periodic_encoding")
WEIGHTED = [
    sample for sample in SAMPLES if Layer.parse({sample.name: sample.options}).parameters(*sample.inputs)
]
READ = [sample for sample in WEIGHTED if sample.name not in NOT_READ]


def round_trip(program: Program, network: Network, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(written(program).SerializeToString())
    x = samples_like(program.data, ROWS)
    expected = outputs_of(network, x)
    found = transfer(read_source(folder / "model.onnx"), network.graph)
    assert found.unused == found.initial == []
    for name, array in {**network.arena.parameters, **network.state}.items():
        array[...] = np.nan
        array[...] = found.values[name]
    np.testing.assert_allclose(outputs_of(network, x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sample", READ, ids=str)
def test_a_layer_comes_back(sample, tmp_path):
    vocabulary = VOCABULARY if sample.name == "embedding" else 0
    layers = layers_of({sample.name: sample.options})
    program, network = program_of_layers(layers, sample.inputs[0], vocabulary)
    round_trip(program, network, tmp_path)


@pytest.mark.parametrize("name", NOT_READ)
def test_a_layer_that_is_not_read_is_named(name, tmp_path):
    sample = next(sample for sample in WEIGHTED if sample.name == name)
    program, network = program_of_layers(
        layers_of({name: sample.options}, "flatten", {"dense": 2}), sample.inputs[0]
    )
    with pytest.raises(UserError, match=f"the file has nothing for 1 layer of the network: {name}_1"):
        round_trip(program, network, tmp_path)


@pytest.mark.parametrize("case", NETWORKS)
def test_layers_in_company_come_back(case, tmp_path):
    shape, configs = NETWORKS[case]
    round_trip(*program_of_layers(layers_of(*configs), shape), tmp_path)


@pytest.mark.parametrize("name", ["iris", "digits_cnn", "deep_relu_he", "sequence_tagging"])
def test_the_network_of_a_shipped_config_comes_back_to_the_bit(name, tmp_path):
    """The scaling of the data, which the file holds too, is none of its layers."""
    setup, _ = load_setup(ROOT / "configs" / f"{name}.yaml")
    export(untrained(setup), "onnx", tmp_path / "model.onnx", logits=True)
    found = transfer(read_source(tmp_path / "model.onnx"), setup.graph)
    network = setup.network(1, backward=False)
    arrays = {**network.arena.parameters, **network.state}
    assert found.values.keys() == arrays.keys()
    assert all(np.array_equal(found.values[name], array) for name, array in arrays.items())
    assert found.initial == []
    assert all(name.startswith("input") for name in found.unused)
