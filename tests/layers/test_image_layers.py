"""What the layers of images promise beyond what every layer does: edges, ties, padding, lengths, error texts."""

import numpy as np
import pytest

from nntrain import kernels, randomness
from nntrain.errors import ConfigError, UserError
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.window import Slide, slide
from nntrain.network import fusion
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.single import Single
from tests.support.harness import alone, backward, run

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])


def filled(spelling, x, dtype="float64", lengths=None):
    """The layer after both passes on the rows x, with dy = 1."""
    x = np.asarray(x, dtype)
    single = Single(Layer.parse(spelling), (x.shape[1:],), len(x), dtype)
    single.ctx.info.lengths = None if lengths is None else np.array(lengths, np.int32)
    single.ctx.x[...] = x
    single.ctx.dy.fill(1)
    single.forget_gradients()
    single.forward()
    single.backward()
    return single


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((7, 3, 1, "valid"), (0, 5)),
        ((7, 3, 2, "valid"), (0, 3)),
        ((8, 3, 2, "valid"), (0, 3)),
        ((7, 3, 1, 1), (1, 7)),
        ((7, 3, 1, "same"), (1, 7)),
        ((7, 3, 2, "same"), (1, 4)),
        ((8, 3, 2, "same"), (0, 4)),  # the odd one goes to the end
        ((8, 2, 1, "same"), (0, 8)),
        ((5, 1, 3, "same"), (0, 2)),
        ((7, 3, 1, "same", 2), (2, 7)),
        ((7, 3, 1, "valid", 3), (0, 1)),
        ((7, 3, 1, "causal"), (2, 7)),
        ((7, 3, 2, "causal", 2), (4, 4)),
    ],
    ids=str,
)
def test_window_slides_as_in_keras(arguments, expected):
    found = slide("pool_size", *arguments)
    assert (found.before, found.outputs) == expected
    assert isinstance(found, Slide)


@BOTH
def test_max_pool_never_takes_padding(dtype):
    single = filled(
        {"max_pool2d": {"pool_size": 3, "stride": 2, "padding": 1}}, -np.ones((2, 5, 5, 3)), dtype
    )
    np.testing.assert_array_equal(single.ctx.y, -1)


def test_the_gradient_of_max_pool_goes_to_the_first_of_equals():
    single = filled({"max_pool2d": 2}, np.zeros((1, 4, 4, 1)))
    np.testing.assert_array_equal(single.ctx.dx[0, :, :, 0], [[1, 0, 1, 0], [0, 0, 0, 0]] * 2)
    single = filled({"max_pool2d": {"pool_size": 2, "stride": 1}}, np.zeros((1, 3, 3, 1)))
    np.testing.assert_array_equal(single.ctx.dx[0, :, :, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 0]])
    single = filled("global_max_pool", np.zeros((1, 2, 2, 1)))
    np.testing.assert_array_equal(single.ctx.dx[0, :, :, 0], [[1, 0], [0, 0]])


def test_max_pool_gives_nothing_to_pixels_outside_its_windows():
    single = filled({"max_pool2d": {"pool_size": 1, "stride": 3}}, np.ones((1, 5, 5, 2)))
    expected = np.zeros((5, 5))
    expected[::3, ::3] = 1
    np.testing.assert_array_equal(single.ctx.dx[0, :, :, 1], expected)


@pytest.mark.parametrize("channels", [1, 6, 19])
@pytest.mark.parametrize(
    "sizes", [(2, 2, 2, 2), (2, 3, 3, 3), (2, 2, 2, 3), (3, 2, 2, 2)], ids=str
)  # side by side, apart, overlapping
@pytest.mark.parametrize("image", [(6, 6), (7, 8)], ids=str)
def test_the_gradient_of_max_pool_is_that_of_a_loop_over_windows(image, sizes, channels):
    height, width, down, across = sizes
    rng = np.random.default_rng(0)
    for beyond in (0, 1):  # whether a last window may reach beyond the image
        tall = (image[0] - height + beyond * (min(height, down) - 1)) // down + 1
        broad = (image[1] - width + beyond * (min(width, across) - 1)) // across + 1
        x = (
            rng.permutation(2 * image[0] * image[1] * channels)
            .reshape(2, *image, channels)
            .astype(np.float32)
        )
        dy = rng.normal(size=(2, tall, broad, channels)).astype(np.float32)
        y, winner = np.empty_like(dy), np.empty((2, tall, broad, -(-channels // 16) * 16), np.uint8)
        dx, expected = np.full_like(x, np.nan), np.zeros(x.shape)
        window, everywhere = (*sizes, 0, 0, 1, 1), np.zeros(0, np.int32)
        kernels.pool.max_pool(y, winner, x, everywhere, window)
        kernels.pool.max_pool_backward(dx, dy, winner, y, everywhere, window, 1.0)
        for r, i, j, c in np.ndindex(dy.shape):
            part = x[r, i * down : i * down + height, j * across : j * across + width, c]
            a, b = np.unravel_index(part.argmax(), part.shape)
            expected[r, i * down + a, j * across + b, c] += dy[r, i, j, c]
        np.testing.assert_allclose(dx, expected, atol=1e-6)


def test_max_pool_keeps_the_place_of_the_winner_in_its_window_as_a_byte():
    x = np.zeros((1, 2, 6, 1))
    x[0, 1, 2] = x[0, 0, 5] = x[0, 0, 0] = 1
    single = filled({"max_pool2d": [2, 3]}, x)
    assert single.ctx.winner.dtype == np.uint8
    np.testing.assert_array_equal(single.ctx.winner[0, 0, :, 0], [0, 2])
    x[0, 0, 0] = 0
    np.testing.assert_array_equal(filled({"max_pool2d": [2, 3]}, x).ctx.winner[0, 0, :, 0], [5, 2])


def test_max_pool_distinguishes_256_positions():
    x = np.zeros((1, 16, 16, 1))
    x[0, 15, 15] = 1
    single = filled({"max_pool2d": 16}, x)
    assert single.ctx.dx[0, 15, 15, 0] == 1 == single.ctx.dx.sum()


@pytest.mark.parametrize("name", ["max_pool2d", "max_pool1d", "global_max_pool"])
def test_the_first_nan_wins(name):
    x = np.ones((1, 1, 4, 1) if name == "max_pool2d" else (1, 4, 1))
    x[..., 1:3, 0] = np.nan
    single = filled(
        {name: {"max_pool2d": {"pool_size": [1, 4]}, "max_pool1d": 4, "global_max_pool": {}}[name]}, x
    )
    assert np.isnan(single.ctx.y).all()
    np.testing.assert_array_equal(single.ctx.dx.ravel(), [0, 1, 0, 0])


def test_avg_pool_does_not_count_padding():
    single = filled({"avg_pool2d": {"pool_size": 3, "stride": 2, "padding": 1}}, np.ones((1, 3, 3, 1)))
    np.testing.assert_allclose(single.ctx.y, 1)
    np.testing.assert_allclose(
        single.ctx.dx[0, :, :, 0], [[1 / 4, 1 / 2, 1 / 4], [1 / 2, 1, 1 / 2], [1 / 4, 1 / 2, 1 / 4]]
    )


def test_stride_is_the_window_by_default():
    assert Layer.parse({"max_pool2d": [2, 3]}).output_shape((6, 6, 4)) == (3, 2, 4)
    assert Layer.parse({"avg_pool1d": 3}).output_shape((7, 4)) == (2, 4)
    assert Layer.parse({"max_pool2d": {"pool_size": 3, "stride": 2, "padding": "same"}}).output_shape(
        (7, 8, 4)
    ) == (4, 4, 4)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("padding", ["same", 1])
def test_pools_of_padded_sequences_see_real_steps_only(kind, padding):
    x = np.random.default_rng(0).normal(size=(3, 6, 17))
    lengths = [6, 1, 4]
    junk = np.where((np.arange(6) < np.array(lengths)[:, None])[..., None], x, 99.0)
    spelling = {f"{kind}_pool1d": {"pool_size": 3, "stride": 1, "padding": padding}}
    padded = filled(spelling, junk, lengths=lengths)
    for row, length in enumerate(lengths):
        cut = filled(spelling, x[row : row + 1, :length])
        for found, expected in ((padded.ctx.y, cut.ctx.y), (padded.ctx.dx, cut.ctx.dx)):
            np.testing.assert_allclose(found[row, :length], expected[0], rtol=1e-12)
            np.testing.assert_array_equal(found[row, length:], 0)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_global_pools_of_padded_sequences_see_real_steps_only(kind):
    x = np.random.default_rng(0).normal(size=(3, 6, 5))
    lengths = [6, 1, 4]
    junk = np.where((np.arange(6) < np.array(lengths)[:, None])[..., None], x, 99.0)
    padded = filled(f"global_{kind}_pool", junk, lengths=lengths)
    for row, length in enumerate(lengths):
        cut = filled(f"global_{kind}_pool", x[row : row + 1, :length])
        np.testing.assert_allclose(padded.ctx.y[row], cut.ctx.y[0], rtol=1e-12)
        np.testing.assert_allclose(padded.ctx.dx[row, :length], cut.ctx.dx[0], rtol=1e-12)
        np.testing.assert_array_equal(padded.ctx.dx[row, length:], 0)


def test_pools_that_change_the_steps_refuse_sequences_of_different_lengths(wording):
    with pytest.raises(UserError) as caught:
        filled({"max_pool1d": 2}, np.zeros((2, 6, 3)), lengths=[6, 2])
    assert caught.value.place == "max_pool1d"
    wording(str(caught.value))


@BOTH
@pytest.mark.parametrize("activation", ["relu", {"leaky_relu": 0.2}], ids=str)
@pytest.mark.parametrize(
    "pool",
    [
        {"max_pool2d": 2},
        {"max_pool2d": {"pool_size": 3, "stride": 1, "padding": 1}},
        "global_max_pool",
    ],
    ids=str,
)
def test_max_pool_has_the_gradient_of_the_activation_before_it(pool, activation, dtype):
    layer, activation = Layer.parse(pool), Layer.parse(activation)
    assert Fusable.SELECTED_ACTIVATION_GRADIENT in layer.fuses
    before = alone(activation, ((6, 5, 3),), 4, dtype)
    pool = alone(layer, ((6, 5, 3),), 4, dtype)
    before.ctx.x[...] -= 1.5  # so that some windows hold nothing above 0
    pool.ctx.x[...] = before.forward()
    assert 0 < (pool.forward() <= 0).mean() < 1 or layer.yaml_name == "global_max_pool"
    before.ctx.dy[...] = backward(pool)["x0"]
    expected = backward(before)["x0"]
    pool.ctx.dy_slope = activation.epilogue()[1]
    np.testing.assert_allclose(backward(pool)["x0"], expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "layers",
    [
        [{"depthwise_conv2d": 3}, "relu", {"max_pool2d": 2}, "flatten", {"dense": 2}],
        [
            {"depthwise_conv2d": 3},
            "batch_norm",
            {"leaky_relu": 0.1},
            {"max_pool2d": {"pool_size": 3, "stride": 1}},
            "flatten",
        ],
        [
            {"depthwise_conv2d": {"kernel_size": 3, "activation": "relu"}},
            {"group_norm": 1},
            "relu",
            "global_max_pool",
        ],
    ],
    ids=str,
)
def test_an_image_network_with_fused_gradients_has_those_of_single_layers(layers, monkeypatch):
    found = []
    for fused in (True, False):
        if not fused:
            monkeypatch.setattr(fusion, "FUSIONS", fusion.FUSIONS[:3])
        graph = build_graph([Layer.parse(layer) for layer in layers], (8, 7, 3))
        assert fused == any(node.gradient_fused_into for node in graph.layers)
        network = Network(graph, 5, "float64", input_gradient=True)
        executor = network.executor(4)
        draw = np.random.default_rng(0)
        executor.x[...] = draw.normal(size=executor.x.shape)
        executor.forward(training=True)
        network.forget_gradients()
        executor.dy[...] = draw.normal(size=executor.dy.shape)
        executor.backward()
        found.append((executor.dx.copy(), network.grad.copy()))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_spatial_dropout_drops_whole_channels():
    single = filled({"spatial_dropout": 0.3}, np.ones((50, 3, 4, 20)))
    kept = (
        randomness.uniform(randomness.key(0, "spatial_dropout", "spatial_dropout", 0), 50 * 20).reshape(
            50, 20
        )
        >= 0.3
    )
    np.testing.assert_array_equal(single.ctx.kept, kept)
    for found in (single.ctx.y, single.ctx.dx):
        np.testing.assert_allclose(found, np.broadcast_to(kept[:, None, None] / 0.7, found.shape))
    assert abs(kept.mean() - 0.7) < 0.05


def test_spatial_dropout_in_evaluation_changes_nothing():
    single = alone(Layer.parse({"spatial_dropout": 0.9}), ((3, 2, 4),), 5)
    single.ctx.info.training = False
    found = run(single)
    np.testing.assert_array_equal(found["y"], single.ctx.x)
    np.testing.assert_array_equal(found["x0"], single.ctx.dy)


def test_group_norm_with_a_group_per_channel_normalizes_each_alone():
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 6)) * [1, 2, 3, 4, 5, 6] + 7
    y = filled({"group_norm": {"groups": 6, "affine": False}}, x).ctx.y
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((1, 2)), 1, rtol=1e-4)


def test_group_norm_variance_survives_a_large_mean():
    x = np.float32(1000) + np.random.default_rng(0).normal(size=(4, 9, 9, 6)).astype(np.float32)
    y = filled({"group_norm": {"groups": 2, "affine": False}}, x, "float32").ctx.y
    parts = x.astype("f8").reshape(4, 81, 2, 3)
    exact = (parts - parts.mean((1, 3), keepdims=True)) / np.sqrt(parts.var((1, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, exact.reshape(x.shape), atol=1e-3)


def test_a_depthwise_and_a_dense_layer_count_their_operations():
    layer = Layer.parse({"depthwise_conv2d": {"kernel_size": 3, "padding": "same", "depth_multiplier": 2}})
    assert layer.flops((8, 8, 4)) == 2 * 8 * 8 * 8 * 9
    weight = layer.parameters((8, 8, 4))["weight"]
    assert (weight.shape, weight.fans) == ((3, 3, 4, 2), (9, 18))


@pytest.mark.parametrize(
    "between",
    [
        {"max_pool2d": 2},
        {"avg_pool2d": 2},
        {"spatial_dropout": 0.1},
        {"upsample2d": 2},
        {"zero_pad2d": 1},
        {"group_norm": 1},
        "global_avg_pool",
        "global_max_pool",
    ],
    ids=str,
)
def test_auto_looks_through_layers_between_a_weight_and_its_activation(between):
    graph = build_graph(
        [Layer.parse({"depthwise_conv2d": 3}), Layer.parse(between), Layer.parse("relu")], (6, 6, 2)
    )
    first = graph.layers[0]
    assert graph.initializer_of(first, first.parameters["weight"]).yaml_name == "he_normal"


MISFITS = [
    ({"max_pool2d": 2}, (6,)),
    ("upsample2d", (6,)),
    ({"max_pool1d": 2}, (6, 6, 1)),
    ({"avg_pool2d": 5}, (6, 4, 1)),
    ({"max_pool2d": {"pool_size": 2, "padding": 2}}, (6, 6, 1)),
    ({"max_pool2d": 17}, (20, 20, 1)),
    ("global_avg_pool", (6,)),
    ({"group_norm": 4}, (3, 3, 6)),
    ({"group_norm": 6}, (6,)),
    ({"depthwise_conv2d": {"kernel_size": 3, "dilation": 3}}, (8, 6, 1)),
]


@pytest.mark.parametrize(("spelling", "shape"), MISFITS, ids=str)
def test_a_shape_that_does_not_fit_is_an_error(spelling, shape, wording):
    with pytest.raises(ConfigError) as caught:
        Layer.parse(spelling).output_shape(shape)
    wording(str(caught.value))
