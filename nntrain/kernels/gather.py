"""Gathering: the rows of a batch, picked from the data and converted to the network's float type."""

from nntrain.kernels.jit import inline, kernel, prange

NARROW = 32  # values of a row that are copied sooner than slices of them are made: 10,000 rows of 4 in 60 instead of 610 us


@kernel
def rows(out, x, indices, shift, scale):
    """out[i] = (x[indices[i]] - shift) * scale, in float64, so that both precisions get the same numbers up to rounding.

    out: (rows, values). x: (count, values), floats or uint8. indices: (rows,) int64. shift, scale: (period,) float64,
    which repeat along the values. Raises IndexError for an index outside of x.
    """
    for i in range(indices.size):
        if indices[i] < 0 or indices[i] >= x.shape[0]:
            raise IndexError("a batch asks for a row that the data does not have")
    width = x.shape[1]
    if width <= min(NARROW, shift.size):
        for i in range(indices.size):
            for j in range(width):
                out[i, j] = (x[indices[i], j] - shift[j]) * scale[j]
    else:
        for i in range(indices.size):
            scaled(out[i], x[indices[i]], shift, scale)


@kernel(cost=4)
def block(out, x, start, shift, scale):
    """As `rows`, for the rows of x from `start` on, which must exist."""
    for i in prange(out.shape[0]):
        scaled(out[i], x[start + i], shift, scale)


@inline
def scaled(out, x, shift, scale):
    period = shift.size
    for start in range(0, x.size, period):
        # Slices, so that every index starts at 0 and LLVM vectorizes the loop: 30 us for 128 x 784, 90 without them.
        to, source = out[start : start + period], x[start : start + period]
        for j in range(to.size):
            to[j] = (source[j] - shift[j]) * scale[j]
