"""The gradient of a weight over many rows, dw = x transposed @ dy, as the sum of the products of both halves of the rows.

Most layers split rows between threads, so each core reads the half that it wrote, which is still in its cache. The halves follow from
the number of rows alone: any number of threads gives the same bits.
"""

import functools

import numba
import numpy as np

from nntrain.kernels import matmul, scratch
from nntrain.kernels.jit import kernel, prange

STRIP = 16  # columns of a transposed sum that are added at a time: a cache line of float32


def weight_gradient(dw: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    """dw (K, N) = x (M, K) transposed @ dy (M, N)"""
    # With fewer rows than columns, less of the product is packed.
    turned = dw.shape[0] > dw.shape[1]
    a, b = (dy, x) if turned else (x, dy)
    plans, sizes, workspace, sums = _planned(
        len(x), a.shape[1], b.shape[1], numba.get_num_threads(), dw.itemsize
    )
    _product.parallel(dw, sums, a, b, matmul.no_bias[dw.itemsize], workspace, plans, sizes, turned)


@functools.lru_cache(maxsize=1024)
def _planned(rows: int, m: int, n: int, workers: int, itemsize: int) -> tuple:
    """The fields of a matmul.Plan for each half of the rows; workers, rows and workspace of a half; the workspace; the sums (2, m, n)."""
    each = workers // 2 if workers % 2 == 0 else workers
    plans = [
        matmul.planned((m, n, half, 1, m, n, 1), each, itemsize, False)[0]
        for half in (rows // 2, rows - rows // 2)
    ]
    both = np.stack(plans)
    own = both[:, -1].max()
    both[:, -1] = own
    packed, size = each * int(own), 2 * m * n
    room = scratch.buffer(np.dtype(f"f{itemsize}"), 2 * packed + size)
    return both, (each, rows // 2, packed), room[size : size + 2 * packed], room[:size].reshape(2, m, n)


@kernel  # only its parallel form is used
def _product(dw, sums, a, b, none, workspace, plans, sizes, turned):
    """dw = a transposed @ b; `turned`: its transpose."""
    each, above, packed = sizes
    for task in prange(2 * each):
        half, worker = np.int64(task) // each, np.int64(task) % each
        top, room = half * above, workspace[half * packed :]
        matmul.compute(worker, sums[half], a[top:], b[top:], none, room, plans[half], matmul.NONE, 0.0)
    rows, columns = dw.shape
    for strip in prange((rows + STRIP - 1) // STRIP):
        first = np.int64(strip) * STRIP
        last = min(rows, first + STRIP)
        if turned:
            for j in range(columns):
                for i in range(first, last):
                    dw[i, j] = sums[0, j, i] + sums[1, j, i]
        else:
            for i in range(first, last):
                for j in range(columns):
                    dw[i, j] = sums[0, i, j] + sums[1, i, j]
