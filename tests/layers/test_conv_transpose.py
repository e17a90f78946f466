"""Transposed convolutions beyond their samples: any geometry, large ones, what they take back, bad options, an autoencoder."""

import json

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.errors import ConfigError
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from tests.layers.test_convolutions import pairs
from tests.support.harness import alone, run
from tests.support.reference.transposed import conv2d_transpose


def parsed(**options) -> Layer:
    return Layer.parse({"conv2d_transpose": {"filters": 4, "kernel_size": 3, **options}})


def results(layer, image, rows, dtype="float64"):
    """The layer after both passes, what it gave, and the reference's y."""
    single = alone(layer, (image,), rows, dtype)
    found = run(single)
    ctx = single.ctx
    expected = conv2d_transpose(
        {name: values.astype("f8") for name, values in single.parameters.items()},
        ctx.x.astype("f8"),
        **layer.model_dump(
            include={
                "filters",
                "kernel_size",
                "stride",
                "padding",
                "output_padding",
                "dilation",
                "groups",
                "use_bias",
            }
        ),
    )
    return single, found, expected


def assert_right(single, found, expected, tolerance):
    """y is linear in x and in the weight, so that <dy, y> without the bias is both <dx, x> and <dweight, weight>."""
    ctx = single.ctx
    np.testing.assert_allclose(found["y"], expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))
    dy = ctx.dy.astype("f8")
    product, size = (
        (dy * (expected - single.parameters["bias"])).sum(),
        np.linalg.norm(dy) * np.linalg.norm(expected),
    )
    assert (found["x0"].astype("f8") * ctx.x).sum() == pytest.approx(product, rel=0, abs=tolerance * size)
    assert (found["weight"].astype("f8") * ctx.weight).sum() == pytest.approx(
        product, rel=0, abs=tolerance * size
    )
    np.testing.assert_allclose(found["bias"], dy.sum((0, 1, 2)), rtol=0, atol=tolerance * np.abs(dy).sum())


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 4),
    image=pairs(1, 9),
    channels=st.integers(1, 18),
    filters=st.integers(1, 20),
    kernel=pairs(1, 5),
    stride=pairs(1, 3),
    dilation=pairs(1, 2),
    padding=st.one_of(st.sampled_from(["same", "valid"]), pairs(0, 3)),
    extra=pairs(0, 2),
    groups=st.sampled_from([1, 1, 2, 3]),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_any_geometry_has_the_references_results(
    rows, image, channels, filters, kernel, stride, dilation, padding, extra, groups, dtype
):
    layer = parsed(
        filters=filters * groups,
        kernel_size=list(kernel),
        stride=list(stride),
        dilation=list(dilation),
        padding=padding if isinstance(padding, str) else list(padding),
        output_padding=list(extra),
        groups=groups,
    )
    try:
        layer.output_shape((*image, channels * groups))
    except ConfigError:  # nothing is left, or more is added than a stride leaves open
        return
    assert_right(
        *results(layer, (*image, channels * groups), rows, dtype), 1e-12 if dtype == "float64" else 2e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("image", "options", "rows"),
    [
        ((30, 34, 40), {"filters": 24, "padding": "same"}, 3),  # Winograd's way
        ((17, 16, 24), {"filters": 33, "stride": 2, "padding": 1, "output_padding": 1}, 5),
        ((8, 7, 300), {"filters": 3, "kernel_size": 4, "stride": 2, "padding": "same"}, 9),
        ((16, 16, 64), {"filters": 40, "kernel_size": 1}, 8),
    ],
    ids=str,
)
def test_large_ones_have_the_references_results_whatever_the_threads(image, options, rows, dtype):
    threads, all_found = numba.get_num_threads(), []
    for count in sorted({1, min(2, threads), threads}):
        numba.set_num_threads(count)
        try:
            single, found, expected = results(parsed(**options), image, rows, dtype)
        finally:
            numba.set_num_threads(threads)
        all_found.append(found)
    assert_right(single, found, expected, 1e-12 if dtype == "float64" else 1e-5)
    for other in all_found[1:]:
        for name, values in all_found[0].items():
            np.testing.assert_array_equal(other[name], values)


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        ({"stride": 2, "padding": "same"}, 0),
        ({"stride": 3, "kernel_size": 4, "padding": 1}, [2, 1]),
        ({"kernel_size": [2, 5], "groups": 2, "dilation": [2, 1]}, 0),
    ],
    ids=str,
)
def test_it_is_what_conv2d_does_to_gradients(options, extra):
    """With the same weight, the dx of the one is the y of the other."""
    forth = Layer.parse({"conv2d": {"filters": 6, "kernel_size": 3, "use_bias": False, **options}})
    back = parsed(**options, use_bias=False, output_padding=extra)
    shape = (7, 9, 4) if extra else (8, 10, 4)
    small = forth.output_shape(shape)
    one, other = alone(forth, (shape,), 3), alone(back, (small,), 3)
    other.ctx.x[...] = one.ctx.dy
    other.ctx.weight[...] = one.ctx.weight
    np.testing.assert_array_equal(run(other)["y"], run(one)["x0"])


@pytest.mark.parametrize(
    ("options", "image", "expected"),
    [
        ({"padding": "same"}, (5, 7), (5, 7)),
        ({"padding": "same", "stride": 2}, (5, 7), (10, 14)),
        ({"padding": "same", "stride": [3, 1], "kernel_size": 1, "dilation": 2}, (5, 7), (15, 7)),
        ({"stride": 2}, (5, 7), (11, 15)),
        ({"stride": 2, "kernel_size": 1}, (5, 7), (9, 13)),  # as PyTorch; Keras makes 10 x 14 of it
        ({"stride": 2, "padding": 1, "output_padding": 1}, (5, 7), (10, 14)),
        ({"stride": 2, "padding": [1, 0], "output_padding": [1, 0]}, (5, 7), (10, 15)),
        ({"dilation": 3, "output_padding": 2}, (5, 7), (13, 15)),
        ({"padding": 2}, (3, 1), None),
        ({"padding": 2}, (3, 3), (1, 1)),
    ],
    ids=str,
)
def test_sizes_are_keras_and_pytorchs(options, image, expected):
    if expected is None:
        with pytest.raises(ConfigError):
            parsed(**options).output_shape((*image, 1))
    else:
        assert parsed(**options).output_shape((*image, 1)) == (*expected, 4)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (64,)),
        ({"padding": 2}, (4, 1, 3)),
        ({"padding": "same", "stride": 2, "output_padding": 1}, (4, 4, 3)),
        ({"padding": 1, "stride": [3, 2], "output_padding": 2}, (4, 4, 3)),
        ({"groups": 2}, (4, 4, 3)),
    ],
    ids=str,
)
def test_an_input_that_does_not_fit_is_an_error(options, shape, wording):
    with pytest.raises(ConfigError) as caught:
        parsed(**options).output_shape(shape)
    wording(str(caught.value))


def test_fans_and_operations_count_the_windows():
    layer = parsed(filters=6, kernel_size=[4, 3], stride=[2, 1], groups=2, padding="same")
    parameters = layer.parameters((7, 8, 10))
    assert (parameters["weight"].shape, parameters["bias"].shape) == ((4, 3, 3, 10), (6,))
    # An output sees 2 of the 4 rows of a kernel, in another place each time, all its columns, and half the channels.
    assert parameters["weight"].fans == parameters["bias"].fans == (2 * 3 * 5, 4 * 3 * 3)
    assert layer.flops((7, 8, 10)) == 2 * 7 * 8 * 10 * 4 * 3 * 3
    # With a kernel smaller than the stride, what an output sees at all is one pixel.
    assert parsed(kernel_size=1, stride=3).parameters((7, 8, 10))["weight"].fans == (10, 4)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 4, "stride": 2, "padding": 1},
        {"kernel_size": 2, "stride": 2},
        {"kernel_size": 3, "padding": "same"},
    ],
    ids=str,
)
def test_a_stack_of_them_keeps_the_size_of_the_signal(options):
    """He 2015: through rectifiers the mean square stays what it is."""
    layers = [parsed(filters=48, **options, activation="relu") for _ in range(4)]
    network = Network(build_graph(layers, (6, 6, 48)), 8, "float64")
    executor = network.executor(8)
    executor.x[...] = np.random.default_rng(0).normal(size=executor.x.shape)
    y = executor.forward(training=False)
    inside = y[
        :, y.shape[1] // 4 : -y.shape[1] // 4, y.shape[2] // 4 : -y.shape[2] // 4
    ]  # the edge sees less
    assert 0.3 < np.square(inside).mean() < 2


@pytest.mark.parametrize(
    "options", [{"stride": 2, "padding": "same"}, {"kernel_size": 1}, {"filters": 16, "padding": 1}], ids=str
)
@pytest.mark.parametrize("activation", ["relu", {"leaky_relu": 0.2}], ids=str)
def test_the_activation_is_fused_and_the_same(options, activation):
    found = []
    for layers in ([parsed(**options, activation=activation)], [parsed(**options), "dropout", activation]):
        layers = [Layer.parse({"dropout": 0.0} if layer == "dropout" else layer) for layer in layers]
        graph = build_graph(layers, (5, 6, 17))
        assert (graph.output.fused_into is not None) == (len(layers) == 1)
        network = Network(graph, 3, "float32")
        executor = network.executor(3)
        executor.x[...] = np.random.default_rng(0).normal(size=executor.x.shape)
        network.arena.parameters["conv2d_transpose_1.bias"][...] = np.linspace(-0.3, 0.3, layers[0].filters)
        found.append(executor.forward(training=False).copy())
    assert 0 < (found[0] > 0).mean() < 1
    np.testing.assert_array_equal(*found)


AUTOENCODER = """
data: {source: {npz: images.npz}, validation: 0.2}
model:
  layers:
    - conv2d: {filters: 8, kernel_size: 3, stride: 2, padding: same, activation: relu}
    - conv2d: {filters: 4, kernel_size: 3, stride: 2, padding: same, activation: relu}
    - conv2d_transpose: {filters: 8, kernel_size: 4, stride: 2, padding: same, activation: relu}
    - conv2d_transpose: {filters: 1, kernel_size: 4, stride: 2, padding: same}
    - flatten
loss: mse
optimizer: {adam: {lr: 0.01}}
train: {epochs: 8, batch_size: 20}
"""


@pytest.fixture
def bright_spots(shell):
    """Images of one soft spot each, and as targets the same again."""
    at = np.random.default_rng(0).uniform(2, 10, (200, 2, 1, 1))
    rows, columns = np.mgrid[:12, :12]
    x = np.exp(-((rows - at[:, 0]) ** 2 + (columns - at[:, 1]) ** 2) / 4).astype(np.float32)
    np.savez(shell.folder / "images.npz", x=x[..., None], y=x.reshape(200, -1))
    return shell, x


def test_an_autoencoder_learns_to_draw_what_it_saw(bright_spots):
    shell, x = bright_spots
    run = shell.fit(AUTOENCODER)
    assert shell.scores(run)["loss"] < 0.3 * x.var(axis=0).mean()  # what the mean image would leave


def test_an_autoencoders_gradients_are_right(bright_spots):
    shell, _ = bright_spots
    found = json.loads(
        shell.run("gradcheck", shell.write(AUTOENCODER.replace("relu", "tanh")), "--json").stdout
    )
    assert found["passed"] is True
    assert {check["component"] for check in found["checks"]} == {f"conv2d_{i}" for i in (1, 2)} | {
        f"conv2d_transpose_{i}" for i in (1, 2)
    }
