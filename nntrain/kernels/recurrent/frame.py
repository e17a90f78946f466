"""The frame that all recurrent cells share: it packs the recurrent weight, splits the batch and walks through time.

The input's part of every step comes precomputed, as one matrix product over all steps; here only the state's part is
added, step by step. Rows of the batch are independent, so each thread takes its own rows through all steps without
synchronizing; the recurrent weight, packed once for all threads, stays in its cache. Each value is one chain of
multiply-adds, whatever block of rows it is computed in, so the number of threads changes no bit.

A cell is a NamedTuple of its own arguments, and two functions chosen by its type: `step` and `step_backward`.
"""

from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import host, matmul, scratch, tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.recurrent.elementwise import copy, zero

# The register tile of the state's product. Batch sizes are multiples of 8, and 8 x 2 accumulators hide the FMA latency.
HEIGHT, VECTORS = (8, 2) if host.TILE_ROWS > 8 else (4, 2)
# Rows that one thread takes through the steps together, so that the packed weight is read once for all of them.
BLOCK = 64
# Values of k per pass over the panels: the part of a panel that stays in the L1 cache.
DEPTH = 256
# Multiply-adds of all steps from which on threads share the rows: about 8 us of one thread.
PARALLEL_FROM = 1 << 19

ALL_STEPS = np.empty(0, np.int32)
IN_ORDER = np.empty((0, 0), np.int32)


class Forward(NamedTuple):
    """Arrays of a forward pass that all cells have in common."""

    y: (
        np.ndarray
    )  # (rows, steps, units): the state after each step; (rows, 1, units): after the last step only
    before: np.ndarray  # (rows, steps, units): the state before each step
    gates: np.ndarray  # (rows, steps, gates*units): the gates' activations
    inputs: np.ndarray  # (count, gates*units): the input's part of the gates
    places: np.ndarray  # (rows, steps) int32: the row of `inputs` for each step; empty: in order
    state: (
        np.ndarray
    )  # (rows, units): the initial state, overwritten by the final one; empty: zeros, not stored
    memory: np.ndarray  # likewise the second state that a cell carries, c of lstm; empty for the others
    lengths: (
        np.ndarray
    )  # (rows,) int32: valid steps of each row, results at the others are 0; empty: all steps
    reverse: bool  # from the last valid step to the first; a step's results are stored where its input is


class Backward(NamedTuple):
    """Arrays of a backward pass that all cells have in common; shapes and meanings as in Forward."""

    dgates: np.ndarray  # (rows, steps, gates*units): gradients of the input's part of the gates
    drecurrent: np.ndarray  # likewise of the state's part; empty where it is the same
    dy: np.ndarray
    before: np.ndarray
    gates: np.ndarray
    lengths: np.ndarray
    reverse: bool


class Plan(NamedTuple):
    """How a pass is split; sizes in values of the workspace."""

    workers: int
    share: int  # rows per worker
    block: int  # rows that a worker takes through the steps together
    panels: int  # of the packed weight
    packed: int  # size of the packed weight; the workers' memory follows it
    own: int  # size of each worker's memory


def step(cell, run, row, t, x, sums, h, memory):
    """Computes step t of a row: gates and h (units,) from x (gates*units,), the input's part, and sums, h @ recurrent.

    `memory` (units,) is kept from step to step.
    """
    raise NotImplementedError


def step_backward(cell, run, row, t, d, dy, sums, memory):
    """Computes d (gates*units,), the gradients of the state's part of the gates, and stores them for step t of a row.

    The gradient of the state after the step is dy, the part from the layer's output (empty where there is none), plus
    sums (units,), the part from step t + 1. `memory` (units,) is kept from step to step, and 0 at the beginning.
    """
    raise NotImplementedError


def forward(cell: NamedTuple, run: Forward, recurrent: np.ndarray) -> None:
    """All steps of a cell. recurrent: (units, gates*units)."""
    _start(_forward, cell, run, recurrent, transposed=False)


def backward(cell: NamedTuple, run: Backward, recurrent: np.ndarray) -> None:
    """All steps of a cell, backward in time."""
    _start(_backward, cell, run, recurrent, transposed=True)


def _start(function, cell, run, recurrent: np.ndarray, transposed: bool) -> None:
    rows, steps, _ = run.gates.shape
    deep, wide = recurrent.shape[::-1] if transposed else recurrent.shape
    width = VECTORS * host.VECTOR_BYTES // recurrent.itemsize
    panels, tiles = -(-wide // width), max(1, -(-rows // HEIGHT))
    parallel = rows * steps * recurrent.size >= PARALLEL_FROM
    workers = min(numba.get_num_threads(), tiles) if parallel else 1
    share = -(-tiles // workers) * HEIGHT
    block = min(share, BLOCK)
    packed = panels * width * (deep + matmul.SLACK)
    own = block * (deep + matmul.SLACK + panels * width + sum(recurrent.shape) + recurrent.shape[0])
    plan = Plan(workers, share, block, panels, packed, own)
    workspace = scratch.buffer(recurrent.dtype, packed + workers * own)
    (function.parallel if parallel else function.serial)(cell, run, recurrent, workspace, plan)


@kernel
def _forward(cell, run, recurrent, workspace, plan):
    for panel in prange(plan.panels):
        _pack(workspace, recurrent, np.int64(panel))
    for worker in prange(plan.workers):
        _forward_rows(np.int64(worker), cell, run, workspace, plan)


@inline
def _forward_rows(worker, cell, run, workspace, plan):
    y, before, lengths = run.y, run.before, run.lengths
    rows, steps, units = before.shape
    factor, product, rest, stride = _areas(worker, workspace, plan, units)
    sums = _table(workspace, product, plan.block, stride)
    h = _table(workspace, rest, plan.block, units)
    memory = _table(workspace, rest + plan.block * units, plan.block, units)
    end = min(rows, (worker + 1) * plan.share)
    for top in range(worker * plan.share, end, plan.block):
        count = min(plan.block, end - top)
        longest = _longest(lengths, top, count, steps)
        _load_state(h, run.state, top, count)
        _load_state(memory, run.memory, top, count)
        for number in range(steps):
            if number < longest:
                _multiply(workspace, product, factor, h, count, plan)
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if number >= length:
                    # Padding: `before` is multiplied by gradients of 0 later, and must be finite.
                    if y.shape[1] == steps:
                        zero(y[row, number])
                    zero(before[row, number])
                    continue
                t = length - 1 - number if run.reverse else number
                copy(before[row, t], h[i])
                x = run.inputs[run.places[row, t] if run.places.size else row * steps + t]
                step(cell, run, row, t, x, sums[i], h[i], memory[i])
                if y.shape[1] == steps:
                    copy(y[row, t], h[i])
        if y.shape[1] != steps:
            for i in range(count):
                copy(y[top + i, 0], h[i])
        _store_state(run.state, h, top, count)
        _store_state(run.memory, memory, top, count)


@kernel
def _backward(cell, run, recurrent, workspace, plan):
    for panel in prange(plan.panels):
        _pack_transposed(workspace, recurrent, np.int64(panel))
    for worker in prange(plan.workers):
        _backward_rows(np.int64(worker), cell, run, workspace, plan)


@inline
def _backward_rows(worker, cell, run, workspace, plan):
    dy, lengths, wide = run.dy, run.lengths, run.gates.shape[2]
    rows, steps, units = run.before.shape
    factor, product, rest, stride = _areas(worker, workspace, plan, wide)
    sums = _table(workspace, product, plan.block, stride)
    d = _table(workspace, rest, plan.block, wide)
    memory = _table(workspace, rest + plan.block * wide, plan.block, units)
    end = min(rows, (worker + 1) * plan.share)
    for top in range(worker * plan.share, end, plan.block):
        count = min(plan.block, end - top)
        longest = _longest(lengths, top, count, steps)
        zero(workspace[product : rest + plan.block * (wide + units)])
        for number in range(steps - 1, -1, -1):
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if number >= length:
                    zero(run.dgates[row, number])
                    if run.drecurrent.size:
                        zero(run.drecurrent[row, number])
                    continue
                t = length - 1 - number if run.reverse else number
                place, size = t, units
                if dy.shape[1] != steps:  # the loss depends on the last step only
                    place, size = 0, units if number == length - 1 else 0
                step_backward(cell, run, row, t, d[i], dy[row, place, :size], sums[i, :units], memory[i])
            if 0 < number < longest:
                _multiply(workspace, product, factor, d, count, plan)


@inline
def _length(lengths, row, steps):
    return np.int64(lengths[row]) if lengths.size else steps


@inline
def _longest(lengths, top, count, steps):
    longest = 0
    for row in range(top, top + count):
        longest = max(longest, _length(lengths, row, steps))
    return longest


@inline
def _load_state(h, state, top, count):
    for i in range(count):
        if state.size:
            copy(h[i], state[top + i])
        else:
            zero(h[i])


@inline
def _store_state(state, h, top, count):
    if state.size:
        for i in range(count):
            copy(state[top + i], h[i])


# ----------------------------------------------------------------------------------------------------- the state's product


@inline
def _areas(worker, workspace, plan, deep):
    """Offsets in a worker's memory: the packed left factor (deep, block), the product (block, stride), the rest; stride."""
    stride = plan.panels * VECTORS * tile.lanes(workspace)
    factor = plan.packed + worker * plan.own
    product = factor + plan.block * (deep + matmul.SLACK)
    return factor, product, product + plan.block * stride, stride


@inline
def _table(workspace, at, rows, columns):
    return workspace[at : at + rows * columns].reshape(rows, columns)


@inline
def _panel_offset(workspace, panel, deep):
    """Where a panel of the packed weight begins."""
    return panel * (deep + matmul.SLACK) * VECTORS * tile.lanes(workspace)


@inline
def _pack(workspace, recurrent, panel):
    """One panel of the recurrent weight: `width` columns, row by row."""
    rows, columns = recurrent.shape
    width = VECTORS * tile.lanes(workspace)
    left, at = panel * width, _panel_offset(workspace, panel, rows)
    matmul.copy(workspace, at, width, recurrent, left, 1, columns, columns - left, rows)


@inline
def _pack_transposed(workspace, recurrent, panel):
    """One panel of the transposed recurrent weight."""
    rows, columns = recurrent.shape
    width = VECTORS * tile.lanes(workspace)
    left, at = panel * width, _panel_offset(workspace, panel, columns)
    matmul.copy(workspace, at, width, recurrent, left * columns, columns, 1, rows - left, columns)


@inline
def _multiply(workspace, product, factor, source, count, plan):
    """workspace[product:] (block, panels*width) = source (count, deep) @ the packed weight."""
    deep = source.shape[1]
    matmul.copy(workspace, factor, plan.block, source, 0, deep, 1, count, deep)
    width = VECTORS * tile.lanes(workspace)
    stride = plan.panels * width
    for k0 in range(0, deep, DEPTH):
        k1 = min(k0 + DEPTH, deep)
        for panel in range(plan.panels):
            first, column = _panel_offset(workspace, panel, deep), product + panel * width
            for i in range(0, plan.block, HEIGHT):
                t = tile.zeros(workspace, HEIGHT, VECTORS)
                if k0 > 0:
                    t = tile.load(t, workspace, column + i * stride, stride)
                for k in range(k0, k1):
                    t = tile.outer(t, workspace, factor + k * plan.block + i, 1, workspace, first + k * width)
                tile.store(t, workspace, column + i * stride, stride)
