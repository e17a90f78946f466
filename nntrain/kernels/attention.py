"""Self-attention over the steps of a sequence, for each row of the batch and each head.

mixed (rows, steps, features); share (rows, heads, steps, steps): the weight of step j in step i; qkv (rows, steps, 3*features):
queries, keys and values, each with the heads side by side. lengths (rows,) int32: valid steps of each row, results at
the others are 0; empty: all steps.

Each row and head is the work of one thread. It copies its queries, keys and values together, so that the products read memory in order,
and skips the tiles that the causal mask leaves empty. Every value is one chain of multiply-adds, so threads change no bit.
"""

import functools
import math
from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.jit import PARALLEL_FROM, inline, kernel, prange
from nntrain.kernels.packed import HEIGHT, VECTORS, copy, fill, pack, panels, product
from nntrain.kernels.packing import SLACK, copy_rows
from nntrain.kernels.rounding import operands
from nntrain.kernels.vector_math import exp


class Plan(NamedTuple):
    """Sizes, and where a worker's part of the workspace holds what; `rows` are steps in whole tiles."""

    workers: int
    own: int  # values of the workspace of each worker
    wide: int  # columns of a table of shares: steps in whole tiles
    keys: int  # packed as the right operand
    values: int
    queries: int
    dmixed: int
    shares: int  # (rows, wide)
    dshares: int
    left: int  # (rows, size): the left operand


def attention(mixed, share, qkv, lengths, causal, bfloat16=False) -> None:
    """mixed = softmax(q k^T / sqrt(size)) v, for each head of `size` features.

    With `bfloat16`, the operands of the products are rounded to it: q and k, the weights and v, and in backward the gradients.
    """
    plan, workspace, parallel = _planned(share, mixed, 1)
    run = _attention.parallel if parallel else _attention.serial
    run(mixed, share, qkv, lengths, causal, workspace, operands(workspace, bfloat16), plan)


def attention_backward(dqkv, dmixed, share, qkv, lengths, causal, bfloat16=False) -> None:
    plan, workspace, parallel = _planned(share, dmixed, 2)
    run = _attention_backward.parallel if parallel else _attention_backward.serial
    run(dqkv, dmixed, share, qkv, lengths, causal, workspace, operands(workspace, bfloat16), plan)


def attention_next(mixed, past, begin, heads, bfloat16=False) -> None:
    """Causal attention for the steps from `begin` on: mixed (rows, new steps, features).

    past (rows, steps, 3*features): the queries, keys and values of these steps and of all before them; the rest is not read. The same
    bits as from all steps at once.
    """
    rows, new, features = mixed.shape
    steps = past.shape[1]
    parallel = (begin + new) * (2 * mixed.size + 20 * rows * heads * new) >= PARALLEL_FROM
    workers = min(numba.get_num_threads(), rows * heads) if parallel else 1
    plan = _plan(steps, features // heads, workers, mixed.itemsize)
    workspace = scratch.buffer(mixed.dtype, workers * plan[1])
    run = _attention_next.parallel if parallel else _attention_next.serial
    run(mixed, past, begin, heads, workspace, operands(workspace, bfloat16), plan)


def _planned(share, mixed, passes):
    """The plan as a plain tuple, the workspace, and whether threads share the rows and heads."""
    rows, heads, steps, _ = share.shape
    parallel = passes * (2 * steps * mixed.size + 20 * share.size) >= PARALLEL_FROM
    workers = min(numba.get_num_threads(), rows * heads) if parallel else 1
    plan = _plan(steps, mixed.shape[2] // heads, workers, mixed.itemsize)
    return plan, scratch.buffer(mixed.dtype, workers * plan[1]), parallel


@functools.lru_cache(maxsize=1024)
def _plan(steps: int, size: int, workers: int, itemsize: int) -> tuple[int, ...]:
    width = VECTORS * host.VECTOR_BYTES // itemsize
    rows, wide = -(-steps // HEIGHT) * HEIGHT, -(-steps // width) * width
    table, by_size, by_steps = rows * wide, panels(size, steps, width), panels(steps, size, width)
    # Forward packs keys with a step per column, values with a feature; backward the other way round: both fit.
    sizes = (
        max(by_size, by_steps),
        max(by_size, by_steps),
        by_size,
        by_size,
        table,
        table,
        rows * size + SLACK,
    )
    starts = np.cumsum([0, *sizes]).tolist()
    own = -(-starts[-1] // 64) * 64  # whole cache lines
    return tuple(Plan(workers, own, wide, *starts[:-1]))


@inline
def _length(lengths, row, steps):
    return np.int64(lengths[row]) if lengths.size else steps


@inline
def _softmax(p, at, wide, seen, scale):
    """In place, over p[at : at + seen], times `scale`; the others up to at + wide, in whole tiles, become 0."""
    width, blank = tile.width(p), tile.zeros(p, 1, VECTORS)
    whole = -(-seen // width) * width  # all of it in vectors
    _mask(p[at + whole - width : at + whole], seen - (whole - width))
    most = tile.load(blank, p, at, 0)
    for j in range(at + width, at + whole, width):
        most = tile.larger(most, tile.load(blank, p, j, 0))
    shift, sums = tile.fill(blank, scale * tile.largest(most)), blank
    for j in range(at, at + whole, width):
        t = exp(tile.subtract(tile.multiple(scale, tile.load(blank, p, j, 0)), shift))
        tile.store(t, p, j, 0)
        sums = tile.add(sums, t)
    factor = tile.fill(blank, p.dtype.type(1) / tile.total(sums))
    for j in range(at, at + whole, width):
        tile.store(tile.multiply(tile.load(blank, p, j, 0), factor), p, j, 0)
    fill(p[at + whole : at + wide], p.dtype.type(0))


@inline
def _mask(p, seen):
    """Minus infinity from `seen` on."""
    low = p.dtype.type(-np.inf)
    for j in range(p.size):
        p[j] = p[j] if j < seen else low


@inline
def _round(p, at, wide, factors):
    """Rounds p[at : at + wide], whole tiles, if `factors` is an array of bfloat16."""
    for j in range(at, at + wide, tile.width(p)):
        row = tile.load(tile.zeros(p, 1, VECTORS), p, j, 0)
        tile.store(tile.rounded(row, factors), p, j, 0)


@inline
def _gradient_of_scores(ds, p, scale):
    """ds = scale * p * (ds - sum of p ds), in place: through the softmax, and the factor before it. Both in whole tiles."""
    width, blank = tile.width(p), tile.zeros(p, 1, VECTORS)
    sums = blank
    for j in range(0, p.size, width):
        sums = tile.multiply_add(sums, tile.load(blank, p, j, 0), tile.load(blank, ds, j, 0))
    mean = tile.fill(blank, tile.total(sums))
    for j in range(0, p.size, width):
        t = tile.subtract(tile.load(blank, ds, j, 0), mean)
        tile.store(tile.multiple(scale, tile.multiply(tile.load(blank, p, j, 0), t)), ds, j, 0)


@kernel  # `factors`: the workspace as operands of products
def _attention(mixed, share, qkv, lengths, causal, workspace, factors, plan):
    p = Plan(*plan)
    rows, heads, steps, _ = share.shape
    features = mixed.shape[2]
    size, stride, tasks = features // heads, 3 * features, rows * heads
    flat_qkv, flat_mixed, flat_share = qkv.reshape(-1), mixed.reshape(-1), share.reshape(-1)
    zero, scale, above = mixed.dtype.type(0), mixed.dtype.type(1 / math.sqrt(size)), 1 if causal else 0
    for each in prange(p.workers):
        worker = np.int64(each)
        own = worker * p.own
        keys, values, left, shares = own + p.keys, own + p.values, own + p.left, own + p.shares
        for task in range(worker * tasks // p.workers, (worker + 1) * tasks // p.workers):
            row, head = task // heads, task % heads
            n = _length(lengths, row, steps)
            q, y = row * steps * stride + head * size, row * steps * features + head * size
            pack(factors, keys, flat_qkv, q + features, stride, 1, n, size)
            pack(factors, values, flat_qkv, q + 2 * features, 1, stride, size, n)
            copy_rows(factors, left, size, flat_qkv, q, stride, n, size)
            scores, queries = (shares, p.wide), (left, size, 1)
            product(workspace, scores, workspace, queries, workspace, keys, (n, n, size), 2 * above, False)
            for i in range(steps):
                at, to = shares + i * p.wide, (task * steps + i) * steps
                if i < n:
                    _softmax(workspace, at, p.wide, i + 1 if causal else n, scale)
                    copy(flat_share[to : to + steps], workspace[at : at + steps])
                    _round(workspace, at, p.wide, factors)
                else:
                    fill(flat_share[to : to + steps], zero)
                    fill(flat_mixed[y + i * features : y + i * features + size], zero)
            to, weights = (y, features), (shares, p.wide, 1)
            product(flat_mixed, to, workspace, weights, workspace, values, (n, size, n), above, False)


@kernel
def _attention_next(mixed, past, begin, heads, workspace, factors, plan):
    p = Plan(*plan)
    rows, new, features = mixed.shape
    steps, n = past.shape[1], begin + new
    size, stride, tasks = features // heads, 3 * features, rows * heads
    flat_past, flat_mixed = past.reshape(-1), mixed.reshape(-1)
    scale = mixed.dtype.type(1 / math.sqrt(size))
    for each in prange(p.workers):
        worker = np.int64(each)
        own = worker * p.own
        keys, values, left, shares = own + p.keys, own + p.values, own + p.left, own + p.shares
        for task in range(worker * tasks // p.workers, (worker + 1) * tasks // p.workers):
            row, head = task // heads, task % heads
            q, y = row * steps * stride + head * size, row * new * features + head * size
            pack(factors, keys, flat_past, q + features, stride, 1, n, size)
            pack(factors, values, flat_past, q + 2 * features, 1, stride, size, n)
            copy_rows(factors, left, size, flat_past, q + begin * stride, stride, new, size)
            scores, queries = (shares, p.wide), (left, size, 1)
            product(workspace, scores, workspace, queries, workspace, keys, (new, n, size), 0, False)
            for i in range(new):
                at = shares + i * p.wide
                _softmax(workspace, at, p.wide, begin + i + 1, scale)
                _round(workspace, at, p.wide, factors)
            to, weights = (y, features), (shares, p.wide, 1)
            product(flat_mixed, to, workspace, weights, workspace, values, (new, size, n), 0, False)


@kernel
def _attention_backward(dqkv, dmixed, share, qkv, lengths, causal, workspace, factors, plan):
    """With p = share: dv_j = sum_i p_ij dy_i, and for the scores s, ds_ij = p_ij (dp_ij - sum_k p_ik dp_ik), dp_ij = dy_i v_j."""
    p = Plan(*plan)
    rows, heads, steps, _ = share.shape
    features = dmixed.shape[2]
    size, stride, tasks = features // heads, 3 * features, rows * heads
    flat_qkv, flat_share, flat_dy = qkv.reshape(-1), share.reshape(-1), dmixed.reshape(-1)
    flat_dqkv = dqkv.reshape(-1)
    zero, scale, above = dmixed.dtype.type(0), dmixed.dtype.type(1 / math.sqrt(size)), 1 if causal else 0
    for each in prange(p.workers):
        worker = np.int64(each)
        own = worker * p.own
        keys, values, queries, dy = own + p.keys, own + p.values, own + p.queries, own + p.dmixed
        left, shares, ds = own + p.left, own + p.shares, own + p.dshares
        for task in range(worker * tasks // p.workers, (worker + 1) * tasks // p.workers):
            row, head = task // heads, task % heads
            n = _length(lengths, row, steps)
            q, y = row * steps * stride + head * size, row * steps * features + head * size
            k, v = q + features, q + 2 * features
            pack(factors, keys, flat_qkv, k, 1, stride, size, n)
            pack(factors, values, flat_qkv, v, stride, 1, n, size)
            pack(factors, queries, flat_qkv, q, 1, stride, size, n)
            pack(factors, dy, flat_dy, y, 1, features, size, n)
            copy_rows(factors, left, size, flat_dy, y, features, n, size)
            to, gradients = (ds, p.wide), (left, size, 1)
            product(workspace, to, workspace, gradients, workspace, values, (n, n, size), 2 * above, False)
            for i in range(n):
                at, here, seen = i * p.wide, (task * steps + i) * steps, i + 1 if causal else n
                copy(workspace[shares + at : shares + at + steps], flat_share[here : here + steps])
                fill(workspace[shares + at + steps : shares + at + p.wide], zero)
                fill(workspace[ds + at + seen : ds + at + p.wide], zero)
                weights, scores = workspace[shares + at :][: p.wide], workspace[ds + at :][: p.wide]
                _gradient_of_scores(scores, weights, scale)
                _round(workspace, shares + at, p.wide, factors)
                _round(workspace, ds + at, p.wide, factors)
            by_row, by_column = (ds, p.wide, 1), (ds, 1, p.wide)
            weights_by_column, sizes = (shares, 1, p.wide), (n, size, n)
            product(flat_dqkv, (q, stride), workspace, by_row, workspace, keys, sizes, above, False)
            product(flat_dqkv, (k, stride), workspace, by_column, workspace, queries, sizes, 0, causal)
            product(flat_dqkv, (v, stride), workspace, weights_by_column, workspace, dy, sizes, 0, causal)
            for i in range(n, steps):
                for part in range(3):
                    at = q + i * stride + part * features
                    fill(flat_dqkv[at : at + size], zero)
