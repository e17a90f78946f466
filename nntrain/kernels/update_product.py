"""Update product: the weight gradient of a dense layer, applied to the weight while its tiles are in the cache.

The gradient, x transposed @ dy, is never stored: each tile of it updates its part of the weight and of the optimizer's slots, which
are fetched from memory while the products of the tile before are added. The bits are those of the gradient and the update, one after the other.
With `bfloat16`, x and dy are rounded to it; then the gradient is that of `matmul` without VDPBF16PS.
"""

import functools
from typing import NamedTuple

import numba
import numpy as np

from nntrain.kernels import matmul, packing, product_tile, rules, scratch, tile
from nntrain.kernels.jit import implements, inline, kernel, prange
from nntrain.kernels.rounding import operands
from nntrain.kernels.tile import ROWS, VECTORS

# Memory for a tile's update is asked for in so many parts, each before a part of the tile's products.
PARTS = 4
# Values of dy that a worker packs at a time: half of its L2 cache.
PACKED = 2 * matmul.BLOCK_BYTES // 4


class Plan(NamedTuple):
    """The gradient (m, n) = x (k, m) transposed @ dy (k, n); each worker computes a share of its panels, `together` at a time."""

    m: int
    n: int
    k: int
    workers: int
    together: int
    own: int  # values of the workspace of each worker


class Momentum(NamedTuple):
    """What a strip of the gradient updates: addresses and the rule's numbers."""

    theta: int
    velocity: int
    p: rules.Momentum


class Adam(NamedTuple):
    theta: int
    mean: int
    square: int
    p: rules.Adam


def prefetch(target, row, at):
    """Loads into the cache what `update` needs there."""


def update(target, at, columns, gradient):
    """Updates from `at` on as many parameters as the strip has columns, or only `columns`."""


@implements(prefetch, Momentum)
def _prefetch_momentum(target, row, at):
    tile.prefetch(row, target.theta, at, 0)
    tile.prefetch(row, target.velocity, at, 0)


@implements(prefetch, Adam)
def _prefetch_adam(target, row, at):
    tile.prefetch(row, target.theta, at, 0)
    tile.prefetch(row, target.mean, at, 0)
    tile.prefetch(row, target.square, at, 0)


@implements(update, Momentum)
def _momentum(target, at, columns, gradient):
    rules.momentum(target.theta, target.velocity, at, columns, gradient, target.p, 1.0)


@implements(update, Adam)
def _adam(target, at, columns, gradient):
    rules.adam(target.theta, target.mean, target.square, at, columns, gradient, target.p, 1.0)


@kernel  # only its parallel form is used
def _momentum_product(theta, velocity, x, dy, workspace, plan, p):
    at = tile.address(theta, 0), tile.address(velocity, 0)
    for worker in prange(Plan(*plan).workers):
        _panels(np.int64(worker), Momentum(*at, rules.Momentum(*p)), x, dy, workspace, Plan(*plan))


@kernel  # only its parallel form is used
def _adam_product(theta, mean, square, x, dy, workspace, plan, p):
    at = tile.address(theta, 0), tile.address(mean, 0), tile.address(square, 0)
    for worker in prange(Plan(*plan).workers):
        _panels(np.int64(worker), Adam(*at, rules.Adam(*p)), x, dy, workspace, Plan(*plan))


@inline
def _panels(worker, target, x, dy, workspace, plan):
    """A worker's panels, `together` at a time: packs them, then goes along each row of tiles, so that memory is read in order."""
    m, n, k, workers, together, own = plan
    width, tall = tile.width(x), tile.height(x)
    panels = (n - 1) // width + 1
    first, last = worker * panels // workers, (worker + 1) * panels // workers
    product = worker * own
    left = product + tall * width
    packed = left + tall * (k + packing.SLACK)
    for start in range(first, last, together):
        end = min(last, start + together)
        for panel in range(start, end):
            at, j = packed + (panel - start) * (k + packing.SLACK) * width, panel * width
            packing.copy(workspace, at, width, dy, j, 1, n, n - j, k)
        shorts = product_tile.short_tiles(m, tall, tile.short_height(x))
        i = 0
        while i < m:
            height = tall if m - i > shorts * tile.short_height(x) else tile.short_height(x)
            packing.copy(workspace, left, height, x, i, 1, m, m - i, k)
            for panel in range(start, end):
                b = packed + (panel - start) * (k + packing.SLACK) * width
                _tile(target, x, workspace, product, left, b, i, panel * width, height, plan)
            i += height


@inline
def _tile(target, x, workspace, product, left, b, i, j, height, plan):
    """One tile of the gradient, `height` rows from (i, j) on, and what it updates."""
    row = tile.zeros(x, 1, VECTORS)
    rows, width, n = min(height, plan.m - i), tile.width(x), plan.n
    at, zero, half = tile.address(workspace, product), x.dtype.type(0), n - j <= width // 2
    place = product_tile.Place(at, 0, 0, height, width)
    for part in range(PARTS):
        for r in range(part * rows // PARTS, (part + 1) * rows // PARTS):
            prefetch(target, row, (i + r) * n + j)
        k0, k1 = part * plan.k // PARTS, (part + 1) * plan.k // PARTS
        span = product_tile.Span(k0, k1 - k0, plan.k)
        operands = product_tile.Operands(
            tile.address(workspace, left + k0 * height),
            1,
            height,
            tile.address(workspace, b + k0 * width),
            width,
        )
        if height == tile.height(x):
            if half:
                product_tile.tall_half(zero, place, operands, span, 0, product_tile.NONE)
            else:
                product_tile.tall_packed(zero, place, operands, span, 0, product_tile.NONE)
        elif half:
            product_tile.short_half(zero, place, operands, span, 0, product_tile.NONE)
        else:
            product_tile.short_tile(zero, place, operands, span, 0, product_tile.NONE)
    for r in range(rows):
        gradient = tile.load(row, workspace, product + r * width, 0)
        update(target, (i + r) * n + j, n - j, gradient)


def possible(samples: int) -> bool:
    """Whether all products of so many rows of x and dy are added in one pass."""
    return samples <= matmul.DEPTH


def momentum(
    w: np.ndarray, velocity: np.ndarray, x: np.ndarray, dy: np.ndarray, p: tuple, bfloat16: bool = False
) -> None:
    """optimizers.momentum of w (K, N), which decays, by the gradient x (M, K) transposed @ dy (M, N)."""
    workspace, plan = _planned(*w.shape, len(x), numba.get_num_threads(), w.dtype)
    _momentum_product.parallel(w, velocity, x, dy, operands(workspace, bfloat16), plan, p)


def adam(
    w: np.ndarray,
    mean: np.ndarray,
    square: np.ndarray,
    x: np.ndarray,
    dy: np.ndarray,
    p: tuple,
    bfloat16: bool = False,
) -> None:
    """optimizers.adam, likewise."""
    workspace, plan = _planned(*w.shape, len(x), numba.get_num_threads(), w.dtype)
    _adam_product.parallel(w, mean, square, x, dy, operands(workspace, bfloat16), plan, p)


@functools.lru_cache(maxsize=1024)
def _planned(m: int, n: int, k: int, workers: int, dtype: np.dtype) -> tuple[np.ndarray, tuple]:
    """The workspace, and the fields of a Plan."""
    width = VECTORS * matmul.host.VECTOR_BYTES // dtype.itemsize
    together = max(1, min(PACKED // (k * width), -(-n // (width * workers))))
    own = (ROWS + together * width) * (k + packing.SLACK) + ROWS * width + packing.SLACK * width
    return scratch.buffer(dtype, workers * own), tuple(Plan(m, n, k, workers, together, own))
