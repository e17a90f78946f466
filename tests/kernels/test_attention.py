"""Attention's kernels against NumPy in float64, for sizes around those of a tile, and with other numbers of threads."""

import numba
import numpy as np
import pytest

from nntrain import kernels
from nntrain.kernels.attention import attention, attention_backward, attention_next

NO_LENGTHS = np.empty(0, np.int32)
SHAPES = [
    (2, 5, 6, 2),
    (3, 64, 128, 4),
    (1, 1, 4, 1),
    (2, 33, 40, 5),
    (2, 70, 96, 2),
]  # rows, steps, features, heads


def reference(qkv, dy, heads, lengths, causal):
    """mixed, share and dqkv."""
    rows, steps, features = dy.shape

    def by_head(x):
        return x.astype(np.float64).reshape(rows, steps, heads, -1).transpose(0, 2, 1, 3)

    def joined(x):
        return x.transpose(0, 2, 1, 3).reshape(rows, steps, features)

    q, k, v = map(by_head, np.split(qkv, 3, axis=2))
    real = np.arange(steps) < (lengths if lengths.size else np.full(rows, steps))[:, None]
    dy = np.where(real[:, None, :, None], by_head(dy), 0)
    seen = real[:, None, None, :] & (np.tri(steps, dtype=bool) if causal else True)
    scores = np.where(seen, q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3]), -1e30)
    p = np.exp(scores - scores.max(-1, keepdims=True)) * seen
    p *= real[:, None, :, None] / p.sum(-1, keepdims=True)
    dp = dy @ v.swapaxes(2, 3)
    ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / np.sqrt(q.shape[3])
    gradients = [joined(part) for part in (ds @ k, ds.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ dy)]
    return joined(p @ v), p, np.concatenate(gradients, axis=2)


def computed(qkv, dy, heads, lengths, causal):
    rows, steps, _ = dy.shape
    share = np.full((rows, heads, steps, steps), np.nan, dy.dtype)
    mixed, dqkv = np.full_like(dy, np.nan), np.full_like(qkv, np.nan)
    with kernels.denormals.flushed():
        attention(mixed, share, qkv, lengths, causal)
        attention_backward(dqkv, dy, share, qkv, lengths, causal)
    return mixed, share, dqkv


def samples(shape, dtype="float32"):
    rows, steps, features, _ = shape
    rng = np.random.default_rng(7)
    return (rng.normal(size=(rows, steps, width)).astype(dtype) for width in (3 * features, features))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_attention_and_its_gradient_agree_with_the_formula(shape, dtype, causal, padded):
    qkv, dy = samples(shape, dtype)
    rows, steps, _, heads = shape
    lengths = np.linspace(steps, 1, rows).astype(np.int32) if padded else NO_LENGTHS
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    found, expected = (run(qkv, dy, heads, lengths, causal) for run in (computed, reference))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_threads_and_other_rows_change_no_bit(shape):
    qkv, dy = samples(shape)
    before = numba.get_num_threads()
    found = computed(qkv, dy, shape[3], NO_LENGTHS, True)
    try:
        numba.set_num_threads(1)
        alone = computed(qkv, dy, shape[3], NO_LENGTHS, True)
        first = computed(qkv[:1].copy(), dy[:1].copy(), shape[3], NO_LENGTHS, True)
    finally:
        numba.set_num_threads(before)
    for both, one, row in zip(found, alone, first, strict=True):
        assert both.tobytes() == one.tobytes()
        assert both[:1].tobytes() == row.tobytes()


def test_a_row_of_no_steps_is_zero():
    shape = (2, 5, 6, 2)
    qkv, dy = samples(shape)
    qkv[1] = np.nan
    mixed, share, dqkv = computed(qkv, dy, 2, np.array([5, 0], np.int32), False)
    assert not mixed[1].any()
    assert not share[1].any()
    assert not dqkv[1].any()


def test_bfloat16_rounds_the_operands_of_the_products():
    shape = (2, 33, 40, 5)
    qkv, dy = samples(shape)
    exact = computed(qkv, dy, 5, NO_LENGTHS, True)
    share, mixed, dqkv = np.zeros_like(exact[1]), np.zeros_like(dy), np.zeros_like(qkv)
    attention(mixed, share, qkv, NO_LENGTHS, True, True)
    attention_backward(dqkv, dy, share, qkv, NO_LENGTHS, True, True)
    for rounded, found in zip((mixed, share, dqkv), exact, strict=True):
        error = np.abs(rounded - found).max() / np.abs(found).max()
        assert 1e-4 < error < 2e-2  # a bfloat16 has 8 bits


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_later_steps_alone_have_the_bits_of_all_steps(shape, bfloat16):
    qkv, dy = samples(shape)
    rows, steps, _, heads = shape
    whole, share = np.zeros_like(dy), np.zeros((rows, heads, steps, steps), np.float32)
    attention(whole, share, qkv, NO_LENGTHS, True, bfloat16)
    for begin, end in {(0, steps), (0, 1), (steps // 2, steps), (steps - 1, steps)}:
        past = qkv.copy()
        past[:, end:] = np.nan  # not read yet
        mixed = np.full((rows, end - begin, dy.shape[2]), np.nan, np.float32)
        attention_next(mixed, past, begin, heads, bfloat16)
        assert mixed.tobytes() == whole[:, begin:end].tobytes()
