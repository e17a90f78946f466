"""The kernels at the heart: register tile, matrix products, vector math, sums, random numbers."""

import math
import platform

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain import randomness
from nntrain.kernels import activations, halves, host, matmul, random, reduce, tile, vector_math
from nntrain.kernels.jit import FASTMATH, kernel, prange
from nntrain.kernels.tile import ROWS, VECTORS
from tests.support.other_vectors import OTHER_WIDTHS, assert_passes_with

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
FORMS = pytest.mark.parametrize("form", ["forward", "weight_gradient", "input_gradient"])

compiled = numba.njit(fastmath=FASTMATH, error_model="numpy")


def normal(rng, shape, dtype):
    return rng.standard_normal(shape).astype(dtype)


def in_bad_company(values):
    """The same values in the middle of a larger array of NaN: what reads beyond its operands gives itself away."""
    large = np.full((values.shape[0] + 8, *values.shape[1:]), np.nan, values.dtype)
    large[4:-4] = values
    return large[4:-4]


# ----------------------------------------------------------------------------------------------------------------- tile


@compiled
def tile_round_trip(out, x, rows, columns, stride):
    t = tile.zeros(x, ROWS, VECTORS)
    tile.store_part(tile.load_part(t, x, 0, stride, rows, columns), out, 0, stride, rows, columns)


@DTYPES
def test_tile_part_touches_nothing_outside_itself(dtype):
    width = VECTORS * host.VECTOR_BYTES // np.dtype(dtype).itemsize
    x = np.arange(1, 1 + ROWS * (width + 3), dtype=dtype).reshape(ROWS, width + 3)
    for rows in range(-1, ROWS + 2):
        for columns in range(-1, width + 1):
            out = np.zeros_like(x)
            tile_round_trip(out, x, rows, columns, width + 3)
            expected = np.zeros_like(x)
            expected[: max(rows, 0), : max(columns, 0)] = x[: max(rows, 0), : max(columns, 0)]
            np.testing.assert_array_equal(out, expected)


@compiled
def tile_transpose(out, x, first, rows, columns):
    tile.transpose(out, 0, out.shape[1], x, 0, x.shape[1], first, rows, columns)


@DTYPES
def test_tile_transpose(dtype):
    lanes = host.VECTOR_BYTES // np.dtype(dtype).itemsize
    x = np.arange(1, 1 + 2 * lanes * (lanes + 2), dtype=dtype).reshape(2 * lanes, lanes + 2)
    for first, rows, columns in [
        (0, lanes, lanes),
        (0, 1, 1),
        (lanes, 2 * lanes, lanes - 1),
        (2, 4, lanes + 2),
    ]:
        out = np.full((lanes, lanes + 1), -1, dtype)
        tile_transpose(out, x, first, rows, columns)
        expected = np.full_like(out, -1)
        for i in range(lanes):
            expected[:, i] = np.where(np.arange(lanes) < columns, x[min(first + i, rows - 1), :lanes], 0)
        np.testing.assert_array_equal(out, expected)


@compiled
def tile_planes(planes, back, x, rows, columns):
    tile.to_planes(planes, 0, planes.shape[1], x, 0, x.shape[1], rows, columns)
    tile.from_planes(back, 0, back.shape[1], planes, 0, planes.shape[1], rows, columns)


@DTYPES
def test_tile_to_planes_and_back(dtype):
    lanes = host.VECTOR_BYTES // np.dtype(dtype).itemsize
    half = lanes // 2
    x = np.arange(1, 1 + lanes * (half + 1), dtype=dtype).reshape(lanes, half + 1)
    for rows in range(-1, lanes + 2):
        for columns in range(1, half + 1):
            planes, back = np.full((half, lanes + 1), -1, dtype), np.full_like(x, -1)
            tile_planes(planes, back, x, rows, columns)
            inside = (np.arange(lanes) < rows)[:, None] & (np.arange(half + 1) < columns)
            np.testing.assert_array_equal(back, np.where(inside, x, -1))
            expected = np.full_like(planes, -1)
            expected[:columns, :lanes] = np.where(np.arange(lanes) < rows, x[:, :columns].T, 0)
            np.testing.assert_array_equal(planes, expected)


def test_tile_refuses_what_it_would_misread():
    row = np.zeros((4, 64), np.float32)
    for wrong in (row[:, ::2], row.astype(np.float64)):
        with pytest.raises(Exception, match="needs C-contiguous arrays of float32"):
            tile_mixed(row, wrong)


@compiled
def tile_mixed(out, x):
    t = tile.zeros(out, 1, 1)
    tile.store(tile.load(t, x, 0, 0), out, 0, 0)


# --------------------------------------------------------------------------------------------------------------- matmul

M, N = ROWS, VECTORS * host.FLOAT32_LANES
RAGGED = [
    (1, 1, 1),
    (M - 1, 3, N - 1),
    (M, N, N),
    (M + 1, N + 1, N + 1),
    (2 * M + 1, 2, 2 * N),
    (3, 0, 5),
    (0, 4, 5),
    (5, 4, 0),
    (1, 300, 1),
    (9 * M, 257, N),
    (8 * M - 1, 600, N - 5),
    (300, 5, 3),
    (5, 70, 300),
    (70, 513, 130),
    (2048, 1, 1),  # many rows: a weight gradient of few values
    (2049, 33, 31),
    (9001, 16, 4),
    (5000, 3, 70),
]


class Product:
    """One form of the product with operands of its own, its reference in float64, and a bound for its rounding."""

    def __init__(self, form, m, k, n, dtype, seed=0):
        rng = np.random.default_rng(seed)
        self.form, self.dtype = form, dtype
        x, w, dy = normal(rng, (m, k), dtype), normal(rng, (k, n), dtype), normal(rng, (m, n), dtype)
        self.bias = normal(rng, n, dtype)
        self.left, self.right = {"forward": (x, w), "weight_gradient": (x, dy), "input_gradient": (dy, w)}[
            form
        ]
        a, b = self.left.astype(np.float64), self.right.astype(np.float64)
        a, b = (a.T if form == "weight_gradient" else a), (b.T if form == "input_gradient" else b)
        self.reference = a @ b
        self.magnitude = np.abs(a) @ np.abs(b)
        self.terms = a.shape[1]

    def compute(self, out, left, right):
        if self.form == "forward":
            matmul.forward(out, left, right, np.empty(0, self.dtype))
        else:
            getattr(matmul, self.form)(out, left, right)

    def fresh(self):
        return np.full(self.reference.shape, np.nan, self.dtype)

    def result(self):
        out = self.fresh()
        self.compute(out, self.left, self.right)
        return out


def assert_close(out, reference, magnitude, terms):
    """Within the bound for `terms` additions in any order: each is off by half a unit of the largest it can be."""
    bound = (terms + 2) * np.finfo(out.dtype).eps / 2 * magnitude + np.finfo(out.dtype).tiny
    assert np.isfinite(out).all()
    assert (np.abs(out - reference) <= bound).all()


@DTYPES
@FORMS
@pytest.mark.parametrize("shape", RAGGED, ids=str)
def test_matmul_equals_reference_and_overwrites_its_output(form, shape, dtype):
    product = Product(form, *shape, dtype)
    out = np.full((len(product.reference) + 2, product.reference.shape[1]), np.nan, dtype)
    product.compute(out[1:-1], in_bad_company(product.left), in_bad_company(product.right))
    assert_close(out[1:-1], product.reference, product.magnitude, product.terms)
    assert np.isnan(out[[0, -1]]).all()  # the rows around it are untouched


@settings(deadline=None, max_examples=60)
@given(
    m=st.integers(0, 70),
    k=st.integers(0, 40),
    n=st.integers(0, 70),
    seed=st.integers(0, 9),
    dtype=st.sampled_from([np.float32, np.float64]),
    form=st.sampled_from(["forward", "weight_gradient", "input_gradient"]),
)
def test_matmul_of_any_shape(m, k, n, seed, dtype, form):
    product = Product(form, m, k, n, dtype, seed)
    assert_close(product.result(), product.reference, product.magnitude, product.terms)


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1, 1), (M + 1, 7, N + 3), (7, 0, 5), (9 * M, 300, 2 * N)], ids=str)
@pytest.mark.parametrize("epilogue", [(matmul.NONE, 0.0), (matmul.RELU, 0.0), (matmul.LEAKY_RELU, 0.01)])
def test_matmul_adds_bias_and_applies_activation(epilogue, shape, dtype):
    code, slope = epilogue
    product = Product("forward", *shape, dtype)
    out = product.fresh()
    matmul.forward(out, product.left, product.right, product.bias, epilogue)
    plain = product.reference + product.bias
    leaky = np.where(plain < 0, slope * plain, plain)
    expected = {matmul.NONE: plain, matmul.RELU: np.maximum(plain, 0), matmul.LEAKY_RELU: leaky}
    assert_close(out, expected[code], product.magnitude + 2 * np.abs(product.bias), product.terms + 2)


@DTYPES
@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(1, 1, 1), (M + 1, N + 3, 7), (9 * M, 2 * N, 300)], ids=str)
def test_matmul_gates_an_input_gradient(slope, shape, dtype):
    product = Product("input_gradient", *shape, dtype)
    x = np.random.default_rng(1).standard_normal(product.reference.shape).astype(dtype)
    x[0, 0] = 0
    out = product.fresh()
    matmul.input_gradient(out, product.left, product.right, in_bad_company(x), (matmul.LEAKY_RELU, slope))
    assert_close(out, np.where(x <= 0, slope, 1) * product.reference, product.magnitude, product.terms + 1)


@DTYPES
@pytest.mark.parametrize(
    "shape", [(1, 64, 16 * N), (M + 1, 7, N + 3), (7, 0, 5), (9 * M, 300, 2 * N), (99, 5, 3)], ids=str
)
@pytest.mark.parametrize("curve", ["tanh", "sigmoid"])
def test_matmul_with_a_curve_has_the_bits_of_two_passes(curve, shape, dtype):
    """Forward, and the derivative of the activation before it, in the input's gradient."""
    epilogue = {"tanh": matmul.TANH, "sigmoid": matmul.SIGMOID}[curve], 0.0
    product = Product("forward", *shape, dtype)
    plain, y = product.fresh(), product.fresh()
    matmul.forward(plain, product.left, product.right, product.bias)
    matmul.forward(y, product.left, product.right, product.bias, epilogue)
    expected = np.empty_like(plain)
    getattr(activations, curve)(expected.reshape(-1), plain.reshape(-1))
    np.testing.assert_array_equal(y, expected)

    m, k, n = shape
    back = Product("input_gradient", m, n, k, dtype)
    dx, plain = back.fresh(), back.fresh()
    matmul.input_gradient(plain, back.left, back.right)
    matmul.input_gradient(dx, back.left, back.right, in_bad_company(y), epilogue)
    expected = np.empty_like(plain)
    getattr(activations, f"{curve}_backward")(expected.reshape(-1), plain.reshape(-1), y.reshape(-1))
    np.testing.assert_array_equal(dx, expected)


@DTYPES
@pytest.mark.parametrize("code", [matmul.NONE, matmul.RELU, matmul.LEAKY_RELU])
def test_matmul_shows_nan_and_infinity_where_they_belong(code, dtype):
    x, w = np.ones((2 * M + 1, 9), dtype), np.ones((9, N + 2), dtype)
    x[1, 3], x[M, 0], w[5, N + 1] = np.nan, np.inf, np.nan
    out = np.empty((2 * M + 1, N + 2), dtype)
    matmul.forward(out, x, w, np.zeros(N + 2, dtype), (code, 0.5))
    expected = np.full_like(out, 9)
    expected[M] = np.inf
    expected[1], expected[:, N + 1] = np.nan, np.nan
    np.testing.assert_array_equal(out, expected)


@DTYPES
@FORMS
def test_matmul_gives_the_same_bits_for_any_number_of_workers(form, dtype):
    m, k, n = 150, 600, 130
    product = Product(form, m, k, n, dtype)
    sizes = {
        "forward": (m, n, k, k, 1, n, 1),
        "weight_gradient": (k, n, m, 1, k, n, 1),
        "input_gradient": (m, k, n, n, 1, 1, n),
    }
    expected = product.result()
    for workers in (1, 2, 3, 7, 16):
        plan, _ = matmul.planned(sizes[form], workers, np.dtype(dtype).itemsize, False)
        own = matmul.Plan(*plan).own
        out = product.fresh()
        for worker in range(workers):
            room = np.full(workers * own + 1000, np.nan, dtype)
            matmul.compute(
                worker, out, product.left, product.right, np.empty(0, dtype), room, plan, matmul.NONE, 0.0
            )
            assert np.isnan(room[: worker * own]).all()  # it keeps to its own scratch
            assert np.isnan(room[(worker + 1) * own :]).all()
        np.testing.assert_array_equal(out, expected)


@DTYPES
@FORMS
@pytest.mark.parametrize("shape", [(150, 600, 130), (9001, 31, 33), (701, 150, 40)], ids=str)
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two processors")
def test_matmul_gives_the_same_bits_for_one_and_two_threads(shape, form, dtype):
    product = Product(form, *shape, dtype)
    results = []
    threads = numba.get_num_threads()
    try:
        for count in (1, 2):
            numba.set_num_threads(count)
            results.append(product.result())
    finally:
        numba.set_num_threads(threads)
    np.testing.assert_array_equal(*results)


@DTYPES
@pytest.mark.parametrize("shape", [(700, 40, 150), (701, 150, 40)], ids=str)
@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_gradient_over_many_rows_is_that_of_both_halves(threads, shape, dtype, monkeypatch):
    monkeypatch.setattr(halves.numba, "get_num_threads", lambda: threads)
    product = Product("weight_gradient", *shape, dtype)
    rows = shape[0] // 2
    x, dy = product.left, product.right
    first, second = np.empty(shape[1:], dtype), np.empty(shape[1:], dtype)
    matmul.weight_gradient(first, x[:rows], dy[:rows])
    matmul.weight_gradient(second, x[rows:], dy[rows:])
    np.testing.assert_array_equal(product.result(), first + second)


@DTYPES
@pytest.mark.parametrize(
    "shape", [(10_000, 4, 32), (2048, 16, 4), (3001, 31, 33), (5000, 1, 1), (4099, 3, 300)], ids=str
)
def test_matmul_gives_the_gradients_of_weight_and_bias(shape, dtype):
    product = Product("weight_gradient", *shape, dtype)
    results, threads = [], numba.get_num_threads()
    for count in sorted({1, threads}):
        dw, db = product.fresh(), np.full(shape[2] + 2, np.nan, dtype)
        numba.set_num_threads(count)
        try:
            x, dy = in_bad_company(product.left), in_bad_company(product.right)
            matmul.parameter_gradients(dw, db[1:-1], x, dy)
        finally:
            numba.set_num_threads(threads)
        results.append(np.concatenate([dw.reshape(-1), db]))
    assert_close(dw, product.reference, product.magnitude, product.terms)
    exact = product.right.astype(np.float64)
    assert_close(db[1:-1], exact.sum(axis=0), np.abs(exact).sum(axis=0), product.terms)
    assert np.isnan(db[[0, -1]]).all()
    np.testing.assert_array_equal(*results[:1], results[-1])


@DTYPES
def test_matmul_of_fewer_rows_gives_the_same_bits(dtype):
    product = Product("forward", 8 * M + 3, 300, N + 1, dtype)
    whole, part = product.result(), product.fresh()
    for rows in (1, M, M + 1, 8 * M + 2):
        matmul.forward(part[:rows], product.left[:rows], product.right, np.empty(0, dtype))
        np.testing.assert_array_equal(part[:rows], whole[:rows])


@pytest.mark.slow
@OTHER_WIDTHS
def test_every_vector_width_computes_the_same_things(lanes):
    assert_passes_with(lanes, __file__, "test_matmul or test_tile or column_sums")


# ---------------------------------------------------------------------------------------------------------- vector math


def each(function):
    """A kernel, with the flags of all kernels, that writes function(x) to y."""

    @compiled
    def loop(y, x):
        for i in range(x.size):
            y[i] = function(x[i])

    return loop


LOOPS = {name: each(getattr(vector_math, name)) for name in vector_math.__all__}

# Name: the reference in a wider type, the numbers it is for, and the error allowed in units in the last place.
EVERYWHERE, POSITIVE, ABOVE_MINUS_ONE = -math.inf, 0.0, -1.0
VECTOR_MATH = {
    "exp": (np.exp, EVERYWHERE, 1),
    "expm1": (np.expm1, EVERYWHERE, 2),
    "sigmoid": (lambda x: np.where(x < 0, np.exp(-abs(x)), 1) / (1 + np.exp(-abs(x))), EVERYWHERE, 2),
    "tanh": (np.tanh, EVERYWHERE, 1.5),
    "log": (np.log, POSITIVE, 1),
    "log1p": (np.log1p, ABOVE_MINUS_ONE, 1),
    "softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))), EVERYWHERE, 2),
    "erf": (np.vectorize(math.erf, otypes=[np.float64]), EVERYWHERE, 1.1),
}


def applied(name, x):
    y = np.empty_like(x)
    LOOPS[name](y, x)
    return y


def probes(dtype):
    """Numbers of all sizes, dense where exp is a normal or denormal number, and around 0 and 1."""
    rng = np.random.default_rng(0)
    limit = 105 if dtype == np.float32 else 747
    scales = 10 ** rng.uniform(math.log10(np.finfo(dtype).tiny) - 3, 2, 20_000)
    parts = (
        rng.uniform(-limit, limit, 40_000),
        rng.uniform(-2, 2, 40_000),
        rng.standard_normal(20_000) * scales,
    )
    special = [
        0,
        -0.0,
        1,
        -1,
        limit * 10,
        -limit * 10,
        np.finfo(dtype).max,
        np.finfo(dtype).smallest_subnormal,
    ]
    with np.errstate(under="ignore"):
        return np.concatenate([*parts, special]).astype(dtype)


def test_vector_math_has_a_reference_for_each_function():
    assert set(VECTOR_MATH) == set(vector_math.__all__)


@DTYPES
@pytest.mark.parametrize("name", VECTOR_MATH)
def test_vector_math_is_right_to_the_last_places(name, dtype):
    reference, above, allowed = VECTOR_MATH[name]
    if dtype == np.float64 and np.finfo(np.longdouble).eps == np.finfo(np.float64).eps:
        pytest.skip("no wider type to compare with")
    x = probes(dtype)
    x = x[x > above]
    with np.errstate(all="ignore"):
        expected = reference(x.astype(np.float64 if dtype == np.float32 else np.longdouble))
        rounded = expected.astype(dtype)
        unit = np.spacing(np.abs(rounded)).astype(np.longdouble)
        y = applied(name, x)
        error = np.where(
            y == rounded, 0, np.abs(y.astype(np.longdouble) - expected) / unit
        )  # where: infinities are equal
    worst = np.argmax(error)
    assert error[worst] <= allowed, f"{name}({x[worst]!r}) = {y[worst]!r}, not {rounded[worst]!r}"


def each_tile(function):
    @compiled
    def loop(y, x):
        for i in range(0, x.size, tile.width(x)):
            t = tile.load_part(tile.zeros(x, 1, VECTORS), x, i, 0, 1, x.size - i)
            tile.store_part(function(t), y, i, 0, 1, x.size - i)

    return loop


@DTYPES
@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh"])
def test_vector_math_of_tiles_has_the_bits_of_numbers(name, dtype):
    x = probes(dtype)
    y = np.empty_like(x)
    each_tile(getattr(vector_math, name))(y, x)
    np.testing.assert_array_equal(y, applied(name, x))


@compiled
def combine_tiles(out, x, y):
    t, u = tile.load(tile.zeros(x, 2, VECTORS), x, 0, 3), tile.load(tile.zeros(x, 2, VECTORS), y, 0, 3)
    first, second = tile.split(-t * u)
    tile.store(tile.join((second, first + (first_row(t) - first) / second)), out, 0, tile.width(x))


@compiled
def first_row(t):
    return tile.split(t)[0]


@DTYPES
def test_operators_of_tiles_combine_value_by_value(dtype):
    width = VECTORS * host.VECTOR_BYTES // np.dtype(dtype).itemsize
    x, y = np.random.default_rng(0).uniform(1, 2, (2, 3 + width)).astype(dtype)
    out = np.empty((2, width), dtype)
    combine_tiles(out, x, y)
    (t, below), (u, below_u) = [(v[:width], v[3 : 3 + width]) for v in (x, y)]
    first, second = -t * u, -below * below_u
    np.testing.assert_allclose(out, [second, first + (t - first) / second], rtol=8 * np.finfo(dtype).eps)


@DTYPES
def test_vector_math_at_the_ends(dtype):
    ends = np.array([-np.inf, -800, 0, 800, np.inf, np.nan], dtype)
    expected = {
        "exp": [0, 0, 1, np.inf, np.inf],
        "expm1": [-1, -1, 0, np.inf, np.inf],
        "sigmoid": [0, 0, 0.5, 1, 1],
        "tanh": [-1, -1, 0, 1, 1],
        "log": [np.nan, np.nan, -np.inf, dtype(math.log(800)), np.inf],
        "log1p": [np.nan, np.nan, 0, dtype(math.log1p(800)), np.inf],
        "softplus": [0, 0, dtype(math.log(2)), 800, np.inf],
        "erf": [-1, -1, 0, 1, 1],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(applied(name, ends), np.array([*values, np.nan], dtype), err_msg=name)
    assert applied("log1p", np.array([-1], dtype)) == -np.inf


@DTYPES
@pytest.mark.parametrize("name", VECTOR_MATH)
def test_vector_math_does_not_depend_on_where_a_loop_starts(name, dtype):
    """The vector part of a loop and its scalar rest give the same bits, so a thread's share may end anywhere."""
    x = probes(dtype)[::97]
    whole = applied(name, x)
    for start in range(1, 9):
        np.testing.assert_array_equal(applied(name, x[start:]), whole[start:])
    np.testing.assert_array_equal(
        np.concatenate([applied(name, x[i : i + 1]) for i in range(200)]), whole[:200]
    )


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or host.FLOAT32_LANES < 8, reason="looks for AVX registers"
)
@pytest.mark.parametrize("name", VECTOR_MATH)
def test_vector_math_becomes_vector_code(name):
    applied(name, np.ones(1, np.float32))
    assembly = "\n".join(LOOPS[name].inspect_asm().values())
    assert "vfmadd" in assembly
    assert any("vfmadd" in line and ("ymm" in line or "zmm" in line) for line in assembly.splitlines())


# ----------------------------------------------------------------------------------------------------------------- sums

SUMMED = [
    (1, 1),
    (0, 3),
    (3, 0),
    (2, 64),
    (5, 65),
    (256, 7),
    (257, 130),
    (1000, 16),
    (3000, 33),
    (1024, 6),
    (7000, 1),
    (520, 3),
]


@DTYPES
@pytest.mark.parametrize("shape", SUMMED, ids=str)
def test_column_sums_equal_reference(shape, dtype):
    x = in_bad_company(normal(np.random.default_rng(0), shape, dtype))
    out = np.full(shape[1] + 2, np.nan, dtype)
    reduce.column_sums(out[1:-1], x)
    terms = min(len(x), reduce.ROWS)  # of each part; the parts are added in float64
    parts = -(-len(x) // reduce.ROWS)
    assert_close(
        out[1:-1], x.sum(axis=0, dtype=np.float64), np.abs(x).sum(axis=0, dtype=np.float64), terms + parts
    )
    assert np.isnan(out[[0, -1]]).all()


@DTYPES
@pytest.mark.parametrize("size", [0, 1, 5, reduce.VALUES, reduce.VALUES + 1, 5 * reduce.VALUES + 3])
def test_total_and_sum_of_squares_are_exact_to_float64(size, dtype):
    x = normal(np.random.default_rng(0), size, dtype)
    assert reduce.total(x) == pytest.approx(math.fsum(x.tolist()), rel=1e-12, abs=1e-10)
    assert reduce.sum_of_squares(x) == pytest.approx(math.fsum(v * v for v in x.tolist()), rel=1e-13)


def test_sum_of_squares_of_large_float32_does_not_overflow():
    assert reduce.sum_of_squares(np.full(10, 1e30, np.float32)) == pytest.approx(1e61, rel=1e-6)


def test_sums_show_nan():
    x = np.ones((300, 20), np.float32)
    x[270, 3] = np.nan
    out = np.empty(20, np.float32)
    reduce.column_sums(out, x)
    np.testing.assert_array_equal(np.isnan(out), np.arange(20) == 3)
    assert math.isnan(reduce.total(x))
    assert math.isnan(reduce.sum_of_squares(x))


@DTYPES
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="needs two processors")
def test_sums_give_the_same_bits_for_one_and_two_threads(dtype):
    x = normal(np.random.default_rng(0), (5000, 70), dtype)
    results = []
    threads = numba.get_num_threads()
    try:
        for count in (1, 2):
            numba.set_num_threads(count)
            out = np.empty(70, dtype)
            reduce.column_sums(out, x)
            results.append((out.tobytes(), reduce.total(x), reduce.sum_of_squares(x)))
    finally:
        numba.set_num_threads(threads)
    assert results[0] == results[1]


# --------------------------------------------------------------------------------------------------------------- random


@kernel
def draw(out, key, start):
    for i in prange(out.size):
        out[i] = random.uniform(key, start + i)


@settings(deadline=None)
@given(key=st.integers(0, 2**64 - 1), start=st.integers(0, 2**40))
def test_random_uniform_equals_randomness_bit_for_bit(key, start):
    out = np.empty(9)
    draw(out, np.uint64(key), start)
    np.testing.assert_array_equal(out, randomness.uniform(key, 9, start))


def test_random_uniform_is_the_same_in_parallel():
    key = randomness.key(0, "dropout", "dense_1", 3)
    out = np.empty(100_000)
    draw(out, np.uint64(key), 0)
    np.testing.assert_array_equal(out, randomness.uniform(key, out.size))
