"""Where a file knows an option, one that differs in the config is a warning with the line to set."""

import copy

from tests.support.imported import NETWORKS, conv, imported


def warnings(file: str, network: str, layers: list | None = None) -> str:
    found = imported(file, network, layers).warnings
    return "\n".join(warning for warning in found if "no better than" not in warning)


def test_the_eps_and_the_momentum_of_keras_are_compared():
    layers = copy.deepcopy(NETWORKS["keras_conv"])
    layers[1] = "batch_norm"
    found = warnings("keras_conv.keras", "keras_conv", layers)
    assert "batch_norm_1: the file has eps 0.001, the config 1e-05; set `eps: 0.001`" in found
    assert "momentum 0.01, the config 0.1" in found


def test_activations_are_compared():
    layers = copy.deepcopy(NETWORKS["keras_mlp"])
    layers[0]["dense"]["activation"] = "gelu"
    assert "dense_1: the file has relu after it, the config gelu" in warnings(
        "keras_mlp.keras", "keras_mlp", layers
    )
    layers = copy.deepcopy(NETWORKS["lenet"])
    layers[2] = conv(8, activation="tanh")
    assert "conv2d_2: the file has relu after it, the config tanh" in warnings("lenet.onnx", "lenet", layers)
    assert warnings("lenet.pt", "lenet", layers) == ""


def test_padding_is_compared_as_numbers():
    """`same` pads as PyTorch does where the stride is 1, and otherwise where it is 2."""
    layers = copy.deepcopy(NETWORKS["lenet"])
    layers[0] = conv(6, padding="same", activation="relu")
    assert warnings("lenet.onnx", "lenet", layers) == ""
    layers = copy.deepcopy(NETWORKS["resnet"])
    block = next(
        layer for layer in layers if isinstance(layer, dict) and "shortcut" in layer.get("residual", {})
    )
    block["residual"]["body"][0]["conv2d"]["padding"] = "same"
    assert (
        "body.conv2d_1: the file pads [1, 1] before the input, the config [0, 0]; set `padding: 1`"
        in warnings("resnet.onnx", "resnet", layers)
    )
