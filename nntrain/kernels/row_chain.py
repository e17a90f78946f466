"""Dense layers one after the other for one row, in one call: calling a kernel from Python takes longer than a small layer."""

from nntrain.kernels import denormals, tile
from nntrain.kernels.gather import scaled
from nntrain.kernels.jit import inline, kernel
from nntrain.kernels.product_tile import ROW_VECTORS, Operands, Place, Span, finish, row_tile


@kernel  # only its serial form is used
def answer(y, x, shift, scale, layers, slopes, room):
    """y (outputs,) = the output of the layers for x, scaled as by `gather.rows`; whether that and the scaled x are finite.

    layers (count, 5) int64: the addresses of weight (inputs, units) and bias, 0 for none, their sizes, and the code of the
    epilogue; slopes (count,): those of the epilogues. room: memory for two rows, each as wide as any layer.
    """
    flags = denormals.flush()
    half = room.size // 2
    scaled(room[: x.size], x, shift, scale)
    finite = _is_finite(room, x.size)
    at = 0
    for k in range(layers.shape[0]):
        last = k == layers.shape[0] - 1
        _dense(tile.address(y, 0) if last else tile.address(room, half - at), room, at, layers[k], slopes[k])
        at = half - at
    denormals.set_back(flags)
    return finite and _is_finite(y, y.size)


@inline
def _is_finite(x, count):
    zero = x.dtype.type(0)
    sum = zero
    for i in range(count):
        sum += x[i] * zero
    return sum == zero


@inline
def _dense(c, a, at, layer, slope):
    """c = f(a[at ...] @ w + b) by the sums of `matmul`, so with its bits."""
    weight, bias, inputs, units, code = layer[0], layer[1], layer[2], layer[3], layer[4]
    factor, span = a.dtype.type(slope), Span(0, inputs, inputs)
    columns = ROW_VECTORS * tile.lanes(a)
    whole = units // columns * columns
    value = tile.address(a, 1) - tile.address(a, 0)
    for j in range(0, whole, columns):
        operands = Operands(tile.address(a, at), 1, 1, weight + j * value, units)
        row_tile(factor, Place(c, 0, j, 1, units), operands, span, bias, code)
    for j in range(whole, units, tile.lanes(a)):
        t, left = tile.zeros(a, 1, 1), units - j
        for k in range(inputs):
            row = tile.load_part(t, weight + j * value, k * units, 0, 1, left)
            t = tile.multiply_add(t, tile.fill(t, a[at + k]), row)
        finish(t, tile.zeros(a, 1, 1), factor, Place(c, 0, j, 1, units), span, bias, code)
