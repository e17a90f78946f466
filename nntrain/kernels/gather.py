"""Gathering: the rows of a batch, picked from the data and converted to the network's float type."""

from nntrain.kernels.jit import inline, kernel, prange


@kernel
def rows(out, x, indices, shift, scale):
    """out[i] = (x[indices[i]] - shift) * scale, in float64, so that both precisions get the same numbers up to rounding.

    out: (rows, values). x: (count, values), floats or uint8. indices: (rows,) int64. shift, scale: (period,) float64,
    which repeat along the values. Raises IndexError for an index outside of x.
    """
    for i in range(indices.size):
        if indices[i] < 0 or indices[i] >= x.shape[0]:
            raise IndexError("a batch asks for a row that the data does not have")
    for i in range(indices.size):
        _scaled(out[i], x[indices[i]], shift, scale)


@kernel(cost=4)
def block(out, x, start, shift, scale):
    """As `rows`, for the rows of x from `start` on, which must exist."""
    for i in prange(out.shape[0]):
        _scaled(out[i], x[start + i], shift, scale)


@inline
def _scaled(out, x, shift, scale):
    period = shift.size
    for start in range(0, x.size, period):
        # Slices, so that every index starts at 0 and LLVM vectorizes the loop: 30 us for 128 x 784, 90 without them.
        to, source = out[start : start + period], x[start : start + period]
        for j in range(to.size):
            to[j] = (source[j] - shift[j]) * scale[j]
