"""The transforms of Winograd's convolution F(4x4, 3x3), of one tile and one vector of channels at a time.

A polynomial of degree 5 is determined by its values at six points. So four outputs y of a filter g with three taps over six
inputs d take six products instead of twelve, y = Aᵀ [(G g) * (Bᵀ d)], and 4x4 outputs take 36 instead of 144, with
Y = Aᵀ [(G g Gᵀ) * (Bᵀ d B)] A (Lavin & Gray 2016, arXiv 1509.09308). The points here are 0, ±a, ±b and infinity:
row p of Bᵀ holds the coefficients of m(z) / (z - p), with m(z) = z (z² - a²) (z² - b²); row p of G is (1, p, p²) / m'(p);
column p of Aᵀ is (1, p, p², p³).

A `..._line` is the transform in one dimension, applied to each tile's columns, then to its rows; `lines` is the offset of
the intermediate result, POINTS vectors of the workspace. `image` is the image and the pixel where a tile begins: (row, top,
left).
"""

from nntrain.kernels import tile
from nntrain.kernels.jit import inline
from nntrain.kernels.product_tile import LEAKY_RELU, RELU
from nntrain.kernels.tile import add_multiple, multiple

OUT, TAPS, IN = 4, 3, 6  # of a line: outputs, taps, and inputs, as many as points
POINTS = IN * IN

# The largest error in float32, over 256 channels, is 2.4e-6 of the largest output. It is 1.1e-5 with the paper's points 1
# and 2, and 3.1e-6 with oneDNN's 5/8 and 3/2.
A, B = 0.75, 1.5
AA, BB = A * A, B * B
FOR_0, FOR_A, FOR_B = 1 / (AA * BB), 1 / (2 * AA * (AA - BB)), 1 / (2 * BB * (BB - AA))  # 1 / m'(p)


@inline
def inputs_line(workspace, to, step, line):
    """workspace[to + p*step] = (Bᵀ d)[p]"""
    d0, d1, d2, d3, d4, d5 = line
    even_a, odd_a = add_multiple(d4, -BB, d2), add_multiple(d3, -BB, d1)
    even_b, odd_b = add_multiple(d4, -AA, d2), add_multiple(d3, -AA, d1)
    tile.store(add_multiple(add_multiple(d4, -(AA + BB), d2), AA * BB, d0), workspace, to, 0)
    tile.store(add_multiple(even_a, A, odd_a), workspace, to + step, 0)
    tile.store(add_multiple(even_a, -A, odd_a), workspace, to + 2 * step, 0)
    tile.store(add_multiple(even_b, B, odd_b), workspace, to + 3 * step, 0)
    tile.store(add_multiple(even_b, -B, odd_b), workspace, to + 4 * step, 0)
    tile.store(add_multiple(add_multiple(d5, -(AA + BB), d3), AA * BB, d1), workspace, to + 5 * step, 0)


@inline
def inputs(workspace, to, point, lines, x, image, c0, c1):
    """workspace[to + p*point + c - c0] = (Bᵀ d B)[p] for channels c0 to c1 of 6x6 pixels; outside the image they are 0."""
    row, top, left = image
    _, height, across, channels = x.shape
    lanes, six = tile.lanes(x), tile.zeros(x, IN, 1)
    for c in range(c0, c1, lanes):
        for i in range(IN):
            rest = channels - c if 0 <= top + i < height else 0
            at = ((row * height + top + i) * across + left) * channels + c
            d0 = _pixel(x, at, left, across, rest)
            d1 = _pixel(x, at + channels, left + 1, across, rest)
            d2 = _pixel(x, at + 2 * channels, left + 2, across, rest)
            d3 = _pixel(x, at + 3 * channels, left + 3, across, rest)
            d4 = _pixel(x, at + 4 * channels, left + 4, across, rest)
            d5 = _pixel(x, at + 5 * channels, left + 5, across, rest)
            inputs_line(workspace, lines + i * lanes, IN * lanes, (d0, d1, d2, d3, d4, d5))
        for q in range(IN):
            line = tile.split(tile.load(six, workspace, lines + q * IN * lanes, lanes))
            inputs_line(workspace, to + q * point + c - c0, IN * point, line)


@inline
def _pixel(x, at, column, across, rest):
    """The vector x[at : at + rest]; 0 if the column is outside the image."""
    t = tile.load_part(tile.zeros(x, 1, 1), x, at, 0, 1, rest if 0 <= column < across else 0)
    return tile.rounded(t, x)


@inline
def weights_line(workspace, to, step, line):
    """workspace[to + p*step] = (G g)[p]"""
    g0, g1, g2 = line
    even_a, even_b = add_multiple(g0, AA, g2), add_multiple(g0, BB, g2)
    tile.store(multiple(FOR_0, g0), workspace, to, 0)
    tile.store(multiple(FOR_A, add_multiple(even_a, A, g1)), workspace, to + step, 0)
    tile.store(multiple(FOR_A, add_multiple(even_a, -A, g1)), workspace, to + 2 * step, 0)
    tile.store(multiple(FOR_B, add_multiple(even_b, B, g1)), workspace, to + 3 * step, 0)
    tile.store(multiple(FOR_B, add_multiple(even_b, -B, g1)), workspace, to + 4 * step, 0)
    tile.store(g2, workspace, to + 5 * step, 0)


@inline
def weights(workspace, to, point, lines, taps, rest, like):
    """workspace[to + p*point] = (G g Gᵀ)[p] for one vector of filters, of which `rest` exist, for taps (w, at, step).

    Tap t of g is w[at + t*step], rounded if `like` is an array of bfloat16.
    """
    lanes, one, three = tile.lanes(workspace), tile.zeros(workspace, 1, 1), tile.zeros(workspace, TAPS, 1)
    w, at, step = taps
    for j in range(TAPS):
        g0 = tile.rounded(tile.load_part(one, w, at + j * step, 0, 1, rest), like)
        g1 = tile.rounded(tile.load_part(one, w, at + (TAPS + j) * step, 0, 1, rest), like)
        g2 = tile.rounded(tile.load_part(one, w, at + (2 * TAPS + j) * step, 0, 1, rest), like)
        weights_line(workspace, lines + j * lanes, TAPS * lanes, (g0, g1, g2))
    for p in range(IN):
        line = tile.split(tile.load(three, workspace, lines + p * TAPS * lanes, lanes))
        weights_line(workspace, to + p * IN * point, point, line)


@inline
def outputs_line(line):
    """Aᵀ m"""
    m0, m1, m2, m3, m4, m5 = line
    sum_a, difference_a = add_multiple(m1, 1.0, m2), add_multiple(m1, -1.0, m2)
    sum_b, difference_b = add_multiple(m3, 1.0, m4), add_multiple(m3, -1.0, m4)
    return (
        add_multiple(add_multiple(m0, 1.0, sum_a), 1.0, sum_b),
        add_multiple(multiple(A, difference_a), B, difference_b),
        add_multiple(multiple(AA, sum_a), BB, sum_b),
        add_multiple(add_multiple(m5, A * AA, difference_a), B * BB, difference_b),
    )


@inline
def outputs(y, image, n0, n1, b, epilogue, workspace, m, point, lines):
    """4x4 pixels of y = f((Aᵀ m A) + b) for filters n0 to n1; those outside the image are not written."""
    row, top, left = image
    _, height, across, filters = y.shape
    lanes, six = tile.lanes(y), tile.zeros(y, IN, 1)
    for n in range(n0, n1, lanes):
        bias = tile.load_part(tile.zeros(y, 1, 1), b, n, 0, 1, b.size - n)
        for q in range(IN):
            y0, y1, y2, y3 = outputs_line(
                tile.split(tile.load(six, workspace, m + q * point + n - n0, IN * point))
            )
            tile.store(y0, workspace, lines + q * lanes, 0)
            tile.store(y1, workspace, lines + (IN + q) * lanes, 0)
            tile.store(y2, workspace, lines + (2 * IN + q) * lanes, 0)
            tile.store(y3, workspace, lines + (3 * IN + q) * lanes, 0)
        for i in range(min(OUT, height - top)):
            y0, y1, y2, y3 = outputs_line(
                tile.split(tile.load(six, workspace, lines + i * IN * lanes, lanes))
            )
            at = ((row * height + top + i) * across + left) * filters + n
            _finish(y, at, y0, bias, epilogue, 1, filters - n)
            _finish(y, at + filters, y1, bias, epilogue, across - left - 1, filters - n)
            _finish(y, at + 2 * filters, y2, bias, epilogue, across - left - 2, filters - n)
            _finish(y, at + 3 * filters, y3, bias, epilogue, across - left - 3, filters - n)


@inline
def _finish(y, at, t, bias, epilogue, columns, rest):
    """y[at : at + rest] = f(t + bias), if there are columns left."""
    code, slope = epilogue
    t = tile.add_row(t, bias)
    if code == RELU:
        t = tile.relu(t)
    elif code == LEAKY_RELU:
        t = tile.leaky_relu(t, slope)
    tile.store_part(t, y, at, 0, columns, rest)


@inline
def output_gradients_line(workspace, to, step, line):
    """workspace[to + p*step] = (A dy)[p], the gradient of m"""
    d0, d1, d2, d3 = line
    even_a, odd_a = add_multiple(d0, AA, d2), add_multiple(d1, AA, d3)
    even_b, odd_b = add_multiple(d0, BB, d2), add_multiple(d1, BB, d3)
    tile.store(d0, workspace, to, 0)
    tile.store(add_multiple(even_a, A, odd_a), workspace, to + step, 0)
    tile.store(add_multiple(even_a, -A, odd_a), workspace, to + 2 * step, 0)
    tile.store(add_multiple(even_b, B, odd_b), workspace, to + 3 * step, 0)
    tile.store(add_multiple(even_b, -B, odd_b), workspace, to + 4 * step, 0)
    tile.store(d3, workspace, to + 5 * step, 0)


@inline
def output_gradients(workspace, to, point, lines, dy, image, n0, n1):
    """workspace[to + p*point + n - n0] = (A dy Aᵀ)[p] for filters n0 to n1 of 4x4 pixels."""
    row, top, left = image
    _, height, across, filters = dy.shape
    lanes, four = tile.lanes(dy), tile.zeros(dy, OUT, 1)
    for n in range(n0, n1, lanes):
        for i in range(OUT):
            columns = across - left if top + i < height else 0
            at = ((row * height + top + i) * across + left) * filters + n
            line = tile.split(tile.rounded(tile.load_part(four, dy, at, filters, columns, filters - n), dy))
            output_gradients_line(workspace, lines + i * lanes, OUT * lanes, line)
        for q in range(IN):
            line = tile.split(tile.load(four, workspace, lines + q * OUT * lanes, lanes))
            output_gradients_line(workspace, to + q * point + n - n0, IN * point, line)


@inline
def weight_gradients_line(line):
    """Gᵀ du"""
    u0, u1, u2, u3, u4, u5 = line
    sum_a, difference_a = add_multiple(u1, 1.0, u2), add_multiple(u1, -1.0, u2)
    sum_b, difference_b = add_multiple(u3, 1.0, u4), add_multiple(u3, -1.0, u4)
    return (
        add_multiple(add_multiple(multiple(FOR_0, u0), FOR_A, sum_a), FOR_B, sum_b),
        add_multiple(multiple(A * FOR_A, difference_a), B * FOR_B, difference_b),
        add_multiple(add_multiple(u5, AA * FOR_A, sum_a), BB * FOR_B, sum_b),
    )


@inline
def weight_gradients(dw, to, tap, rest, workspace, du, point, lines):
    """dw[to + t*tap] = (Gᵀ du G)[t] for one vector of filters, of which `rest` exist."""
    lanes, six = tile.lanes(dw), tile.zeros(dw, IN, 1)
    for q in range(IN):
        g0, g1, g2 = weight_gradients_line(tile.split(tile.load(six, workspace, du + q * point, IN * point)))
        tile.store(g0, workspace, lines + q * lanes, 0)
        tile.store(g1, workspace, lines + (IN + q) * lanes, 0)
        tile.store(g2, workspace, lines + (2 * IN + q) * lanes, 0)
    for i in range(TAPS):
        g0, g1, g2 = weight_gradients_line(
            tile.split(tile.load(six, workspace, lines + i * IN * lanes, lanes))
        )
        tile.store_part(g0, dw, to + i * TAPS * tap, 0, 1, rest)
        tile.store_part(g1, dw, to + (i * TAPS + 1) * tap, 0, 1, rest)
        tile.store_part(g2, dw, to + (i * TAPS + 2) * tap, 0, 1, rest)
