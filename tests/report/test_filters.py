"""The picture of the filters of the first convolution, and of their feature maps."""

import numpy as np
import pytest
from PIL import Image

from nntrain.config import load
from nntrain.report.pictures.learned.filters import FILTERS, IMAGES
from nntrain.report.pictures.registry import pictures as all_pictures
from nntrain.training.setup import prepare
from tests.support.pictures import subject_of

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
        "[flatten, {dense: 10}]",
        "[{conv2d: {filters: 4, kernel_size: 1}}, flatten, {dense: 10}]",
        "[{conv1d: {filters: 4, kernel_size: 3}}, flatten, {dense: 10}]",
    ],
)
def test_networks_without_a_first_convolution_of_images_have_no_picture(shell, layers):
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
    shell.fit(
        DIGITS.replace("{conv2d: {filters: 12, kernel_size: 3, activation: relu}}, ", ""), "--overwrite"
    )
    assert not list(run.rglob("filters*"))
