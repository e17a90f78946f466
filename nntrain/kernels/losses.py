"""Losses over the rows of a batch: their sum in float64, and the gradient, in one pass.

Every kernel takes (gradient, prediction, target, weight, counted, ...) and returns the sum of the rows' weighted losses:
gradient and prediction (rows, outputs); target (rows,) class indices, which stand for one-hot rows, or (rows, outputs);
weight (rows,), empty for ones. The gradient is that of sum / counted; an empty one is not written. Rows of weight 0 are
padding: whatever they hold, they add 0 and their gradient is 0.
"""

from math import log

import numpy as np

from nntrain.kernels import tile
from nntrain.kernels.jit import inline, kernel, prange, template
from nntrain.kernels.scalar import constant
from nntrain.kernels.strip import read, write
from nntrain.kernels.vector_math import exp, expm1, log1p

LOG_2 = float(np.log(2.0))


@inline
def weight_of(weight, row):
    return weight[row] if weight.size else weight.dtype.type(1)


@inline
def weighted(weight, value):
    """weight * value, and 0 for weight 0 even where the value is NaN."""
    return weight * value if weight != 0 else weight


@inline
def target_of(prediction, target, row, output):
    """The target of an output; 1 or 0 for a class index."""
    if target.ndim == 1:
        return prediction.dtype.type(1 if target[row] == output else 0)
    return prediction.dtype.type(target[row, output])


@inline
def binary_target_of(prediction, target, row, output):
    """As `target_of`, but for a single output the class index, 0 or 1, is the target itself."""
    if target.ndim == 1 and prediction.shape[1] == 1:
        return prediction.dtype.type(target[row])
    return target_of(prediction, target, row, output)


@inline
def total(losses):
    # In order, whatever the number of threads that filled it.
    result = 0.0
    for loss in losses:
        result += loss
    return result


@template
def elementwise(of, gradient, prediction, target, weight, aim, scale, height, parameter):
    """The rows of a loss that sums over its outputs: of(x, t, parameter) gives an output's loss / height and gradient / scale."""
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    s = prediction.dtype.type(scale)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            value, slope = of(prediction[row, j], aim(prediction, target, row, j), parameter)
            loss += value
            if gradient.size:
                gradient[row, j] = weighted(w, s * slope)
        losses[row] = weighted(w, height * loss)
    return total(losses)


@inline
def _squared_error(x, t, parameter):
    d = x - t
    return d * d, d


@kernel
def squared_error(gradient, prediction, target, weight, counted):
    return elementwise(
        _squared_error, gradient, prediction, target, weight, target_of, 2 / counted, 1.0, None
    )


@inline
def _absolute_error(x, t, parameter):
    d = x - t
    return abs(d), np.sign(d)


@kernel
def absolute_error(gradient, prediction, target, weight, counted):
    return elementwise(
        _absolute_error, gradient, prediction, target, weight, target_of, 1 / counted, 1.0, None
    )


@inline
def _huber(x, t, edge):
    d = x - t
    clipped = edge if d > edge else -edge if d < -edge else d
    return clipped * (d - constant(x, "half") * clipped), clipped


@kernel
def huber(gradient, prediction, target, weight, counted, delta, height):
    """height * (d²/2 within delta, else delta * (|d| - delta/2))."""
    edge = prediction.dtype.type(delta)
    return elementwise(
        _huber, gradient, prediction, target, weight, target_of, height / counted, height, edge
    )


@template  # compiled apart, its sum would be reassociated differently and round differently
def _log_cosh(x, t, parameter):
    d, one = x - t, constant(x, "1")
    z = exp(-abs(d + d))
    slope = -expm1(-abs(d + d)) / (one + z)  # |tanh(d)|
    return abs(d) + log1p(z) - LOG_2, slope if d > 0 else -slope


@kernel
def log_cosh(gradient, prediction, target, weight, counted):
    return elementwise(_log_cosh, gradient, prediction, target, weight, target_of, 1 / counted, 1.0, None)


@inline
def _poisson(x, t, parameter):
    mean = exp(x)
    return mean - t * x, mean - t


@kernel
def poisson(gradient, prediction, target, weight, counted):
    return elementwise(_poisson, gradient, prediction, target, weight, target_of, 1 / counted, 1.0, None)


@inline
def _binary_cross_entropy(x, t, factor):
    one = constant(x, "1")
    yes, no = factor * t, one - t
    z = exp(-abs(x))
    larger, smaller = one / (one + z), z / (one + z)
    loss = (yes + no) * log1p(z) + (no * x if x > 0 else -yes * x)
    return loss, no * larger - yes * smaller if x > 0 else no * smaller - yes * larger


@kernel
def binary_cross_entropy(gradient, prediction, target, weight, counted, positive):
    """With s = sigmoid(x): -positive * t * log(s) - (1 - t) * log(1 - s)."""
    factor, of = prediction.dtype.type(positive), _binary_cross_entropy
    return elementwise(of, gradient, prediction, target, weight, binary_target_of, 1 / counted, 1.0, factor)


@inline
def _hinge(x, t, parameter):
    zero, one = constant(x, "0"), constant(x, "1")
    sign = one if t > 0 else -one
    missing = one - sign * x
    return zero if missing < 0 else missing, -sign if missing > 0 else zero  # this way round, NaN stays


@kernel
def hinge(gradient, prediction, target, weight, counted):
    return elementwise(_hinge, gradient, prediction, target, weight, binary_target_of, 1 / counted, 1.0, None)


@inline
def _squared_hinge(x, t, parameter):
    zero, one = constant(x, "0"), constant(x, "1")
    sign = one if t > 0 else -one
    missing = one - sign * x
    missing = zero if missing < 0 else missing
    return missing * missing, -sign * missing


@kernel
def squared_hinge(gradient, prediction, target, weight, counted):
    of = _squared_hinge
    return elementwise(of, gradient, prediction, target, weight, binary_target_of, 2 / counted, 1.0, None)


@inline
def _kl_div(x, t, entropy):
    zero = constant(x, "0")
    return t * ((log(t) if entropy else zero) - x) if t != 0 else zero, -t


@kernel
def kl_div(gradient, prediction, target, weight, counted, entropy):
    """target * (entropy * log(target) - prediction), 0 where the target is 0; `entropy` is 1, or 0 to omit its term."""
    return elementwise(_kl_div, gradient, prediction, target, weight, target_of, 1 / counted, 1.0, entropy)


@kernel
def cosine(gradient, prediction, target, weight, counted, eps):
    """1 - x·t / (max(|x|, eps) max(|t|, eps))."""
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    for row in prange(rows):
        w = weight_of(weight, row)
        product, prediction_square, target_square = 0.0, 0.0, 0.0
        for j in range(outputs):
            x = np.float64(prediction[row, j])
            t = np.float64(target_of(prediction, target, row, j))
            product += x * t
            prediction_square += x * x
            target_square += t * t
        x_length = np.sqrt(prediction_square)
        t_length = np.sqrt(target_square)
        along = (
            product / (x_length * x_length) if x_length > eps else 0.0
        )  # below eps, the length is a constant
        x_length = eps if x_length < eps else x_length
        t_length = eps if t_length < eps else t_length
        losses[row] = weighted(w, 1 - product / (x_length * t_length))
        if gradient.size:
            scale = 1 / (counted * x_length * t_length)
            for j in range(outputs):
                across = target_of(prediction, target, row, j) - along * prediction[row, j]
                gradient[row, j] = weighted(w, prediction.dtype.type(-scale * across))
    return total(losses)


@inline
def _exponentials(e, x, at, count, shift):
    """e[at + k] = exp(x[at + k] - shift) for k < count: the few classes of a row in one masked vector, not one by one."""
    blank = tile.zeros(x, 1, 1)
    for k in range(0, count, tile.lanes(x)):
        t = tile.subtract(read(blank, x, at + k, count - k), tile.fill(blank, shift))
        write(exp(t), e, at + k, count - k)


@kernel
def cross_entropy(gradient, prediction, target, weight, counted, class_weights, smoothing):
    """-sum of q * log_softmax(x) over classes, with q = class_weights * ((1 - smoothing) * target + smoothing / classes)."""
    rows, classes = prediction.shape
    losses = np.empty(rows)
    sharp, flat = prediction.dtype.type(1 - smoothing), prediction.dtype.type(smoothing / classes)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        largest = prediction[row, 0]
        for k in range(classes):
            largest = prediction[row, k] if prediction[row, k] > largest else largest
        exponentials = 0.0
        if gradient.size:
            _exponentials(gradient, prediction, row * classes, classes, largest)
            for k in range(classes):
                exponentials += gradient[row, k]
        else:
            for k in range(classes):
                exponentials += exp(prediction[row, k] - largest)
        log_sum = log(exponentials)
        loss, aims = 0.0, 0.0
        for k in range(classes):
            q = weight_of(class_weights, k) * (sharp * target_of(prediction, target, row, k) + flat)
            aims += q
            # A logit of -inf adds nothing as long as its class is not the target.
            loss += q * (log_sum - (prediction[row, k] - largest)) if q != 0 else 0.0
        losses[row] = weighted(w, loss)
        if gradient.size:
            share = prediction.dtype.type(aims / exponentials)
            for k in range(classes):
                q = weight_of(class_weights, k) * (sharp * target_of(prediction, target, row, k) + flat)
                gradient[row, k] = weighted(w, scale * (share * gradient[row, k] - q))
    return total(losses)
