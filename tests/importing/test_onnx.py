"""Networks in ONNX files, as PyTorch exports them, give the same outputs here."""

import pytest

from tests.support.imported import NETWORKS, conv, imported, largest_difference

FILES = {"lenet.onnx": "lenet", "lenet_dynamo.onnx": "lenet", "lstm.onnx": "lstm", "gru.onnx": "gru"}


@pytest.mark.parametrize("file", FILES)
def test_an_onnx_file_gives_the_outputs_of_pytorch(file):
    found = imported(file, FILES[file])
    assert largest_difference(found, FILES[file]) < 1e-5
    assert found.unused == found.initial == found.warnings == ()


@pytest.mark.parametrize("name", ["resnet", "lenet"])
def test_norms_that_the_exporter_folded_become_identities(name):
    layers = None
    if name == "lenet":  # its convolutions have biases; norms that change nothing are added
        layers = [conv(6, padding=1), "batch_norm", "relu", {"max_pool2d": 2}, *NETWORKS["lenet"][2:]]
    found = imported(f"{name}.onnx", name, layers)
    assert largest_difference(found, name) < 1e-5
    assert found.unused == found.initial == ()
