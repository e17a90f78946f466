"""Convolutions over images (rows, height, width, channels): y = f(x * w + b), and the gradients of x and w.

w is (kernel rows, kernel columns, channels of a group, filters). No im2col: all three passes multiply straight from a padded
copy of one image at a time. A 1x1 kernel is a matrix product; 3x3 kernels over many channels use Winograd's algorithm, with
a quarter of the multiplications.

With `bfloat16`, x, w and dy (float32 all the same) are rounded to bfloat16 where they are copied, or before Winograd's
transforms; these and all sums are float32.
"""

import numba
import numpy as np

from nntrain.kernels import jit, matmul, scratch
from nntrain.kernels.conv import narrow_plan, pixels, plan, planes, runs, weights, winograd
from nntrain.kernels.geometry import Geometry
from nntrain.kernels.rounding import operands


def forward(
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    geometry: Geometry,
    epilogue: tuple[int, float] = (matmul.NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """y (rows, *output, filters) = f(x * w + b (filters,)); an empty `b` is none. `epilogue`: the code of f, and its slope."""
    if geometry.pointwise:
        matmul.forward(_table(y), _table(x), w.reshape(-1, geometry.filters), b, epilogue, bfloat16)
    elif geometry.suits_winograd:
        winograd.forward(y, x, w, b, geometry.before, epilogue, bfloat16)
    elif narrow_plan.suits_planes(geometry, w.itemsize, gradient=False):
        _planes(y, x, w, b, geometry, epilogue, bfloat16)
    else:
        _pixels(y, x, w, b, geometry, epilogue, bfloat16, gradient=False)


def input_gradient(
    dx: np.ndarray,
    dy: np.ndarray,
    w: np.ndarray,
    geometry: Geometry,
    b: np.ndarray | None = None,
    epilogue: tuple[int, float] = (matmul.NONE, 0.0),
    bfloat16: bool = False,
) -> None:
    """dx (rows, *image, channels), from dy (rows, *output, filters).

    A transposed convolution is the same: its output is dx, with a bias b (channels,) or none, and f as in `forward`.
    """
    b = np.empty(0, w.dtype) if b is None else b
    if geometry.pointwise:
        matmul.forward_transposed(
            _table(dx), _table(dy), w.reshape(-1, geometry.filters), b, epilogue, bfloat16
        )
    elif geometry.suits_winograd:
        winograd.input_gradient(dx, dy, w, geometry.before, b, epilogue, bfloat16)
    elif narrow_plan.suits_runs(geometry, w.itemsize):
        _runs(dx, dy, w, b, geometry, epilogue, bfloat16)
    else:
        _pixels(dx, dy, w, b, geometry, epilogue, bfloat16, gradient=True)


def weight_gradient(
    dw: np.ndarray, x: np.ndarray, dy: np.ndarray, geometry: Geometry, bfloat16: bool = False
) -> None:
    """dw as w, from x (rows, *image, channels) and dy (rows, *output, filters)"""
    if geometry.pointwise:
        return matmul.weight_gradient(dw.reshape(-1, geometry.filters), _table(x), _table(dy), bfloat16)
    if geometry.suits_winograd:
        return winograd.weight_gradient(dw, x, dy, geometry.before, bfloat16)
    if narrow_plan.suits_planes(geometry, dw.itemsize, gradient=True):
        return _planes_weight_gradient(dw, x, dy, geometry, bfloat16)
    work = _work(geometry, len(x))
    p, tables = plan.weights(geometry, len(x), _workers(work), dw.itemsize)
    sums = p.parts * dw.size
    workspace = scratch.buffer(dw.dtype, sums + p.workers * p.own)
    packed = operands(workspace[sums:], bfloat16)
    weights.weight_sums.run(work, workspace, x.reshape(-1), dy.reshape(-1), packed, *tables)
    weights.add_parts.run(sums, dw.reshape(-1), workspace, p.parts)
    return None


def _pixels(y, x, w, b, geometry, epilogue, bfloat16, gradient):
    g = geometry
    work = _work(g, len(x))
    p, packing, tables = plan.pixels(g, len(x), _workers(work), w.itemsize, gradient)
    workspace = operands(scratch.buffer(w.dtype, p.images + p.workers * p.own), bfloat16)
    pack = pixels.pack_gradient if gradient else pixels.pack_forward
    pack.run(w.size, workspace, w.reshape(-1), *packing)
    pixels.pixels.run(work, y.reshape(-1), x.reshape(-1), b, workspace, *tables, *epilogue)


def _planes(y, x, w, b, geometry, epilogue, bfloat16):
    work = _work(geometry, len(x))
    p, offsets = narrow_plan.planes(geometry, len(x), _workers(work), w.itemsize, gradient=False)
    room = scratch.buffer(w.dtype, p.workers * p.own)
    flat = (y.reshape(-1), x.reshape(-1), w.reshape(-1), b)
    planes.forward.run(work, *flat, operands(room, bfloat16), room, tuple(p), offsets, *epilogue)


def _planes_weight_gradient(dw, x, dy, geometry, bfloat16):
    work = _work(geometry, len(x))
    p, _ = narrow_plan.planes(geometry, len(x), _workers(work), dw.itemsize, gradient=True)
    sums = p.parts * p.size
    workspace = scratch.buffer(dw.dtype, sums + p.workers * p.own)
    packed = operands(workspace[sums:], bfloat16)
    planes.weight_sums.run(work, workspace, x.reshape(-1), dy.reshape(-1), packed, tuple(p))
    planes.fold.run(sums, dw.reshape(-1), workspace, tuple(p))


def _runs(dx, dy, w, b, geometry, epilogue, bfloat16):
    work = _work(geometry, len(dx))
    p = narrow_plan.runs(geometry, len(dx), _workers(work), w.itemsize)
    room = scratch.buffer(w.dtype, p.workers * p.own)
    flat = (dx.reshape(-1), dy.reshape(-1), w.reshape(-1), b)
    runs.input_gradient.run(work, *flat, operands(room, bfloat16), room, tuple(p), *epilogue)


def _work(geometry: Geometry, rows: int) -> int:
    """Multiply-adds of one pass."""
    g = geometry
    return rows * g.output[0] * g.output[1] * g.depth * g.filters


def _workers(work: int) -> int:
    return numba.get_num_threads() if work >= jit.PARALLEL_FROM else 1


def _table(array: np.ndarray) -> np.ndarray:
    """(pixels, channels)"""
    return array.reshape(-1, array.shape[-1])
