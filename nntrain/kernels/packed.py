"""Products of small matrices by one thread, inside a kernel: the right operand is packed, the left one has any strides.

As in `matmul`, a tile of the result stays in registers, and each value is one chain of multiply-adds in the order of k.
"""

from nntrain.kernels import host, packing, tile
from nntrain.kernels.jit import inline
from nntrain.kernels.packing import SLACK

# Sizes that are multiples of 8 and of two vectors leave no remainder.
HEIGHT, VECTORS = (8, 2) if host.TILE_ROWS > 8 else (4, 2)


def panels(columns: int, deep: int, width: int) -> int:
    """The size of a packed right operand (deep, columns), in panels of `width` columns."""
    return -(-columns // width) * (deep + SLACK) * width


@inline
def pack(workspace, at, source, start, stride, step, columns, deep):
    """Packs the right operand b of `product`: b[k, j] = source[start + j*stride + k*step], one of the strides 1."""
    width = tile.width(workspace)
    for j in range(0, columns, width):
        to = at + j * (deep + SLACK)
        packing.copy(workspace, to, width, source, start + j * stride, stride, step, columns - j, deep)


@inline
def copy(to, source):
    for j in range(to.size):
        to[j] = source[j]


@inline
def product(c, result, a, left, b, at_b, sizes, above, below):
    """c = a @ b, packed; sizes: (m, n, k). result: where c begins, and the distance of its rows; left: also that of a's columns.

    above: a[i, j] is 0 for j > i, and c is not needed there if n is k's axis too (`above == 2`); below: a[i, j] is 0 for j < i.
    """
    at_c, c_row = result
    at_a, a_row, a_step = left
    m, n, k = sizes
    width, panel = tile.width(c), tile.width(c) * (k + SLACK)
    for i in range(0, m, HEIGHT):
        rows = min(HEIGHT, m - i)
        first = i if below else 0
        last = min(k, i + HEIGHT) if above == 1 else k
        right = min(n, i + HEIGHT) if above == 2 else n
        for j in range(0, right, width):
            t = tile.zeros(c, HEIGHT, VECTORS)
            at = at_b + j // width * panel
            for s in range(first, last):
                t = tile.outer(t, a, at_a + i * a_row + s * a_step, a_row, b, at + s * width)
            columns = min(width, n - j)
            if rows == HEIGHT and columns == width:
                tile.store(t, c, at_c + i * c_row + j, c_row)
            else:
                tile.store_part(t, c, at_c + i * c_row + j, c_row, rows, columns)


@inline
def fill(to, value):
    for j in range(to.size):
        to[j] = value
