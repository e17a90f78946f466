"""Convolutions beyond their samples: any geometry, large batches and images, other vector widths, bad options, padded steps."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.errors import ConfigError, UserError
from nntrain.kernels import conv, host, matmul
from nntrain.kernels.conv import narrow_plan
from nntrain.kernels.conv import plan as conv_plan
from nntrain.kernels.geometry import Geometry
from nntrain.layers.conv import geometry
from nntrain.layers.layer import Layer
from tests.kernels.test_kernels import in_bad_company
from tests.support.harness import alone, run
from tests.support.other_vectors import OTHER_WIDTHS, assert_passes_with
from tests.support.reference import convolutions as reference

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


class Case:
    """A geometry with operands, and the results of its three passes."""

    def __init__(self, sizes: Geometry, rows: int, dtype, seed: int = 0):
        draw = np.random.default_rng(seed)
        self.sizes = sizes
        self.x = draw.normal(size=(rows, *sizes.image, sizes.channels)).astype(dtype)
        self.w = draw.normal(size=(*sizes.kernel, sizes.channels // sizes.groups, sizes.filters)).astype(
            dtype
        )
        self.b = draw.normal(size=sizes.filters).astype(dtype)
        self.dy = draw.normal(size=(rows, *sizes.output, sizes.filters)).astype(dtype)

    def results(self, epilogue=(matmul.NONE, 0.0)):
        """y, dx, dw; operands and results stand between NaN, so that what reads beyond them shows."""
        x, w, dy = (in_bad_company(array) for array in (self.x, self.w, self.dy))
        y, dx, dw = (in_bad_company(np.full_like(array, np.nan)) for array in (self.dy, self.x, self.w))
        conv.forward(y, x, w, self.b, self.sizes, epilogue)
        conv.input_gradient(dx, dy, w, self.sizes)
        conv.weight_gradient(dw, x, dy, self.sizes)
        for array, before in ((x, self.x), (w, self.w), (dy, self.dy)):
            np.testing.assert_array_equal(array, before)
        for array in (y, dx, dw):
            assert np.isnan(array.base[:4]).all()
            assert np.isnan(array.base[-4:]).all()
        return y, dx, dw

    def expected(self, padding):
        """The same in float64. y is linear in x and in w: its gradients are its values for one thing at a time."""
        g = self.sizes
        options = {
            "filters": g.filters,
            "kernel_size": g.kernel,
            "stride": g.stride,
            "padding": padding,
            "dilation": g.dilation,
            "groups": g.groups,
        }
        x, w, b, dy = (array.astype(np.float64) for array in (self.x, self.w, self.b, self.dy))
        y = reference.conv2d({"weight": w, "bias": b}, x, **options)
        return y, *reference.conv2d_gradients({"weight": w}, x, dy, **options)


def assert_close(found, expected, dtype):
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=tolerance * max(1e-30, np.abs(theirs).max(initial=0))
        )


def pairs(least, most):
    return st.tuples(st.integers(least, most), st.integers(least, most))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 5),
    image=pairs(1, 20),
    channels=st.integers(1, 18),
    filters=st.integers(1, 40),
    kernel=pairs(1, 4),
    stride=pairs(1, 3),
    dilation=pairs(1, 2),
    padding=st.one_of(st.sampled_from(["same", "valid"]), pairs(0, 3)),
    groups=st.sampled_from([1, 1, 1, 2, 3]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_geometry_has_the_references_results(
    rows, image, channels, filters, kernel, stride, dilation, padding, groups, dtype
):
    try:
        sizes = geometry(
            image, channels * groups, filters * groups, kernel, stride, padding, dilation, groups
        )
    except ConfigError:  # the kernel is larger than the image
        return
    case = Case(sizes, rows, dtype)
    assert_close(case.results(), case.expected(padding), dtype)


# Large enough for threads, and to be cut up: into bands of an image, sets of images, chunks and pieces of the kernel's depth,
# parts of the batch with splits.
LARGE = [
    ((70, 60), 40, 24, 3, 1, 3),
    ((9, 9), 300, 33, 3, 1, 7),
    ((12, 31), 5, 16, 3, 2, 40),
    ((16, 16), 8, 100, 5, 1, 9),
]


# Few filters or few channels: image, channels, filters, kernel, stride, padding, dilation, rows. Of several panels of filters and tiles of
# taps, cut up into bands, with channels that do and do not fit half of a vector.
NARROW = [
    ((28, 28), 1, 6, (5, 5), (1, 1), "valid", (1, 1), 5),
    ((12, 12), 6, 16, (5, 5), (1, 1), "valid", (1, 1), 5),
    ((60, 50), 3, 3, (3, 3), (1, 1), "same", (1, 1), 3),
    ((33, 31), 20, 2, (2, 4), (1, 1), (1, 3), (2, 3), 2),
    ((22, 23), 2, 7, (3, 9), (1, 1), "same", (1, 1), 17),
    ((32, 30), 2, 24, (4, 4), (2, 2), "same", (1, 1), 2),
    ((31, 40), 1, 20, (5, 5), (3, 2), 2, (2, 1), 3),
]


@DTYPES
@pytest.mark.parametrize("sizes", NARROW, ids=str)
def test_few_filters_or_channels_have_the_references_results_whatever_the_threads(sizes, dtype):
    *sizes, rows = sizes
    case, threads, found = Case(geometry(*sizes, 1), rows, dtype), numba.get_num_threads(), []
    for count in sorted({1, min(2, threads)}):
        numba.set_num_threads(count)
        try:
            found.append(case.results())
        finally:
            numba.set_num_threads(threads)
    assert_close(found[0], case.expected(sizes[5]), dtype)
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for epilogue, slope in (((matmul.RELU, 0.0), 0), ((matmul.LEAKY_RELU, 0.25), dtype(0.25))):
        y = found[0][0]
        np.testing.assert_array_equal(case.results(epilogue)[0], np.where(y < 0, y * slope, y))


def test_few_filters_and_few_channels_have_kernels_of_their_own():
    """For each pass of the cases above, with the lanes of AVX-512 or of AVX2."""
    lanes = host.FLOAT32_LANES
    g = geometry((24, 24), lanes // 4, lanes // 2, (5, 5), (1, 1), "same", (1, 1), 1)
    assert narrow_plan.suits_planes(g, 4, gradient=False)
    assert narrow_plan.suits_planes(g, 4, gradient=True)
    wide = g._replace(filters=2 * lanes)
    assert narrow_plan.suits_runs(wide, 4)
    assert not narrow_plan.suits_planes(wide, 4, gradient=False)
    assert not narrow_plan.suits_runs(g._replace(channels=lanes), 4)


def test_the_rows_of_a_short_batch_of_few_filters_have_the_same_bits():
    sizes = geometry((28, 28), 1, 6, (5, 5), (1, 1), "valid", (1, 1), 1)
    case = Case(sizes, 7, np.float32)
    y, dx, _ = case.results()
    case.x, case.dy = case.x[:3], case.dy[:3]
    few, few_dx, _ = case.results()
    np.testing.assert_array_equal(few, y[:3])
    np.testing.assert_array_equal(few_dx, dx[:3])


@DTYPES
@pytest.mark.parametrize(("image", "channels", "filters", "kernel", "stride", "rows"), LARGE, ids=str)
def test_large_ones_have_the_references_results_whatever_the_threads(
    image, channels, filters, kernel, stride, rows, dtype
):
    sizes = geometry(image, channels, filters, (kernel, kernel), (stride, stride), 1, (1, 1), 1)
    case, threads, found = Case(sizes, rows, dtype), numba.get_num_threads(), []
    for count in sorted({1, min(2, threads), threads}):
        numba.set_num_threads(count)
        try:
            found.append(case.results())
        finally:
            numba.set_num_threads(threads)
    assert_close(found[0], case.expected(1), dtype)
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("workers", [1, 2, 3, 16, 100])
def test_every_plan_gives_each_worker_its_share(workers):
    """The gradient of the weight has as many sums on any number of threads, and work for all of them where there is enough."""
    for image, channels, filters, kernel, stride, rows in LARGE:
        sizes = geometry(image, channels, filters, (kernel, kernel), (stride, stride), 1, (1, 1), 1)
        plan, _ = conv_plan.weights(sizes, rows, workers, 4)
        assert plan.parts == conv_plan.weights(sizes, rows, 1, 4)[0].parts <= rows
        pixels, *_ = conv_plan.pixels(sizes, rows, workers, 4, False)
        assert pixels.sets * pixels.bands >= min(workers, rows)
    for *sizes, rows in NARROW:
        sizes = geometry(*sizes, 1)
        planes, _ = narrow_plan.planes(sizes, rows, workers, 4, gradient=True)
        alone, _ = narrow_plan.planes(sizes, rows, 1, 4, gradient=True)
        assert (planes.parts, planes.bands) == (alone.parts, alone.bands)
        planes, _ = narrow_plan.planes(sizes, rows, workers, 4, gradient=False)
        runs = narrow_plan.runs(sizes, rows, workers, 4)
        assert rows * min(planes.bands, runs.bands) >= min(workers, rows)


@DTYPES
@pytest.mark.parametrize("kernel", [1, 3])
def test_epilogue_is_the_activation_after_it(kernel, dtype):
    case = Case(geometry((6, 5), 7, 19, (kernel, kernel), (1, 1), "same", (1, 1), 1), 3, dtype)
    y, *_ = case.results()
    np.testing.assert_array_equal(case.results((matmul.RELU, 0.0))[0], np.maximum(y, 0))
    leaky = case.results((matmul.LEAKY_RELU, 0.25))[0]
    np.testing.assert_array_equal(leaky, np.where(y < 0, y * dtype(0.25), y))


@pytest.mark.slow
@OTHER_WIDTHS
def test_every_vector_width_computes_the_same_things(lanes):
    assert_passes_with(lanes, __file__, "any_geometry or few")


# ---------------------------------------------------------------------------------------------------------------- layers


@pytest.mark.parametrize(
    ("image", "kernel", "stride", "padding", "before", "output"),
    [
        ((5, 6), (3, 3), (1, 1), "same", (1, 1), (5, 6)),
        ((5, 6), (3, 3), (2, 2), "same", (1, 0), (3, 3)),  # the odd pixel goes to the right
        ((5, 6), (2, 4), (1, 1), "same", (0, 1), (5, 6)),
        ((5, 6), (1, 1), (3, 4), "same", (0, 0), (2, 2)),
        ((5, 6), (3, 2), (1, 2), "valid", (0, 0), (3, 3)),
        ((5, 6), (3, 3), (1, 1), 2, (2, 2), (7, 8)),
        ((5, 6), (3, 3), (1, 1), (0, 1), (0, 1), (3, 6)),
    ],
    ids=str,
)
def test_padding_is_keras_and_pytorchs(image, kernel, stride, padding, before, output):
    found = geometry(image, 1, 1, kernel, stride, padding, (1, 1), 1)
    assert (found.before, found.output) == (before, output)


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("conv2d", {}, (64,)),
        ("conv1d", {}, (8, 8, 1)),
        ("conv2d", {"kernel_size": [9, 2]}, (8, 8, 1)),
        ("conv2d", {"padding": 1, "dilation": 5}, (8, 8, 1)),
        ("conv2d", {"groups": 2}, (8, 8, 3)),
        ("conv1d", {"groups": 3}, (8, 3)),
    ],
    ids=str,
)
def test_an_input_that_does_not_fit_is_an_error(name, options, shape, wording):
    layer = Layer.parse({name: {"filters": 4, "kernel_size": 3, **options}})
    with pytest.raises(ConfigError) as caught:
        layer.output_shape(shape)
    wording(str(caught.value))


def test_fans_and_operations_count_the_window():
    layer = Layer.parse({"conv2d": {"filters": 6, "kernel_size": [3, 5], "groups": 2, "padding": "same"}})
    parameters = layer.parameters((7, 8, 4))
    assert (parameters["weight"].shape, parameters["bias"].shape) == ((3, 5, 2, 6), (6,))
    assert parameters["weight"].fans == (3 * 5 * 2, 3 * 5 * 6 / 2)
    assert layer.flops((7, 8, 4)) == 2 * 7 * 8 * 6 * 3 * 5 * 2


LENGTHS = np.array([4, 7, 1], np.int32)


@pytest.mark.parametrize(
    "options",
    [{"padding": "same"}, {"padding": "causal", "dilation": 2}, {"padding": 1, "groups": 2}],
    ids=str,
)
def test_conv1d_treats_each_sequence_as_if_it_were_alone(options):
    layer = Layer.parse({"conv1d": {"filters": 4, "kernel_size": 3, **options}})
    together = alone(layer, ((7, 2),), 3)
    together.ctx.info.lengths = LENGTHS
    found = run(together)
    weight = 0
    for row, length in enumerate(LENGTHS):
        single = alone(layer, ((int(length), 2),), 1)
        single.ctx.x[...], single.ctx.dy[...] = together.ctx.x[row, :length], together.ctx.dy[row, :length]
        for name, values in together.parameters.items():
            single.parameters[name][...] = values
        expected = run(single)
        weight = weight + expected["weight"]
        for name in ("y", "x0"):
            np.testing.assert_allclose(found[name][row, :length], expected[name][0], rtol=1e-12, atol=1e-12)
            assert not found[name][row, length:].any()
    np.testing.assert_allclose(found["weight"], weight, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        found["bias"], sum(together.ctx.dy[row, :n].sum(0) for row, n in enumerate(LENGTHS))
    )


def test_conv1d_that_changes_the_steps_refuses_sequences_of_different_lengths(wording):
    single = alone(Layer.parse({"conv1d": {"filters": 2, "kernel_size": 3}}), ((7, 2),), 3)
    single.ctx.info.lengths = LENGTHS
    with pytest.raises(UserError) as caught:
        single.forward()
    assert caught.value.place == "conv1d"
    wording(str(caught.value))
