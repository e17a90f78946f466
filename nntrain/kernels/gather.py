"""Gathering: the rows of a batch, picked from the data and converted to the network's float type."""

from nntrain.kernels.jit import kernel


@kernel
def rows(out, x, indices, shift, scale):
    """out[i] = (x[indices[i]] - shift) * scale, in float64, so that both precisions get the same numbers up to rounding.

    out: (rows, values). x: (count, values), floats or uint8. indices: (rows,) int64. shift, scale: (period,) float64,
    which repeat along the values. Raises IndexError for an index outside of x.
    """
    period = shift.size
    values = x.shape[1]
    for i in range(indices.size):
        if indices[i] < 0 or indices[i] >= x.shape[0]:
            raise IndexError("a batch asks for a row that the data does not have")
    for i in range(indices.size):
        row = indices[i]
        for start in range(0, values, period):
            # Slices, so that every index starts at 0 and LLVM vectorizes the loop: 30 us for 128 x 784, 90 without them.
            to, source = out[i, start : start + period], x[row, start : start + period]
            for j in range(to.size):
                to[j] = (source[j] - shift[j]) * scale[j]
