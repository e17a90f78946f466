"""The picture of a convolution: its numbers are the network's own, for every stride, padding, dilation, and number of channels."""

import numpy as np
import pytest

from nntrain.config import load
from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import outputs
from nntrain.report.pictures.elements.convolution import Convolution
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

CONFIG = """
data: {source: SOURCE, test: 0.3}
model: {layers: [LAYERS, flatten, {dense: 2}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 20}
"""


def subject(shell, layers, shape):
    source = f"{{random: {{input: {shape}, classes: 2, samples: 40}}}}"
    setup = prepare(
        load(shell.write(CONFIG.replace("SOURCE", source).replace("LAYERS", layers)))[0], shell.folder
    )
    network = setup.network(16, backward=False)
    for name, parameter in network.arena.parameters.items():
        if name.endswith("bias"):
            parameter[...] = np.linspace(-1, 1, parameter.size)
    return subject_of(setup, network)


def conv(**options):
    text = ", ".join(f"{name}: {value}" for name, value in options.items())
    return f"{{conv2d: {{filters: 4, {text}}}}}"


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        (conv(kernel_size=3), [6, 7, 1]),
        (conv(kernel_size="[2, 5]", stride="[1, 2]", padding="same"), [5, 40, 3]),
        (conv(kernel_size=3, dilation=2, padding=3), [7, 6, 3]),
        (conv(kernel_size=3, groups=2, use_bias="false"), [6, 6, 8]),
        (conv(kernel_size=9, padding="same"), [12, 12, 1]),
        ("{conv1d: {filters: 4, kernel_size: 3, stride: 2, padding: causal}}", [12, 2]),
    ],
)
def test_the_sum_is_the_networks_value(shell, layers, shape):
    convolution = subject(shell, layers, shape)
    node = convolution.network.graph.layers[0]
    maps = outputs(convolution.network, convolution.judged_data, np.array([5]), [node])[node.name][0]
    maps = maps if maps.ndim == 3 else maps[None]
    for at in {(0, 0), (maps.shape[0] - 1, maps.shape[1] - 1), (maps.shape[0] // 2, maps.shape[1] // 2)}:
        for number in (0, 3):
            picture = Convolution(sample=5, at=at, filter=number)
            arrays = picture.collect(convolution)
            assert arrays["products"].sum() + arrays["bias"] == pytest.approx(maps[at][number], abs=1e-5)
            assert arrays["y"] == maps[at][number]
            np.testing.assert_array_equal(arrays["map"], maps[..., number])
            assert (arrays["patch"][~arrays["inside"]] == 0).all()
    figure = figure_of(picture, drawn_from(arrays))
    assert faults(figure) == []
    kernel = arrays["weights"].shape[:2]
    channels = min(arrays["weights"].shape[2], 3)
    cells = [axes.texts for axes in figure.axes if axes.texts]
    if max(kernel) <= 7:
        assert [len(texts) for texts in cells] == [kernel[0] * kernel[1]] * 3 * channels
        weights = arrays["weights"][..., arrays["channels"][0]].ravel()
        assert [float(text.get_text()) for text in cells[1]] == pytest.approx(weights, abs=0.0051)
    else:
        assert cells == []


@pytest.mark.parametrize(
    ("after", "following"),
    [
        ("relu", ["relu"]),
        ("tanh", ["tanh"]),
        ("batch_norm, relu", ["batch_norm", "relu"]),
        ("{residual: {body: [{conv2d: {filters: 4, kernel_size: 3, padding: same}}]}}, relu", []),
    ],
)
def test_the_value_is_the_one_after_norm_and_activation(shell, after, following):
    convolution = subject(shell, f"{conv(kernel_size=3, padding='same')}, {after}", [6, 6, 1])
    arrays = Convolution().collect(convolution)
    assert list(arrays["following"]) == following
    total = arrays["products"].sum() + arrays["bias"]
    expected = {"relu": max(total, 0), "tanh": np.tanh(total), "": total}
    if "batch_norm" not in following:
        assert arrays["y"] == pytest.approx(expected["".join(following)], abs=1e-5)
    assert arrays["inside"].all()  # by default away from the padding
    assert arrays["y"] == arrays["map"][tuple(arrays["at"])]
    figure = figure_of(Convolution(), drawn_from(arrays), style="dark")
    assert faults(figure) == []
    assert f"column {arrays['at'][1]}" in words(figure)


def test_by_default_the_largest_value_is_worked_out(shell):
    convolution = subject(shell, conv(kernel_size=3), [6, 6, 1])
    node = convolution.network.graph.layers[0]
    maps = outputs(convolution.network, convolution.judged_data, np.array([2]), [node])[node.name][0]
    assert Convolution(sample=2).collect(convolution)["y"] == maps.max()
    assert Convolution(sample=2, filter=1).collect(convolution)["y"] == maps[..., 1].max()
    assert Convolution(sample=2, at=(1, 3)).collect(convolution)["y"] == maps[1, 3].max()


@pytest.mark.parametrize(
    "options", [{"at": (4, 0)}, {"filter": 4}, {"sample": 99}, {"layer": "dense_1"}, {"layer": "conv"}]
)
def test_what_the_network_does_not_have(shell, wording, options):
    convolution = subject(shell, conv(kernel_size=3), [6, 6, 1])
    with pytest.raises(UserError) as caught:
        Convolution(**options).collect(convolution)
    wording(str(caught.value))


def test_networks_without_a_convolution(shell):
    assert not Convolution().applies(subject(shell, "flatten", [6, 6, 1]))
