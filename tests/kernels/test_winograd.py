"""Winograd's convolution: all three passes against sums over taps in float64."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.kernels import matmul
from nntrain.kernels.conv import winograd
from nntrain.kernels.tile import ROWS
from tests.support.other_vectors import OTHER_WIDTHS, assert_passes_with
from tests.support.reference import convolution_3x3

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
PASSES = pytest.mark.parametrize("name", ["forward", "input_gradient", "weight_gradient"])
TOLERANCE = {
    np.float32: 1e-5,
    np.float64: 1e-13,
}  # of the largest value; transforms multiply what rounds by up to some 10

# rows, (height, width), channels, filters, (height, width) of the output, (top, left)
LAYERS = [
    (2, (8, 8), 16, 32, (8, 8), (1, 1)),
    (1, (1, 1), 1, 1, (1, 1), (1, 1)),  # one pixel
    (1, (3, 3), 130, 2, (1, 1), (0, 0)),  # valid; more channels than one task of the weight gradient takes
    (3, (9, 11), 33, 70, (7, 9), (0, 0)),
    (1, (7, 5), 3, 5, (7, 5), (1, 1)),
    (5, (6, 6), 17, 48, (8, 8), (2, 2)),  # full
    (2, (5, 6), 2, 20, (9, 10), (3, 3)),  # outputs that see nothing but zeros
    (2, (8, 7), 4, 4, (8, 7), (0, 2)),  # zeros below and left
    (2, (9, 9), 5, 6, (4, 3), (1, 0)),  # pixels that no output sees
    (
        130,
        (8, 8),
        40,
        138,
        (8, 8),
        (1, 1),
    ),  # several blocks a thread, several chunks; filters beyond one round of M
    (0, (4, 4), 3, 3, (4, 4), (1, 1)),
]
DEEP = (130, (8, 8), 40, 138, (8, 8), (1, 1))


class Layer:
    """Operands of a convolution."""

    def __init__(self, rows, size, channels, filters, out, padding, dtype, seed=0):
        rng = np.random.default_rng(seed)

        def normal(*shape):
            return rng.standard_normal(shape).astype(dtype)

        self.size, self.out, self.padding, self.dtype = size, out, padding, dtype
        self.x, self.w, self.b = (
            normal(rows, *size, channels),
            normal(3, 3, channels, filters),
            normal(filters),
        )
        self.dy = normal(rows, *out, filters)

    def compute(self, name, rows=None, epilogue=(matmul.NONE, 0.0)):
        """One pass, of the first `rows` rows, from operands that stand in the middle of NaN into an array full of NaN."""
        x, dy, w, b = (
            surrounded(self.x[:rows]),
            surrounded(self.dy[:rows]),
            surrounded(self.w),
            surrounded(self.b),
        )
        outs = {"forward": dy, "input_gradient": x, "weight_gradient": w}
        large = np.full((outs[name].shape[0] + 2, *outs[name].shape[1:]), np.nan, self.dtype)
        out = large[1:-1]
        if name == "forward":
            winograd.forward(out, x, w, b, self.padding, epilogue)
        elif name == "input_gradient":
            winograd.input_gradient(out, dy, w, self.padding)
        else:
            winograd.weight_gradient(out, x, dy, self.padding)
        assert np.isnan(large[[0, -1]]).all()  # what is around it is untouched
        return out

    def expected(self, name):
        if name == "forward":
            return convolution_3x3.forward(self.x, self.w, self.b, self.out, self.padding)
        if name == "input_gradient":
            return convolution_3x3.input_gradient(self.dy, self.w, self.size, self.padding)
        return convolution_3x3.weight_gradient(self.x, self.dy, self.padding)


def surrounded(values):
    """The same values in the middle of a larger array of NaN: what reads beyond its operands gives itself away."""
    large = np.full((values.shape[0] + 8, *values.shape[1:]), np.nan, values.dtype)
    large[4:-4] = values
    return large[4:-4]


def assert_close(out, expected, product=0.0):
    """Within the tolerance of the largest value, or of the largest `product` in a tile: a tile also computes what is cut off."""
    assert np.isfinite(out).all()
    largest = max(np.abs(expected).max(initial=0.0), product)
    assert np.abs(out - expected).max(initial=0.0) <= TOLERANCE[out.dtype.type] * largest


@DTYPES
@PASSES
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_winograd_equals_reference(layer, name, dtype):
    layer = Layer(*layer, dtype)
    assert_close(layer.compute(name), layer.expected(name))


@settings(deadline=None, max_examples=40)
@given(
    data=st.data(),
    name=st.sampled_from(["forward", "input_gradient", "weight_gradient"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_winograd_of_any_shape(data, name, dtype):
    rows, channels, filters = (data.draw(st.integers(1, most)) for most in (4, 40, 40))
    padding = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    out = data.draw(st.tuples(st.integers(1, 10), st.integers(1, 10)))
    layer = Layer(rows, size, channels, filters, out, padding, dtype)
    operands = {
        "forward": (layer.x, layer.w),
        "input_gradient": (layer.dy, layer.w),
        "weight_gradient": (layer.x, layer.dy),
    }
    product = math.prod(float(np.abs(operand).max()) for operand in operands[name])
    assert_close(layer.compute(name), layer.expected(name), product)


@DTYPES
@pytest.mark.parametrize("code", [matmul.NONE, matmul.RELU, matmul.LEAKY_RELU])
def test_winograd_adds_bias_and_applies_activation(code, dtype):
    layer = Layer(2, (9, 6), 7, 19, (9, 6), (1, 1), dtype)
    plain = layer.expected("forward")
    leaky = np.where(plain < 0, 0.25 * plain, plain)
    expected = {matmul.NONE: plain, matmul.RELU: np.maximum(plain, 0), matmul.LEAKY_RELU: leaky}
    assert_close(layer.compute("forward", epilogue=(code, 0.25)), expected[code])
    layer.b = np.empty(0, dtype)
    assert_close(
        layer.compute("forward"), convolution_3x3.forward(layer.x, layer.w, 0, layer.out, layer.padding)
    )


@pytest.mark.parametrize("name", ["forward", "input_gradient"])
def test_winograd_shows_nan_to_all_that_see_it(name):
    layer = Layer(2, (8, 8), 3, 4, (8, 8), (1, 1), np.float32)
    layer.x[1, 5, 6, 0] = layer.dy[1, 5, 6, 0] = np.nan
    out = layer.compute(name)
    assert np.isnan(out[1, 4:7, 5:8]).all()
    assert np.isfinite(out[0]).all()


@DTYPES
@PASSES
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two processors")
@pytest.mark.parametrize("layer", [DEEP, (7, (13, 13), 19, 21, (11, 11), (0, 0))], ids=str)
def test_winograd_gives_the_same_bits_for_one_and_two_threads(layer, name, dtype):
    layer = Layer(*layer, dtype)
    threads, results = numba.get_num_threads(), []
    try:
        for count in (1, 2):
            numba.set_num_threads(count)
            results.append(layer.compute(name))
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(*results)


@DTYPES
@pytest.mark.parametrize("name", ["forward", "input_gradient"])
def test_winograd_of_fewer_rows_gives_the_same_bits(name, dtype):
    layer = Layer(*DEEP, dtype)
    whole = layer.compute(name)
    for rows in (1, ROWS, 129):
        np.testing.assert_array_equal(layer.compute(name, rows), whole[:rows])


@pytest.mark.slow
@OTHER_WIDTHS
def test_winograd_of_every_vector_width(lanes):
    assert_passes_with(lanes, __file__, "equals_reference or one_and_two")
