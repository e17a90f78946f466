"""Initializers: each samples from its distribution, from the seed and the parameter's name alone."""

import tracemalloc

import numpy as np
import pytest

from nntrain.initializers import Initializer, initializer

FANS = (300, 200)
SHAPE = (300, 200)
VARIANCES = {
    "normal": 0.05**2,
    "uniform": 0.1**2 / 12,
    "truncated_normal": (0.05 * 0.87962566103423978) ** 2,
    "glorot_uniform": 2 / 500,
    "glorot_normal": 2 / 500,
    "glorot_truncated_normal": 2 / 500,
    "he_uniform": 2 / 300,
    "he_normal": 2 / 300,
    "he_truncated_normal": 2 / 300,
    "lecun_uniform": 1 / 300,
    "lecun_normal": 1 / 300,
    "lecun_truncated_normal": 1 / 300,
    "zeros": 0.0,
    "ones": 0.0,
    "orthogonal": 1 / 300,
    "identity": 1 / 300 - 1 / 300**2,
}
NOT_SAMPLED = {"auto", "pretrained", "constant"}  # replaced by the graph, read from a file, tested below


def sampled(name, key=7, shape=SHAPE, fans=FANS):
    return Initializer.parse(name).sample(key, shape, fans)


def test_every_initializer_is_tested_here():
    assert set(Initializer.members()) == set(VARIANCES) | NOT_SAMPLED


@pytest.mark.parametrize("name", VARIANCES)
def test_variance(name):
    values = sampled(name)
    assert values.shape == SHAPE
    assert values.dtype == np.float64
    assert values.var() == pytest.approx(VARIANCES[name], rel=0.02, abs=1e-12)


@pytest.mark.parametrize("name", VARIANCES)
def test_values_repeat_and_differ_between_keys(name):
    assert np.array_equal(sampled(name), sampled(name))
    if name not in ("zeros", "ones", "identity"):
        assert not np.array_equal(sampled(name), sampled(name, key=8))


@pytest.mark.parametrize("name", [name for name in VARIANCES if "truncated" in name])
def test_truncated_values_end_at_two_standard_deviations(name):
    values = sampled(name)
    before_truncation = np.sqrt(VARIANCES[name]) / 0.87962566103423978
    assert np.abs(values).max() <= 2 * before_truncation
    assert np.abs(values).max() > 1.99 * before_truncation


def test_normal_values_are_normally_distributed():
    values = np.sort(sampled({"normal": {"mean": 1.0, "std": 2.0}}, shape=(100_000,)))
    for deviations, fraction in (
        (-2, 0.02275),
        (-1, 0.15866),
        (0, 0.5),
        (1, 0.84134),
        (2, 0.97725),
    ):  # of the normal distribution
        assert np.searchsorted(values, 1 + 2 * deviations) / values.size == pytest.approx(fraction, abs=0.004)


@pytest.mark.parametrize("shape", [(40, 40), (60, 20), (20, 60), (3, 3, 4, 16)])
def test_orthogonal(shape):
    matrix = sampled({"orthogonal": {"gain": 3.0}}, shape=shape).reshape(-1, shape[-1])
    short = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    assert short.T @ short == pytest.approx(9 * np.eye(short.shape[1]), abs=1e-12)


def test_identity():
    x = np.arange(5.0)
    assert np.array_equal(x @ sampled("identity", shape=(5, 5)), x)
    assert np.array_equal(x @ sampled({"identity": 2.0}, shape=(5, 7)), [0, 2, 4, 6, 8, 0, 0])


def test_constant():
    assert np.array_equal(sampled({"constant": 0.5}, shape=(2, 3)), np.full((2, 3), 0.5))


@pytest.mark.parametrize("name", ["normal", "truncated_normal"])
def test_a_bare_number_is_the_standard_deviation(name):
    assert Initializer.parse({name: 0.3}) == Initializer.parse({name: {"std": 0.3}})
    assert abs(sampled({name: 0.3}).mean()) < 0.01


def test_a_bare_number_of_uniform_is_its_bound_on_both_sides():
    assert Initializer.parse({"uniform": 0.3}) == Initializer.parse({"uniform": {"low": -0.3, "high": 0.3}})
    assert Initializer.parse({"uniform": {"low": -0.3}}).high == 0.05


def test_options_stored_in_any_order_mean_the_same():
    """Checkpoints spell every option by name."""
    stored = {"normal": {"mean": 0.5, "std": 0.1}}
    assert Initializer.parse(stored).spelled() == stored


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_drawing_piece_by_piece_gives_the_same_bits(name, dtype, monkeypatch):
    """In several pieces, and into a part of another array."""
    monkeypatch.setattr(initializer, "PIECE", 1024)
    initial = Initializer.parse(name)
    expected = initial.sample(7, SHAPE, FANS).astype(dtype)
    out, other = np.full(SHAPE, np.nan, dtype), np.full((SHAPE[0], 3 * SHAPE[1]), np.nan, dtype)
    initial.fill(out, 7, FANS)
    initial.fill(other[:, SHAPE[1] : 2 * SHAPE[1]], 7, FANS)
    assert out.tobytes() == expected.tobytes()
    assert other[:, SHAPE[1] : 2 * SHAPE[1]].tobytes() == expected.tobytes()
    assert np.isnan(other[:, : SHAPE[1]]).all()


@pytest.mark.parametrize("name", [name for name in VARIANCES if name != "orthogonal"])  # a decomposition
def test_drawing_takes_little_memory_beside_the_values(name):
    out = np.zeros((1500, 1000), np.float32)
    initial = Initializer.parse(name)
    tracemalloc.start()
    initial.fill(out, 7, FANS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * out.nbytes
