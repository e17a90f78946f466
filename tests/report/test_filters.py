"""The picture of the filters of the first convolution, and of their feature maps."""

import numpy as np
import pytest
from PIL import Image

from nntrain.config import load
from nntrain.report.pictures.learned.filters import FILTERS, IMAGES
from nntrain.report.pictures.learned.unit_weights import UNITS
from nntrain.report.pictures.registry import pictures as all_pictures
from nntrain.training.setup import prepare
from tests.support.pictures import drawn_from, faults, figure_of, subject_of, words

DIGITS = """
data: {source: {digits: image}, standardize: true}
model: {layers: [{conv2d: {filters: 12, kernel_size: 3, activation: relu}}, flatten, {dense: 10}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 200}
"""
PICTURE = all_pictures()["filters"]
RELU = "activation: relu}}"


def found_in(shell, text=DIGITS):
    config, _ = load(shell.write(text))
    setup = prepare(config, shell.folder)
    network = setup.network(IMAGES, backward=False)
    subject = subject_of(setup, network)
    return setup, network, PICTURE.collect(subject) if PICTURE.applies(subject) else None


@pytest.mark.parametrize(
    "after", [RELU, "}}, relu", "use_bias: false}}, batch_norm, relu, {residual: {body: [relu]}}"]
)
def test_maps_are_the_outputs_of_the_filters(shell, after):
    setup, network, found = found_in(shell, DIGITS.replace(RELU, after))
    weights = network.arena.parameters["conv2d_1.weight"]
    norms = np.linalg.norm(weights.reshape(9, 12), axis=0)
    chosen = [number for number in range(12) if (norms > norms[number]).sum() < FILTERS]
    assert np.array_equal(found["weights"], weights[..., chosen])
    assert found["of"] == 12
    assert list(found["names"]) == ["0", "1", "2", "3", "4"]
    test = setup.splits.test
    for row, image in enumerate(found["images"]):
        index = np.flatnonzero(test.target == row)[0]
        np.testing.assert_allclose(image, test.x[index] / test.x.max(), atol=1e-6)
        x = (test.x[index] - test.shift) * test.scale
        windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (3, 3))
        expected = np.maximum(np.einsum("hwab,abn->hwn", windows, weights[:, :, 0, chosen]), 0)
        np.testing.assert_allclose(found["maps"][row], expected, atol=1e-4)


@pytest.mark.parametrize(
    "layers",
    [
        "[{conv2d: {filters: 4, kernel_size: 1}}, flatten, {dense: 10}]",
        "[{conv1d: {filters: 4, kernel_size: 3}}, flatten, {dense: 10}]",
    ],
)
def test_networks_whose_first_layer_shows_no_images_have_no_picture(shell, layers):
    text = DIGITS.replace(
        "[{conv2d: {filters: 12, kernel_size: 3, activation: relu}}, flatten, {dense: 10}]", layers
    )
    text = (
        text.replace("{digits: image}", "{random: {input: [8, 8], classes: 10, samples: 20}}")
        if "conv1d" in layers
        else text
    )
    assert found_in(shell, text.replace(", standardize: true", ""))[2] is None


@pytest.mark.parametrize(("channels", "filters"), [(1, 10), (3, 2)])
def test_the_picture_is_the_same_each_time(tmp_path, channels, filters):
    draw = np.random.default_rng(0)
    (tmp_path / "plots").mkdir()
    np.savez(
        tmp_path / "plots/filters.npz",
        weights=draw.normal(size=(5, 5, channels, filters)),
        names=np.array(["cat"] * 4),
        images=draw.random((4, 9, 9, channels)),
        maps=draw.random((4, 5, 5, filters)),
        of=np.array(filters),
    )
    PICTURE.draw_stored(tmp_path)
    first = (tmp_path / "plots/filters.png").read_bytes()
    PICTURE.draw_stored(tmp_path)
    assert (tmp_path / "plots/filters.png").read_bytes() == first


@pytest.mark.usefixtures("pictures")
def test_a_run_leaves_the_picture_until_it_is_overwritten(shell):
    run = shell.fit(DIGITS)
    with Image.open(run / "plots/filters.png") as picture:
        assert picture.size[0] > 1000
    shell.fit(DIGITS.replace("kernel_size: 3", "kernel_size: 1"), "--overwrite")
    assert not list(run.rglob("filters*"))


@pytest.mark.parametrize(
    "source", ["digits", "{digits: image}", "{random: {input: [5, 9, 3], classes: 10, samples: 90}}"]
)
def test_units_of_a_first_dense_layer_are_images(shell, source):
    text = DIGITS.replace("{digits: image}", source).replace("batch_size: 200", "batch_size: 20")
    first = "flatten, {dense: {units: 60, activation: tanh}}, {dropout: 0.5}"
    text = text.replace("{conv2d: {filters: 12, kernel_size: 3, activation: relu}}, flatten", first)
    setup, network, found = found_in(shell, text if "digits" in source else text.replace("true", "false"))
    shape = (5, 9, 3) if "random" in source else (8, 8, 1)
    weights = network.arena.parameters["dense_1.weight"]
    norms = np.linalg.norm(weights, axis=0)
    chosen = [unit for unit in range(60) if (norms > norms[unit]).sum() < UNITS]
    np.testing.assert_array_equal(found["weights"], weights[:, chosen].reshape(*shape, UNITS))
    data = setup.splits.test or setup.splits.train
    x = (data.x - data.shift) * data.scale
    activity = np.tanh(x.reshape(len(x), -1) @ weights[:, chosen])
    means = np.stack([activity[data.target == label].mean(0) for label in range(10)])
    assert list(found["names"]) == [data.classes[best] for best in means.argmax(0)]
    figure = figure_of(PICTURE, drawn_from(found), style="dark")
    assert len(figure.axes[0].images) == UNITS
    assert "of 60" in words(figure)
    assert faults(figure) == []
