"""Self-attention over the steps of a sequence, for each row of the batch and each head.

mixed (rows, steps, features); share (rows, heads, steps, steps): the weight of step j in step i; qkv (rows, steps, 3*features):
queries, keys and values, each with the heads side by side. lengths (rows,) int32: valid steps of each row, results at
the others are 0; empty: all steps.
"""

import math

import numpy as np

from nntrain.kernels import scratch, tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.rounding import rounded
from nntrain.kernels.vector_math import exp


def attention(mixed, share, qkv, lengths, causal, bfloat16=False) -> None:
    """mixed = softmax(q k^T / sqrt(size)) v, for each head of `size` features.

    With `bfloat16`, the operands of the products are rounded to it: q and k, the weights and v, and in backward the gradients.
    """
    qkv = rounded(scratch.buffer(qkv.dtype, qkv.size)[: qkv.size], qkv) if bfloat16 else qkv
    _attention.run(_work(share, mixed), mixed, share, qkv, lengths, causal, bfloat16)


def attention_backward(dqkv, dmixed, share, qkv, lengths, bfloat16=False) -> None:
    if bfloat16:
        memory = scratch.buffer(qkv.dtype, qkv.size + dmixed.size)
        qkv, dmixed = (
            rounded(memory[: qkv.size], qkv),
            rounded(memory[qkv.size : qkv.size + dmixed.size], dmixed),
        )
    _attention_backward.run(2 * _work(share, dmixed), dqkv, dmixed, share, qkv, lengths, bfloat16)


def _work(share, mixed) -> int:
    return 2 * share.shape[2] * mixed.size + 20 * share.size


@inline
def _length(lengths, row, steps):
    return np.int64(lengths[row]) if lengths.size else steps


@inline
def _head(array, row, t, part, head, size):
    """The query (part 0), key (1) or value (2) of a step for one head."""
    start = part * (array.shape[2] // 3) + head * size
    return array[row, t, start : start + size]


@inline
def _operand(x, bfloat16):
    return tile.rounded_number(x) if bfloat16 else x


@inline
def _dot(a, b):
    total = a.dtype.type(0)
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@inline
def _add_times(to, factor, source):
    for j in range(to.size):
        to[j] += factor * source[j]


@inline
def _zero(to):
    zero = to.dtype.type(0)
    for j in range(to.size):
        to[j] = zero


@inline
def _softmax(p):
    """In place, over p (steps,)."""
    largest = p[0]
    for j in range(1, p.size):
        largest = max(largest, p[j])
    total = p.dtype.type(0)
    for j in range(p.size):
        p[j] = exp(p[j] - largest)
        total += p[j]
    scale = p.dtype.type(1) / total
    for j in range(p.size):
        p[j] *= scale


@kernel
def _attention(mixed, share, qkv, lengths, causal, bfloat16):
    rows, heads, steps, _ = share.shape
    size = mixed.shape[2] // heads
    scale = mixed.dtype.type(1 / math.sqrt(size))
    for task in prange(rows * heads):
        row, head = np.int64(task) // heads, np.int64(task) % heads
        length = _length(lengths, row, steps)
        for i in range(steps):
            y, p = mixed[row, i, head * size : (head + 1) * size], share[row, head, i]
            _zero(y)
            _zero(p)
            if i < length:
                seen = i + 1 if causal else length
                q = _head(qkv, row, i, 0, head, size)
                for j in range(seen):
                    p[j] = scale * _dot(q, _head(qkv, row, j, 1, head, size))
                _softmax(p[:seen])
                for j in range(seen):
                    _add_times(y, _operand(p[j], bfloat16), _head(qkv, row, j, 2, head, size))


@kernel
def _attention_backward(dqkv, dmixed, share, qkv, lengths, bfloat16):
    """With p = share: dv_j = sum_i p_ij dy_i, and for the scores s, ds_ij = p_ij (dp_ij - sum_k p_ik dp_ik), dp_ij = dy_i v_j."""
    rows, heads, steps, _ = share.shape
    size = dmixed.shape[2] // heads
    scale = dmixed.dtype.type(1 / math.sqrt(size))
    for task in prange(rows * heads):
        row, head = np.int64(task) // heads, np.int64(task) % heads
        length = _length(lengths, row, steps)
        ds = np.empty(steps, dmixed.dtype)
        for i in range(steps):
            for part in range(3):
                _zero(_head(dqkv, row, i, part, head, size))
        for i in range(length):
            dy, p = dmixed[row, i, head * size : (head + 1) * size], share[row, head, i]
            for j in range(length):
                ds[j] = _dot(dy, _head(qkv, row, j, 2, head, size))
            mean = _dot(p[:length], ds[:length])
            q, dq = _head(qkv, row, i, 0, head, size), _head(dqkv, row, i, 0, head, size)
            for j in range(length):
                _add_times(_head(dqkv, row, j, 2, head, size), _operand(p[j], bfloat16), dy)
                d = _operand(scale * (p[j] * (ds[j] - mean)), bfloat16)
                _add_times(dq, d, _head(qkv, row, j, 1, head, size))
                _add_times(_head(dqkv, row, j, 1, head, size), d, q)
