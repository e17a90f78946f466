"""Products of operands rounded to bfloat16: as near to that of the rounded operands in float64 as sums in float32 are."""

import os
import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest

from nntrain import kernels
from nntrain.kernels import host
from nntrain.kernels.geometry import Geometry, Window
from nntrain.layers.conv import geometry
from nntrain.layers.layer import Layer
from nntrain.network.single import Single
from tests.support import ROOT
from tests.support.reference import bfloat16 as reference

ROUNDING = 2.0**-7  # of a product: each operand is off by at most 2**-8
FLOAT32 = 2.0**-23
NONE = (kernels.matmul.NONE, 0.0)


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def test_rounding_is_to_nearest_even_and_keeps_nan_and_infinity():
    bits = np.arange(0, 1 << 32, 65521, dtype=np.uint64).astype(np.uint32)  # all exponents, all kinds of ends
    ties = (bits & np.uint32(0xFFFF0000)) | np.uint32(0x8000)
    hidden = np.array([0x7F800001, 0xFF800001, 0x7FFFFFFF], np.uint32)  # NaN by their last bits, or by all
    ends = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo(np.float32).max], np.float32)
    x = np.concatenate([bits.view(np.float32), ties.view(np.float32), hidden.view(np.float32), ends])
    got, expected = np.empty((x.size, 1), np.float32), reference.rounded(x)
    kernels.matmul.forward(got, x[:, None], np.ones((1, 1), np.float32), x[:0], bfloat16=True)
    got = got[:, 0]
    denormal = np.abs(x) < np.finfo(np.float32).tiny  # may become 0
    np.testing.assert_array_equal(got[~denormal], expected[~denormal])
    assert (np.abs(got[denormal]) <= np.finfo(np.float32).tiny).all()


class Dense(NamedTuple):
    """A form of the matrix product, of x (m, k), w (k, n) and dy (m, n)."""

    form: str
    m: int
    k: int
    n: int

    def operands(self, rng):
        x, w, dy = normal(rng, self.m, self.k), normal(rng, self.k, self.n), normal(rng, self.m, self.n)
        return {"forward": (x, w), "weight_gradient": (x, dy), "input_gradient": (dy, w)}[self.form]

    def compute(self, a, b, bfloat16):
        m, k, n = self.m, self.k, self.n
        shape = {"forward": (m, n), "weight_gradient": (k, n), "input_gradient": (m, k)}[self.form]
        out = np.full(shape, np.nan, a.dtype)
        bias = (np.empty(0, a.dtype),) if self.form == "forward" else ()
        getattr(kernels.matmul, self.form)(out, a, b, *bias, bfloat16=bfloat16)
        return out


class Convolution(NamedTuple):
    """A pass of a convolution of square images."""

    form: str
    rows: int
    side: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1

    @property
    def geometry(self) -> Geometry:
        pairs = ((size, size) for size in (self.kernel, self.stride))
        image = (self.side, self.side)
        return geometry(image, self.channels, self.filters, *pairs, "same", (1, 1), self.groups)

    def operands(self, rng):
        g = self.geometry
        x = normal(rng, self.rows, *g.image, g.channels)
        w = normal(rng, *g.kernel, g.channels // g.groups, g.filters)
        dy = normal(rng, self.rows, *g.output, g.filters)
        return {"forward": (x, w), "weight_gradient": (x, dy), "input_gradient": (dy, w)}[self.form]

    def compute(self, a, b, bfloat16):
        g = self.geometry
        shape = {
            "forward": (self.rows, *g.output, g.filters),
            "weight_gradient": (*g.kernel, g.channels // g.groups, g.filters),
            "input_gradient": (self.rows, *g.image, g.channels),
        }[self.form]
        out = np.full(shape, np.nan, a.dtype)
        if self.form == "forward":
            kernels.conv.forward(out, a, b, np.empty(0, a.dtype), g, NONE, bfloat16)
        else:
            getattr(kernels.conv, self.form)(out, a, b, g, bfloat16=bfloat16)
        return out


class Depthwise(NamedTuple):
    """A pass of a depthwise convolution, 3x3 with stride 2."""

    form: str
    channels: int

    def operands(self, rng):
        x, w, dy = (normal(rng, *shape, self.channels) for shape in ((3, 9, 8), (3, 3), (3, 5, 4)))
        return {"forward": (x, w), "weight_gradient": (dy, x), "input_gradient": (dy, w)}[self.form]

    def compute(self, a, b, bfloat16):
        shape = {"forward": (3, 5, 4), "weight_gradient": (3, 3), "input_gradient": (3, 9, 8)}[self.form]
        out, sizes = np.full((*shape, self.channels), np.nan, a.dtype), tuple(Window(3, 3, 2, 2, 1, 1, 1, 1))
        rest = (np.empty(0, a.dtype), sizes, NONE) if self.form == "forward" else (sizes,)
        getattr(kernels.conv.depthwise, self.form)(out, a, b, *rest, bfloat16=bfloat16)
        return out


FORMS = ("forward", "weight_gradient", "input_gradient")
SHAPES = [(1, 1, 1), (3, 0, 5), (5, 7, 3), (33, 31, 65), (150, 601, 130), (130, 40, 700), (2100, 5, 20)]
DENSE = [Dense(form, *shape) for form in FORMS for shape in SHAPES]
LARGE = [product for product in DENSE if product.m >= 150]
IMAGES = [
    (2, 9, 3, 8, 3),
    (1, 13, 1, 6, 5),
    (2, 14, 8, 40, 3, 2),
    (2, 8, 24, 40, 1),
    (2, 9, 16, 32, 1, 2),
    (2, 11, 12, 18, 3, 1, 3),
    (5, 10, 20, 36, 3),  # by Winograd's algorithm
]
CONVOLUTIONS = [Convolution(form, *sizes) for form in FORMS for sizes in IMAGES]
PRODUCTS = [*DENSE, *CONVOLUTIONS, *(Depthwise(form, 20) for form in FORMS)]
IDS = [" ".join(map(str, (type(product).__name__, *product))) for product in PRODUCTS]


@pytest.mark.parametrize("product", PRODUCTS, ids=IDS)
def test_a_product_takes_rounded_operands_and_sums_in_float32(product):
    a, b = product.operands(np.random.default_rng(0))
    out = product.compute(a, b, bfloat16=True)
    assert np.isfinite(out).all()
    wide = [operand.astype(np.float64) for operand in (a, b)]
    magnitude = product.compute(*map(np.abs, wide), bfloat16=False)  # the sum of the products' sizes
    largest = magnitude.max(initial=0)  # Winograd's transforms also add what cancels out
    summation = FLOAT32 * (np.sqrt(a.size) * magnitude + 4 * largest)
    nearest = product.compute(*(reference.rounded(x).astype(np.float64) for x in (a, b)), bfloat16=False)
    assert (np.abs(out - nearest) <= summation).all()
    exact = product.compute(*wide, bfloat16=False)
    assert (np.abs(out - exact) <= 1.01 * ROUNDING * magnitude + summation).all()
    if min(a.size, b.size) > 10:
        assert np.abs(out - exact).max() > 1e-3 * np.abs(out).max()  # rounded at all


@pytest.mark.parametrize("product", [DENSE[4], CONVOLUTIONS[2], CONVOLUTIONS[6]], ids=str)
def test_nan_and_infinity_show(product):
    a, b = product.operands(np.random.default_rng(0))
    for value in (np.nan, np.inf):
        a.reshape(-1)[5] = value
        assert not np.isfinite(product.compute(a, b, bfloat16=True)).all()


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two processors")
@pytest.mark.parametrize("product", [*LARGE, *CONVOLUTIONS[0::7], *CONVOLUTIONS[6::7]], ids=str)
def test_one_and_two_threads_give_the_same_bits(product):
    operands, results = product.operands(np.random.default_rng(0)), []
    threads = numba.get_num_threads()
    try:
        for count in (1, 2):
            numba.set_num_threads(count)
            results.append(product.compute(*operands, bfloat16=True))
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(*results)


def test_a_recurrent_layer_takes_rounded_operands():
    """In whole numbers, which float32 adds without rounding."""
    rng, (rows, steps, units) = np.random.default_rng(2), (5, 6, 20)
    single = Single(
        Layer.parse({"simple_rnn": {"units": units, "activation": "relu", "return_sequences": True}}),
        ((steps, units),),
        rows,
        "bfloat16",
    )
    almost = np.float32(1 + 2**-10)  # 1 after rounding
    single.ctx.x[...] = rng.integers(-40, 40, single.ctx.x.shape) * almost
    for name in ("weight", "recurrent_weight"):
        single.parameters[name][...] = rng.integers(-1, 2, (units, units)) * almost
    single.parameters["bias"][...] = 300
    w, recurrent = (reference.rounded(single.parameters[name]) for name in ("weight", "recurrent_weight"))
    h, expected = np.zeros((rows, units), np.float32), np.empty_like(single.ctx.y)
    for t in range(steps):
        h = np.maximum(reference.rounded(single.ctx.x[:, t]) @ w + 300 + reference.rounded(h) @ recurrent, 0)
        expected[:, t] = h
    assert (reference.rounded(expected) != expected).any()
    np.testing.assert_array_equal(single.forward(), expected)


def attention_reference(qkv, heads, dmixed):
    """(mixed, dqkv) of rows (rows, steps, 3*features), from operands rounded where they are multiplied, in float64."""
    rounded = lambda x: reference.rounded(x.astype(np.float32)).astype(np.float64)  # noqa: E731
    rows, steps, features = dmixed.shape
    size = features // heads
    parts = qkv.astype(np.float64).reshape(rows, steps, 3, heads, size).transpose(2, 0, 3, 1, 4)
    q, k, v = map(rounded, parts)
    dy = rounded(dmixed.reshape(rows, steps, heads, size).transpose(0, 2, 1, 3))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(size)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    dp = dy @ v.swapaxes(-1, -2)
    ds = rounded(p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(size))
    dqkv = np.stack([ds @ k, ds.swapaxes(-1, -2) @ q, rounded(p).swapaxes(-1, -2) @ dy])
    mixed = (rounded(p) @ v).transpose(0, 2, 1, 3).reshape(rows, steps, features)
    return mixed, dqkv.transpose(1, 3, 0, 2, 4).reshape(qkv.shape)


def test_attention_takes_rounded_operands():
    rng, (rows, steps, heads, features) = np.random.default_rng(1), (3, 9, 2, 12)
    qkv, dmixed = normal(rng, rows, steps, 3 * features), normal(rng, rows, steps, features)
    mixed, dqkv = np.empty_like(dmixed), np.empty_like(qkv)
    share, every = np.empty((rows, heads, steps, steps), np.float32), np.empty(0, np.int32)
    kernels.attention.attention(mixed, share, qkv, every, False, bfloat16=True)
    kernels.attention.attention_backward(dqkv, dmixed, share, qkv, every, False, bfloat16=True)
    # Where float32 sums are at the middle between two numbers of bfloat16, one weight may round the other way.
    for got, expected in zip((mixed, dqkv), attention_reference(qkv, heads, dmixed), strict=True):
        error = np.abs(got - expected)
        assert np.median(error) < 1e-6
        assert error.max() < 2 * ROUNDING


def assert_passes(variables):
    """The tests above pass in a process with these variables."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("lanes", sorted({4, 8, 16} - {host.FLOAT32_LANES}))
def test_every_vector_width_computes_the_same_things(lanes):
    assert_passes({host.LANES_VARIABLE: str(lanes)})


@pytest.mark.slow
@pytest.mark.parametrize("way", ["dot", "widen"])
def test_every_way_computes_the_same_things(way):
    if way == "dot" and not host.HAS_DOTS:
        pytest.skip("needs AVX512-BF16")
    assert_passes({host.BFLOAT16_VARIABLE: way})
