"""The frame that all recurrent cells share: it packs the recurrent weight, splits the batch and walks through time.

The input's part of every step comes precomputed, as one matrix product over all steps; here only the state's part is
added, step by step. Rows of the batch are independent, so each thread takes its own rows through all steps without
synchronizing; the recurrent weight, packed once for all threads, stays in its cache. A step takes some units at a time: the
products of all gates, then the cell's equations, whose loads and stores overlap with the products of the next units. Each value
is one chain of multiply-adds, whatever block of rows it is computed in, so the number of threads changes no bit.

A cell is a NamedTuple of its own arguments, and three functions chosen by its type: `sizes`, `step` and `step_backward`.
"""

from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import host, scratch, tile
from nntrain.kernels.jit import inline, kernel, prange, template
from nntrain.kernels.packing import SLACK
from nntrain.kernels.recurrent.product import HEIGHT, multiply, pack, panel_size
from nntrain.kernels.rounding import operands
from nntrain.kernels.tile import VECTORS

# Rows that one thread takes through the steps together, so that the packed weight is read once for all of them.
BLOCK = 64
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
    saved: (
        np.ndarray
    )  # (rows, steps, saved*units): what the cell keeps for backward, in an order of the frame
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
    saved: np.ndarray
    lengths: np.ndarray
    reverse: bool


class Plan(NamedTuple):
    """How a pass is split; sizes in values of the workspace."""

    workers: int
    share: int  # rows per worker
    block: int  # rows that a worker takes through the steps together
    gates: int
    panels: int  # of units
    packed: int  # size of the packed weight; the workers' memory follows it
    own: int  # size of each worker's memory
    bfloat16: bool  # rounds the operands of the state's product


class Units(NamedTuple):
    """The units of a row that a step computes at once."""

    first: int
    count: int
    all: int  # of the layer


class Arrays(NamedTuple):
    """Addresses: an array argument of an inlined step would add reference counts, in a cache line that all threads write."""

    y: int
    before: int
    saved: int
    inputs: int
    dgates: int
    drecurrent: int  # 0: none
    dy: int


class Spot(NamedTuple):
    """Where a row's values of a step are saved, and the addresses of the units' values in a worker's memory."""

    saved: int  # rows and steps saved before the step of the rows that are saved together
    row: int  # the row's number among these
    rows: int  # how many they are
    h: int  # before the step; backward the gradient after it
    after: int  # the state after the step; backward the gradient of the state's part of the gates
    memory: int
    sums: int


def sizes(cell, like):
    """Blank tiles of a row for each gate, and of a row for each value that the cell saves."""
    raise NotImplementedError


def step(cell, units, x, sums, h, memory):
    """(h, memory, saved) after a step, from x, the input's part of the gates, and sums, h @ recurrent.

    All are tiles of one row; x, sums and saved are tuples of them. `memory` is kept from step to step.
    """
    raise NotImplementedError


def step_backward(cell, saved, h, dh, memory):
    """(memory, dgates, drecurrent), the latter two the gradients of the input's and the state's part of the gates.

    h is the state before the step, and dh the gradient of that after it. `memory` is kept from step to step, and 0 at the
    beginning.
    """
    raise NotImplementedError


def forward(cell: NamedTuple, run: Forward, recurrent: np.ndarray, bfloat16: bool = False) -> None:
    """All steps of a cell. recurrent: (units, gates*units). With `bfloat16`, the state's product takes rounded operands."""
    gates, panels = _sizes(recurrent)
    _start(_forward, cell, run, recurrent, (3 + bfloat16) * panels + gates, bfloat16)


def backward(cell: NamedTuple, run: Backward, recurrent: np.ndarray, bfloat16: bool = False) -> None:
    """All steps of a cell, backward in time."""
    gates, panels = _sizes(recurrent)
    _start(_backward, cell, run, recurrent, (2 * gates + 1) * panels + 1, bfloat16)


def saved_values(saved: np.ndarray, units: int) -> np.ndarray:
    """(values, rows, steps, units): what the cell saved, unpacked from the order of the kernels."""
    rows, steps, wide = saved.shape
    values, width = wide // units, VECTORS * host.VECTOR_BYTES // saved.itemsize
    found = np.empty((values, rows, steps, units), saved.dtype)
    for first in range(0, rows, HEIGHT):
        together = min(HEIGHT, rows - first)
        flat = saved[first : first + together].reshape(steps, -1)
        for unit in range(0, units, width):
            count = min(width, units - unit)
            start, size = unit * values * together, count * values * together
            panel = flat[:, start : start + size].reshape(steps, together, values, count)
            found[:, first : first + together, :, unit : unit + count] = panel.transpose(2, 1, 0, 3)
    return found


def _sizes(recurrent: np.ndarray) -> tuple[int, int]:
    """The number of gates, and of panels of units."""
    units, wide = recurrent.shape
    return wide // units, -(-units * recurrent.itemsize // (VECTORS * host.VECTOR_BYTES))


def _start(function, cell, run, recurrent: np.ndarray, held: int, bfloat16: bool) -> None:
    """held: the blocks of rows by a panel's units that a worker's memory holds."""
    rows, steps, units = run.before.shape
    gates, panels = _sizes(recurrent)
    width, tiles = VECTORS * host.VECTOR_BYTES // recurrent.itemsize, max(1, -(-rows // HEIGHT))
    parallel = rows * steps * recurrent.size >= PARALLEL_FROM
    workers = min(numba.get_num_threads(), tiles) if parallel else 1
    share = -(-tiles // workers) * HEIGHT
    block = min(share, BLOCK)
    packed = gates * panels * (units + SLACK) * width
    own = held * block * width
    plan = Plan(workers, share, block, gates, panels, packed, own, bfloat16)
    workspace = scratch.buffer(recurrent.dtype, packed + workers * own)
    factors = operands(workspace, bfloat16)  # the same memory, for the operands of products
    (function.parallel if parallel else function.serial)(cell, run, recurrent, workspace, factors, plan)


@kernel
def _forward(cell, run, recurrent, workspace, factors, plan):
    for number in prange(plan.panels * plan.gates):
        pack(factors, recurrent, np.int64(number), plan.gates, False)
    for worker in prange(plan.workers):
        _forward_rows(np.int64(worker), cell, run, workspace, factors, plan)


@inline
def _forward_rows(worker, cell, run, workspace, factors, plan):
    rows, steps, units = run.before.shape
    lengths, places = run.lengths, run.places
    zero, width, block = workspace.dtype.type(0), tile.width(workspace), plan.block
    size, all_units = block * width, plan.panels * block * width
    every_y = tile.address(run.y, 0) if run.y.shape[1] == steps else 0
    arrays = Arrays(
        every_y,
        tile.address(run.before, 0),
        tile.address(run.saved, 0),
        tile.address(run.inputs, 0),
        0,
        0,
        0,
    )
    memory = plan.packed + worker * plan.own
    sums = memory + all_units
    end = min(rows, (worker + 1) * plan.share)
    for top in range(worker * plan.share, end, block):
        count = min(block, end - top)
        h = sums + plan.gates * size
        after, rounded = h + all_units, h + 2 * all_units
        _zero(workspace[memory : memory + plan.own])
        _load_state(workspace, h, run.state, top, count, block)
        _load_state(workspace, memory, run.memory, top, count, block)
        for number in range(_longest(lengths, top, count, steps)):
            left_factor = h
            if plan.bfloat16:
                left_factor = rounded
                _round(factors, rounded, workspace, h, all_units)
            for panel in range(plan.panels):
                if number > 0 or run.state.size > 0:  # else h and the sums are 0
                    for gate in range(plan.gates):
                        right = (panel * plan.gates + gate) * panel_size(width, units)
                        multiply(
                            zero,
                            tile.address(workspace, sums + gate * size),
                            tile.address(workspace, left_factor),
                            tile.address(workspace, right),
                            count,
                            block,
                            units,
                            False,
                        )
                for i in range(count):
                    own, length = panel * size + i * width, _length(lengths, top + i, steps)
                    if number >= length:
                        row = tile.zeros(workspace, 1, VECTORS)
                        tile.store(tile.load(row, workspace, h + own, 0), workspace, after + own, 0)
                        continue
                    t = length - 1 - number if run.reverse else number
                    first, together = _saved_together(top + i, rows)
                    spot = Spot(
                        first * steps + t * together,
                        top + i - first,
                        together,
                        tile.address(workspace, h + own),
                        tile.address(workspace, after + own),
                        tile.address(workspace, memory + own),
                        tile.address(workspace, sums + i * width),
                    )
                    now = (top + i) * steps + t
                    x = np.int64(places[top + i, t]) if places.size else now
                    if panel < plan.panels - 1:  # a constant number of units, so without masks
                        _step(cell, arrays, zero, Units(panel * width, width, units), now, x, spot, size)
                    else:
                        left = Units(panel * width, units - panel * width, units)
                        _step(cell, arrays, zero, left, now, x, spot, size)
            h, after = after, h
        for i in range(count):
            for t in range(_length(lengths, top + i, steps), steps):
                _zero(run.before[top + i, t])
                if run.y.shape[1] == steps:
                    _zero(run.y[top + i, t])
        if run.y.shape[1] != steps:
            _store_state(run.y, workspace, h, top, count, block)
        _store_state(run.state, workspace, h, top, count, block)
        _store_state(run.memory, workspace, memory, top, count, block)


@template
def _step(cell, arrays, zero, units, now, x, spot, size):
    """A step of some units of a row: `now` counts rows and steps, x is the row of the inputs, `size` lies between gates' sums."""
    row = tile.zeros(zero, 1, VECTORS)
    gates, saved = sizes(cell, zero)
    at, count = now * units.all + units.first, units.count
    h, memory = tile.load(row, spot.h, 0, 0), tile.load(row, spot.memory, 0, 0)
    tile.store_part(h, arrays.before, at, 0, 1, count)
    first = x * tile.rows(gates) * units.all + units.first
    inputs = tile.load_part(gates, arrays.inputs, first, units.all, tile.rows(gates), count)
    sums = tile.load(gates, spot.sums, 0, size)
    h, memory, kept = step(cell, units, tile.split(inputs), tile.split(sums), h, memory)
    tile.store(h, spot.after, 0, 0)
    tile.store(memory, spot.memory, 0, 0)
    if arrays.y != 0:
        tile.store_part(h, arrays.y, at, 0, 1, count)
    first = _saved_at(spot, units) * tile.rows(saved)
    tile.store_part(tile.join(kept), arrays.saved, first, count, tile.rows(saved), count)


@kernel
def _backward(cell, run, recurrent, workspace, factors, plan):
    for number in prange(plan.panels * plan.gates):
        pack(factors, recurrent, np.int64(number), plan.gates, True)
    for worker in prange(plan.workers):
        _backward_rows(np.int64(worker), cell, run, workspace, factors, plan)


@inline
def _backward_rows(worker, cell, run, workspace, factors, plan):
    rows, steps, units = run.before.shape
    lengths, every_step = run.lengths, run.dy.shape[1] == steps
    zero, width, block = workspace.dtype.type(0), tile.width(workspace), plan.block
    size, all_units = block * width, plan.panels * block * width
    arrays = Arrays(
        0,
        tile.address(run.before, 0),
        tile.address(run.saved, 0),
        0,
        tile.address(run.dgates, 0),
        tile.address(run.drecurrent, 0) if run.drecurrent.size else 0,
        tile.address(run.dy, 0),
    )
    memory = plan.packed + worker * plan.own
    sums = memory + all_units
    end = min(rows, (worker + 1) * plan.share)
    for top in range(worker * plan.share, end, block):
        count = min(block, end - top)
        d = sums + size  # (gates, all units)
        before = d + plan.gates * all_units
        _zero(workspace[memory : memory + plan.own])
        for i in range(count):
            for t in range(_length(lengths, top + i, steps), steps):
                _zero(run.dgates[top + i, t])
                if run.drecurrent.size:
                    _zero(run.drecurrent[top + i, t])
        last = _longest(lengths, top, count, steps) - 1
        for number in range(last, -1, -1):
            if plan.bfloat16:
                _round(factors, d, workspace, d, plan.gates * all_units)
            for panel in range(plan.panels):
                if number < last:  # else d and the sums are 0
                    for gate in range(plan.gates):
                        right = (panel * plan.gates + gate) * panel_size(width, units)
                        multiply(
                            zero,
                            tile.address(workspace, sums),
                            tile.address(workspace, d + gate * all_units),
                            tile.address(workspace, right),
                            count,
                            block,
                            units,
                            gate > 0,
                        )
                for i in range(count):
                    own, length = panel * size + i * width, _length(lengths, top + i, steps)
                    if number >= length:
                        continue
                    t = length - 1 - number if run.reverse else number
                    now = (top + i) * steps + t
                    # Where dy is of the last step only, the loss depends on that alone.
                    y = now if every_step else top + i if number == length - 1 else -1
                    first, together = _saved_together(top + i, rows)
                    spot = Spot(
                        first * steps + t * together,
                        top + i - first,
                        together,
                        0,
                        tile.address(workspace, before + own),
                        tile.address(workspace, memory + own),
                        tile.address(workspace, sums + i * width),
                    )
                    if panel < plan.panels - 1:
                        _step_backward(
                            cell, arrays, zero, Units(panel * width, width, units), now, y, spot, all_units
                        )
                    else:
                        left = Units(panel * width, units - panel * width, units)
                        _step_backward(cell, arrays, zero, left, now, y, spot, all_units)
            d, before = before, d


@template
def _step_backward(cell, arrays, zero, units, now, y, spot, all_units):
    """As `_step`: y is the row of dy, or -1, `all_units` lies between the gates of d."""
    row = tile.zeros(zero, 1, VECTORS)
    gates, saved = sizes(cell, zero)
    at, count = now * units.all + units.first, units.count
    first = _saved_at(spot, units) * tile.rows(saved)
    kept = tile.load_part(saved, arrays.saved, first, count, tile.rows(saved), count)
    h = tile.load_part(row, arrays.before, at, 0, 1, count)
    dh, memory = tile.load(row, spot.sums, 0, 0), tile.load(row, spot.memory, 0, 0)
    if y >= 0:
        dh = dh + tile.load_part(row, arrays.dy, y * units.all + units.first, 0, 1, count)
    memory, dgates, drecurrent = step_backward(cell, tile.split(kept), h, dh, memory)
    tile.store(memory, spot.memory, 0, 0)
    d = tile.join(drecurrent)
    tile.store(d, spot.after, 0, all_units)
    at = now * tile.rows(gates) * units.all + units.first
    tile.store_part(tile.join(dgates), arrays.dgates, at, units.all, tile.rows(gates), count)
    if arrays.drecurrent != 0:
        tile.store_part(d, arrays.drecurrent, at, units.all, tile.rows(gates), count)


@inline
def _saved_together(row, rows):
    """The first of the rows whose values are saved in turn, and how many they are.

    A step writes and reads the values of a row's neighbours next, so that they are one stream for the processor to prefetch.
    """
    first = row // HEIGHT * HEIGHT
    return first, min(HEIGHT, rows - first)


@inline
def _saved_at(spot, units):
    """Where some units' values are saved, in saved values per unit."""
    return spot.saved * units.all + units.first * spot.rows + spot.row * units.count


@template
def _length(lengths, row, steps):
    return np.int64(lengths[row]) if lengths.size else steps


@inline
def _longest(lengths, top, count, steps):
    longest = 0
    for row in range(top, top + count):
        longest = max(longest, _length(lengths, row, steps))
    return longest


@inline
def _zero(row):
    zero = row.dtype.type(0)
    for j in range(row.size):
        row[j] = zero


@inline
def _round(factors, to, workspace, at, size):
    """factors[to:] = workspace[at:], which an array of bfloat16 rounds."""
    for i in range(0, size, tile.width(workspace)):
        tile.store(tile.load(tile.zeros(workspace, 1, VECTORS), workspace, at + i, 0), factors, to + i, 0)


@inline
def _load_state(workspace, at, state, top, count, block):
    """The rows of a state (rows, units), if there is one, to a left factor."""
    if state.size:
        width, units = tile.width(workspace), state.shape[1]
        for i in range(count):
            for u in range(0, units, width):
                row = tile.zeros(workspace, 1, VECTORS)
                row = tile.load_part(row, state, (top + i) * units + u, 0, 1, units - u)
                tile.store(row, workspace, at + u * block + i * width, 0)


@inline
def _store_state(state, workspace, at, top, count, block):
    if state.size:
        width, units = tile.width(workspace), state.shape[-1]
        for i in range(count):
            for u in range(0, units, width):
                row = tile.load(tile.zeros(workspace, 1, VECTORS), workspace, at + u * block + i * width, 0)
                tile.store_part(row, state, (top + i) * units + u, 0, 1, units - u)
