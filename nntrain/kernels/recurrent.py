"""Recurrent layers: the steps of simple_rnn, lstm and gru, forward and backward in time.

What the input adds to every step comes ready-made, as one product over all steps: here only the state's part is added,
step by step. Rows of the batch never meet, so each thread takes rows of its own through all steps and waits for nobody;
the recurrent weight, packed once for all, stays in its cache. Each value is one chain of multiply-adds, whatever the block of
rows it was computed in.

What all cells have in common:
y, dy (rows, steps, units): the state after each step; (rows, 1, units): after the last one alone.
before (rows, steps, units): the state before each step.
gates (rows, steps, gates*units): the gates' values; dgates: the loss's gradients before their nonlinearities.
inputs (count, gates*units): what the input adds. places (rows, steps) int32: in which of these rows it stands; empty: in
order.
state (rows, units), and cell of lstm: where not empty, the first step starts from it, and the last one leaves its result there.
lengths (rows,) int32: how many steps of a row are real; empty for all. At the others all results are 0.
reverse: reads the real steps from the last to the first. A step's results stand where its input does.
"""

import numba
import numpy as np

from nntrain.kernels import host, matmul, scratch, tile
from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.vector_math import sigmoid, tanh

# The tile of the state's product: rows of the batch come in eights, and 8 x 2 products hide the latency of each other.
HEIGHT, VECTORS = (8, 2) if host.TILE_ROWS > 8 else (4, 2)
# Rows that one thread takes through the steps together, so that the packed weight is read once for all of them.
BLOCK = 64
# Values of k after which one panel of the weight gives way to the next: so many stay in the first-level cache.
DEPTH = 256
# Multiply-adds of all steps from which on threads share the rows: about 8 us of one thread.
PARALLEL_FROM = 1 << 19

TANH, RELU = range(2)  # codes of the activations of simple_rnn

ALL_STEPS = np.empty(0, np.int32)
IN_ORDER = np.empty((0, 0), np.int32)


def _run(function, recurrent: np.ndarray, rows: int, steps: int, transposed: bool, *args) -> None:
    """Calls a kernel with the recurrent weight, scratch memory, and who does what: [workers, rows of each, rows at once,
    panels of the weight, values of all panels, scratch values of a worker]."""
    deep, wide = recurrent.shape[::-1] if transposed else recurrent.shape
    width = VECTORS * host.VECTOR_BYTES // recurrent.itemsize
    panels, tiles = -(-wide // width), max(1, -(-rows // HEIGHT))
    parallel = rows * steps * recurrent.size >= PARALLEL_FROM
    workers = min(numba.get_num_threads(), tiles) if parallel else 1
    share = -(-tiles // workers) * HEIGHT
    tall = min(share, BLOCK)
    packed = panels * width * (deep + matmul.SLACK)
    own = tall * (deep + matmul.SLACK + panels * width + sum(recurrent.shape)) + tall * recurrent.shape[0]
    room = scratch.buffer(recurrent.dtype, packed + workers * own)
    plan = np.array([workers, share, tall, panels, packed, own])
    (function.parallel if parallel else function.serial)(*args, recurrent, room, plan)


@inline
def _pack(room, recurrent, panel, transposed):
    """One panel of the recurrent weight, or of its transpose: `width` columns, one k after the other."""
    rows, columns = recurrent.shape
    width = VECTORS * tile.lanes(room)
    left = panel * width
    if transposed:
        matmul.copy(
            room,
            left * (columns + matmul.SLACK),
            width,
            recurrent,
            left * columns,
            columns,
            1,
            rows - left,
            columns,
        )
    else:
        matmul.copy(
            room, left * (rows + matmul.SLACK), width, recurrent, left, 1, columns, columns - left, rows
        )


@inline
def _parts(worker, room, plan, deep):
    """Where a worker's memory begins: the transposed factor (deep, tall), the product (tall, stride), and the rest."""
    tall, stride = plan[2], plan[3] * VECTORS * tile.lanes(room)
    factor = plan[4] + worker * plan[5]
    product = factor + tall * (deep + matmul.SLACK)
    return factor, product, product + tall * stride, stride


@inline
def _table(room, at, rows, columns):
    return room[at : at + rows * columns].reshape(rows, columns)


@inline
def _multiply(room, product, factor, source, count, tall, panels):
    """room[product:] (tall, panels*width) = source (count, deep) @ the packed weight."""
    deep = source.shape[1]
    matmul.copy(room, factor, tall, source, 0, deep, 1, count, deep)
    width = VECTORS * tile.lanes(room)
    stride = panels * width
    for k0 in range(0, deep, DEPTH):
        k1 = min(k0 + DEPTH, deep)
        for panel in range(panels):
            first, column = panel * (deep + matmul.SLACK) * width, product + panel * width
            for i in range(0, tall, HEIGHT):
                t = tile.zeros(room, HEIGHT, VECTORS)
                if k0 > 0:
                    t = tile.load(t, room, column + i * stride, stride)
                for k in range(k0, k1):
                    t = tile.outer(t, room, factor + k * tall + i, 1, room, first + k * width)
                tile.store(t, room, column + i * stride, stride)


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
def _input(inputs, places, row, step, steps):
    return inputs[places[row, step] if places.size else row * steps + step]


# Short loops over few arrays each: LLVM turns a loop into vectors only if it can tell with few comparisons that what is
# written lies apart from what is read. All arrays here are rows in the first-level cache.


@inline
def _copy(to, source):
    for j in range(to.size):
        to[j] = source[j]


@inline
def _zero(to):
    zero = to.dtype.type(0)
    for j in range(to.size):
        to[j] = zero


@inline
def _add(to, source):
    for j in range(to.size):
        to[j] += source[j]


@inline
def _begin(h, state, top, count):
    for i in range(count):
        if state.size:
            _copy(h[i], state[top + i])
        else:
            _zero(h[i])


@inline
def _end(y, state, h, top, count, steps):
    for i in range(count):
        if y.shape[1] != steps:
            _copy(y[top + i, 0], h[i])
        if state.size:
            _copy(state[top + i], h[i])


@inline
def _skip(y, before, row, step):
    """A padded step: `before` is multiplied with gradients of 0, and must be finite."""
    if y.shape[1] == before.shape[1]:
        _zero(y[row, step])
    _zero(before[row, step])


@inline
def _receive(dh, dy, row, t, is_last, steps):
    """Adds what the loss says of the state after step t itself."""
    if dy.shape[1] == steps:
        _add(dh, dy[row, t])
    elif is_last:
        _add(dh, dy[row, 0])


@inline
def _sigmoid_of_sum(g, x, a):
    for j in range(g.size):
        g[j] = sigmoid(x[j] + a[j])


@inline
def _tanh_of_sum(g, x, a):
    for j in range(g.size):
        g[j] = tanh(x[j] + a[j])


@inline
def _relu_of_sum(g, x, a):
    zero = g.dtype.type(0)
    for j in range(g.size):
        z = x[j] + a[j]
        g[j] = zero if z < zero else z


@inline
def _sigmoid_backward(d, dy, factor, gate):
    """d = dy * factor * the slope of the sigmoid that gave `gate`"""
    one = gate.dtype.type(1)
    for j in range(d.size):
        d[j] = dy[j] * factor[j] * (gate[j] * (one - gate[j]))


@inline
def _tanh_backward(d, dy, factor, gate):
    """d = dy * factor * the slope of the tanh that gave `gate`"""
    one = gate.dtype.type(1)
    for j in range(d.size):
        d[j] = dy[j] * factor[j] * (one - gate[j] * gate[j])


# ----------------------------------------------------------------------------------------------------------- simple_rnn


def simple_rnn(y, before, gates, inputs, places, state, recurrent, lengths, reverse, code) -> None:
    """h = f(x + h @ recurrent (units, units)), with f by its code; gates are h."""
    _run(
        _simple_rnn,
        recurrent,
        *gates.shape[:2],
        False,
        y,
        before,
        gates,
        inputs,
        places,
        state,
        lengths,
        reverse,
        code,
    )


@kernel
def _simple_rnn(y, before, gates, inputs, places, state, lengths, reverse, code, recurrent, room, plan):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), False)
    for worker in prange(plan[0]):
        _simple_rnn_rows(
            np.int64(worker), y, before, gates, inputs, places, state, lengths, reverse, code, room, plan
        )


@inline
def _simple_rnn_rows(worker, y, before, gates, inputs, places, state, lengths, reverse, code, room, plan):
    rows, steps, units = before.shape
    share, tall, panels = plan[1], plan[2], plan[3]
    factor, product, rest, stride = _parts(worker, room, plan, units)
    sums, h = _table(room, product, tall, stride), _table(room, rest, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _begin(h, state, top, count)
        for step in range(steps):
            if step < longest:
                _multiply(room, product, factor, h, count, tall, panels)
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _skip(y, before, row, step)
                    continue
                t = length - 1 - step if reverse else step
                _copy(before[row, t], h[i])
                g, x = gates[row, t], _input(inputs, places, row, t, steps)
                if code == TANH:
                    _tanh_of_sum(g, x, sums[i, :units])
                else:
                    _relu_of_sum(g, x, sums[i, :units])
                _copy(h[i], g)
                if y.shape[1] == steps:
                    _copy(y[row, t], g)
        _end(y, state, h, top, count, steps)


def simple_rnn_backward(dgates, dy, gates, recurrent, lengths, reverse, code) -> None:
    _run(_simple_rnn_backward, recurrent, *gates.shape[:2], True, dgates, dy, gates, lengths, reverse, code)


@kernel
def _simple_rnn_backward(dgates, dy, gates, lengths, reverse, code, recurrent, room, plan):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), True)
    for worker in prange(plan[0]):
        _simple_rnn_backward_rows(np.int64(worker), dgates, dy, gates, lengths, reverse, code, room, plan)


@inline
def _simple_rnn_backward_rows(worker, dgates, dy, gates, lengths, reverse, code, room, plan):
    rows, steps, units = gates.shape
    share, tall, panels = plan[1], plan[2], plan[3]
    factor, product, rest, stride = _parts(worker, room, plan, units)
    sums, d = _table(room, product, tall, stride), _table(room, rest, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _zero(room[product:rest])
        _zero(room[rest : rest + tall * units])
        for step in range(steps - 1, -1, -1):
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _zero(dgates[row, step])
                    continue
                t = length - 1 - step if reverse else step
                dh = sums[i, :units]
                _receive(dh, dy, row, t, step == length - 1, steps)
                _activation_backward(d[i], dh, gates[row, t], code)
                _copy(dgates[row, t], d[i])
            if 0 < step < longest:
                _multiply(room, product, factor, d, count, tall, panels)


@inline
def _activation_backward(d, dh, h, code):
    zero, one = h.dtype.type(0), h.dtype.type(1)
    if code == TANH:
        for j in range(d.size):
            d[j] = dh[j] * (one - h[j] * h[j])
    else:
        for j in range(d.size):
            d[j] = zero if h[j] <= zero else dh[j]


# ----------------------------------------------------------------------------------------------------------------- lstm


def lstm(y, before, cells, squashed, gates, inputs, places, state, cell, recurrent, lengths, reverse) -> None:
    """c = f c + i g, h = o tanh(c), for the gates i f g o = sigmoid, sigmoid, tanh, sigmoid of x + h @ recurrent.

    cells, squashed (rows, steps, units): c before each step, and tanh of c after it. recurrent: (units, 4*units).
    """
    _run(
        _lstm,
        recurrent,
        *gates.shape[:2],
        False,
        y,
        before,
        cells,
        squashed,
        gates,
        inputs,
        places,
        state,
        cell,
        lengths,
        reverse,
    )


@kernel
def _lstm(
    y, before, cells, squashed, gates, inputs, places, state, cell, lengths, reverse, recurrent, room, plan
):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), False)
    for worker in prange(plan[0]):
        _lstm_rows(
            np.int64(worker),
            y,
            before,
            cells,
            squashed,
            gates,
            inputs,
            places,
            state,
            cell,
            lengths,
            reverse,
            room,
            plan,
        )


@inline
def _lstm_rows(
    worker, y, before, cells, squashed, gates, inputs, places, state, cell, lengths, reverse, room, plan
):
    rows, steps, units = before.shape
    share, tall, panels = plan[1], plan[2], plan[3]
    factor, product, rest, stride = _parts(worker, room, plan, units)
    sums = _table(room, product, tall, stride)
    h, c = _table(room, rest, tall, units), _table(room, rest + tall * units, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _begin(h, state, top, count)
        _begin(c, cell, top, count)
        for step in range(steps):
            if step < longest:
                _multiply(room, product, factor, h, count, tall, panels)
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _skip(y, before, row, step)
                    continue
                t = length - 1 - step if reverse else step
                _copy(before[row, t], h[i])
                _copy(cells[row, t], c[i])
                g, x, a = gates[row, t], _input(inputs, places, row, t, steps), sums[i]
                _sigmoid_of_sum(g[: 2 * units], x[: 2 * units], a[: 2 * units])
                _tanh_of_sum(g[2 * units : 3 * units], x[2 * units : 3 * units], a[2 * units : 3 * units])
                _sigmoid_of_sum(g[3 * units :], x[3 * units :], a[3 * units :])
                _lstm_cell(c[i], g[:units], g[units : 2 * units], g[2 * units : 3 * units])
                _lstm_output(h[i], squashed[row, t], c[i], g[3 * units :])
                if y.shape[1] == steps:
                    _copy(y[row, t], h[i])
        _end(y, state, h, top, count, steps)
        _end(y, cell, c, top, count, y.shape[1])


@inline
def _lstm_cell(c, i, f, g):
    for j in range(c.size):
        c[j] = f[j] * c[j] + i[j] * g[j]


@inline
def _lstm_output(h, s, c, o):
    for j in range(h.size):
        s[j] = tanh(c[j])
        h[j] = o[j] * s[j]


def lstm_backward(dgates, dy, cells, squashed, gates, recurrent, lengths, reverse) -> None:
    _run(
        _lstm_backward,
        recurrent,
        *gates.shape[:2],
        True,
        dgates,
        dy,
        cells,
        squashed,
        gates,
        lengths,
        reverse,
    )


@kernel
def _lstm_backward(dgates, dy, cells, squashed, gates, lengths, reverse, recurrent, room, plan):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), True)
    for worker in prange(plan[0]):
        _lstm_backward_rows(
            np.int64(worker), dgates, dy, cells, squashed, gates, lengths, reverse, room, plan
        )


@inline
def _lstm_backward_rows(worker, dgates, dy, cells, squashed, gates, lengths, reverse, room, plan):
    rows, steps, units = cells.shape
    share, tall, panels, wide = plan[1], plan[2], plan[3], gates.shape[2]
    factor, product, rest, stride = _parts(worker, room, plan, wide)
    sums = _table(room, product, tall, stride)
    d, c = _table(room, rest, tall, wide), _table(room, rest + tall * wide, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _zero(room[product : rest + tall * (wide + units)])
        for step in range(steps - 1, -1, -1):
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _zero(dgates[row, step])
                    continue
                t = length - 1 - step if reverse else step
                dh, dc = sums[i, :units], c[i]
                _receive(dh, dy, row, t, step == length - 1, steps)
                gate = gates[row, t]
                gi, gf, gg, go = (
                    gate[:units],
                    gate[units : 2 * units],
                    gate[2 * units : 3 * units],
                    gate[3 * units :],
                )
                _sigmoid_backward(d[i, 3 * units :], dh, squashed[row, t], go)
                _lstm_cell_backward(dc, dh, squashed[row, t], go)
                _sigmoid_backward(d[i, :units], dc, gg, gi)
                _sigmoid_backward(d[i, units : 2 * units], dc, cells[row, t], gf)
                _tanh_backward(d[i, 2 * units : 3 * units], dc, gi, gg)
                _times(dc, gf)
                _copy(dgates[row, t], d[i])
            if 0 < step < longest:
                _multiply(room, product, factor, d, count, tall, panels)


@inline
def _lstm_cell_backward(dc, dh, s, o):
    one = o.dtype.type(1)
    for j in range(dc.size):
        dc[j] += dh[j] * o[j] * (one - s[j] * s[j])


@inline
def _times(to, factor):
    for j in range(to.size):
        to[j] *= factor[j]


# ------------------------------------------------------------------------------------------------------------------ gru


def gru(
    y, before, proposed, gates, inputs, places, state, recurrent, recurrent_bias, lengths, reverse
) -> None:
    """h = n + z (h - n), for r z = sigmoid of x + h @ recurrent, n = tanh of x + r q, q = h @ recurrent + recurrent_bias.

    proposed (rows, steps, units): q. recurrent: (units, 3*units), in the order r z n. recurrent_bias: (units,) or empty.
    """
    _run(
        _gru,
        recurrent,
        *gates.shape[:2],
        False,
        y,
        before,
        proposed,
        gates,
        inputs,
        places,
        state,
        recurrent_bias,
        lengths,
        reverse,
    )


@kernel
def _gru(
    y, before, proposed, gates, inputs, places, state, recurrent_bias, lengths, reverse, recurrent, room, plan
):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), False)
    for worker in prange(plan[0]):
        _gru_rows(
            np.int64(worker),
            y,
            before,
            proposed,
            gates,
            inputs,
            places,
            state,
            recurrent_bias,
            lengths,
            reverse,
            room,
            plan,
        )


@inline
def _gru_rows(
    worker, y, before, proposed, gates, inputs, places, state, recurrent_bias, lengths, reverse, room, plan
):
    rows, steps, units = before.shape
    share, tall, panels = plan[1], plan[2], plan[3]
    factor, product, rest, stride = _parts(worker, room, plan, units)
    sums, h = _table(room, product, tall, stride), _table(room, rest, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _begin(h, state, top, count)
        for step in range(steps):
            if step < longest:
                _multiply(room, product, factor, h, count, tall, panels)
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _skip(y, before, row, step)
                    continue
                t = length - 1 - step if reverse else step
                _copy(before[row, t], h[i])
                g, x, q = gates[row, t], _input(inputs, places, row, t, steps), proposed[row, t]
                _sigmoid_of_sum(g[: 2 * units], x[: 2 * units], sums[i, : 2 * units])
                _copy(q, sums[i, 2 * units : 3 * units])
                if recurrent_bias.size:
                    _add(q, recurrent_bias)
                _gru_candidate(g[2 * units :], x[2 * units :], g[:units], q)
                _gru_state(h[i], g[units : 2 * units], g[2 * units :])
                if y.shape[1] == steps:
                    _copy(y[row, t], h[i])
        _end(y, state, h, top, count, steps)


@inline
def _gru_candidate(n, x, r, q):
    for j in range(n.size):
        n[j] = tanh(x[j] + r[j] * q[j])


@inline
def _gru_state(h, z, n):
    for j in range(h.size):
        h[j] = n[j] + z[j] * (h[j] - n[j])


def gru_backward(dgates, drecurrent, dy, before, proposed, gates, recurrent, lengths, reverse) -> None:
    """drecurrent (rows, steps, 3*units): as dgates, but with q's gradient in the place of n's."""
    _run(
        _gru_backward,
        recurrent,
        *gates.shape[:2],
        True,
        dgates,
        drecurrent,
        dy,
        before,
        proposed,
        gates,
        lengths,
        reverse,
    )


@kernel
def _gru_backward(dgates, drecurrent, dy, before, proposed, gates, lengths, reverse, recurrent, room, plan):
    for panel in prange(plan[3]):
        _pack(room, recurrent, np.int64(panel), True)
    for worker in prange(plan[0]):
        _gru_backward_rows(
            np.int64(worker), dgates, drecurrent, dy, before, proposed, gates, lengths, reverse, room, plan
        )


@inline
def _gru_backward_rows(worker, dgates, drecurrent, dy, before, proposed, gates, lengths, reverse, room, plan):
    rows, steps, units = before.shape
    share, tall, panels, wide = plan[1], plan[2], plan[3], gates.shape[2]
    factor, product, rest, stride = _parts(worker, room, plan, wide)
    sums = _table(room, product, tall, stride)
    d, carried = _table(room, rest, tall, wide), _table(room, rest + tall * wide, tall, units)
    for top in range(worker * share, min(rows, (worker + 1) * share), tall):
        count = min(tall, rows - top, (worker + 1) * share - top)
        longest = _longest(lengths, top, count, steps)
        _zero(room[product : rest + tall * (wide + units)])
        for step in range(steps - 1, -1, -1):
            for i in range(count):
                row, length = top + i, _length(lengths, top + i, steps)
                if step >= length:
                    _zero(dgates[row, step])
                    _zero(drecurrent[row, step])
                    continue
                t = length - 1 - step if reverse else step
                dh = carried[i]
                _add(dh, sums[i, :units])
                _receive(dh, dy, row, t, step == length - 1, steps)
                gate, dgate = gates[row, t], dgates[row, t]
                r, z, n = gate[:units], gate[units : 2 * units], gate[2 * units :]
                dr, dz, dq, dn = d[i, :units], d[i, units : 2 * units], d[i, 2 * units :], dgate[2 * units :]
                _gru_update_backward(dz, dh, before[row, t], n, z)
                _gru_candidate_backward(dn, dh, z, n)
                _sigmoid_backward(dr, dn, proposed[row, t], r)
                _product_of(dq, dn, r)
                _times(dh, z)
                _copy(dgate[: 2 * units], d[i, : 2 * units])
                _copy(drecurrent[row, t], d[i])
            if 0 < step < longest:
                _multiply(room, product, factor, d, count, tall, panels)


@inline
def _gru_update_backward(dz, dh, h, n, z):
    one = z.dtype.type(1)
    for j in range(dz.size):
        dz[j] = dh[j] * (h[j] - n[j]) * (z[j] * (one - z[j]))


@inline
def _gru_candidate_backward(dn, dh, z, n):
    one = z.dtype.type(1)
    for j in range(dn.size):
        dn[j] = dh[j] * (one - z[j]) * (one - n[j] * n[j])


@inline
def _product_of(to, a, b):
    for j in range(to.size):
        to[j] = a[j] * b[j]
