"""Losses over the rows of a batch: their sum in float64, and the gradient, in one pass.

Every kernel takes (gradient, prediction, target, weight, counted, ...) and gives the sum of the rows' weighted losses:
gradient and prediction (rows, outputs); target (rows,) class numbers, which mean one-hot rows, or (rows, outputs);
weight (rows,), empty for ones. The gradient is that of sum / counted; an empty one is left alone. Rows of weight 0 are
padding: whatever they hold, they add 0 and their gradient is 0.
"""

from math import log

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.vector_math import exp, expm1, log1p

LOG_2 = float(np.log(2.0))


@inline
def weight_of(weight, row):
    return weight[row] if weight.size else weight.dtype.type(1)


@inline
def counts(weight, value):
    return weight * value if weight != 0 else weight


@inline
def aim(prediction, target, row, output):
    """What an output should have been."""
    if target.ndim == 1:
        return prediction.dtype.type(1 if target[row] == output else 0)
    return prediction.dtype.type(target[row, output])


@inline
def answer(prediction, target, row, output):
    """The same where each output is a yes-or-no question: the number of one of two classes is the single output's aim."""
    if target.ndim == 1 and prediction.shape[1] == 1:
        return prediction.dtype.type(target[row])
    return aim(prediction, target, row, output)


@inline
def total(losses):
    # In order, whatever the number of threads that filled it.
    result = 0.0
    for loss in losses:
        result += loss
    return result


@kernel
def squared_error(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    scale = prediction.dtype.type(2 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            d = prediction[row, j] - aim(prediction, target, row, j)
            loss += d * d
            if gradient.size:
                gradient[row, j] = counts(w, scale * d)
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def absolute_error(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            d = prediction[row, j] - aim(prediction, target, row, j)
            loss += abs(d)
            if gradient.size:
                gradient[row, j] = counts(w, scale * np.sign(d))
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def huber(gradient, prediction, target, weight, counted, delta, height):
    """height * (d²/2 within delta, else delta * (|d| - delta/2))."""
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    edge = prediction.dtype.type(delta)
    half = prediction.dtype.type(0.5)
    scale = prediction.dtype.type(height / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            d = prediction[row, j] - aim(prediction, target, row, j)
            clipped = edge if d > edge else -edge if d < -edge else d
            loss += clipped * (d - half * clipped)
            if gradient.size:
                gradient[row, j] = counts(w, scale * clipped)
        losses[row] = counts(w, height * loss)
    return total(losses)


@kernel
def log_cosh(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    one = prediction.dtype.type(1)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            d = prediction[row, j] - aim(prediction, target, row, j)
            z = exp(-abs(d + d))
            loss += abs(d) + log1p(z) - LOG_2
            if gradient.size:
                slope = -expm1(-abs(d + d)) / (one + z)  # |tanh(d)|
                gradient[row, j] = counts(w, scale * (slope if d > 0 else -slope))
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def poisson(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            t = aim(prediction, target, row, j)
            mean = exp(prediction[row, j])
            loss += mean - t * prediction[row, j]
            if gradient.size:
                gradient[row, j] = counts(w, scale * (mean - t))
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def binary_cross_entropy(gradient, prediction, target, weight, counted, positive):
    """With s = sigmoid(x): -positive * t * log(s) - (1 - t) * log(1 - s)."""
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    one = prediction.dtype.type(1)
    factor = prediction.dtype.type(positive)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            x = prediction[row, j]
            yes = factor * answer(prediction, target, row, j)
            no = one - answer(prediction, target, row, j)
            z = exp(-abs(x))
            loss += (yes + no) * log1p(z) + (no * x if x > 0 else -yes * x)
            if gradient.size:
                larger, smaller = one / (one + z), z / (one + z)
                slope = no * larger - yes * smaller if x > 0 else no * smaller - yes * larger
                gradient[row, j] = counts(w, scale * slope)
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def hinge(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            sign = one if answer(prediction, target, row, j) > 0 else -one
            missing = one - sign * prediction[row, j]
            loss += zero if missing < 0 else missing  # this way round, NaN stays
            if gradient.size:
                gradient[row, j] = counts(w, scale * (-sign if missing > 0 else zero))
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def squared_hinge(gradient, prediction, target, weight, counted):
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    scale = prediction.dtype.type(2 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            sign = one if answer(prediction, target, row, j) > 0 else -one
            missing = one - sign * prediction[row, j]
            missing = zero if missing < 0 else missing
            loss += missing * missing
            if gradient.size:
                gradient[row, j] = counts(w, -scale * sign * missing)
        losses[row] = counts(w, loss)
    return total(losses)


@kernel
def kl_div(gradient, prediction, target, weight, counted, entropy):
    """target * (entropy * log(target) - prediction), 0 where the target is 0; `entropy` is 1, or 0 to leave it out."""
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    zero = prediction.dtype.type(0)
    scale = prediction.dtype.type(1 / counted)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            t = aim(prediction, target, row, j)
            if t != 0:
                loss += t * ((log(t) if entropy else zero) - prediction[row, j])
            if gradient.size:
                gradient[row, j] = counts(w, -scale * t)
        losses[row] = counts(w, loss)
    return total(losses)


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
            t = np.float64(aim(prediction, target, row, j))
            product += x * t
            prediction_square += x * x
            target_square += t * t
        x_length = np.sqrt(prediction_square)
        t_length = np.sqrt(target_square)
        along = (
            product / (x_length * x_length) if x_length > eps else 0.0
        )  # shorter than eps, the length is a constant
        x_length = eps if x_length < eps else x_length
        t_length = eps if t_length < eps else t_length
        losses[row] = counts(w, 1 - product / (x_length * t_length))
        if gradient.size:
            scale = 1 / (counted * x_length * t_length)
            for j in range(outputs):
                across = aim(prediction, target, row, j) - along * prediction[row, j]
                gradient[row, j] = counts(w, prediction.dtype.type(-scale * across))
    return total(losses)


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
        for k in range(classes):
            e = exp(prediction[row, k] - largest)
            exponentials += e
            if gradient.size:
                gradient[row, k] = e
        log_sum = log(exponentials)
        loss, aims = 0.0, 0.0
        for k in range(classes):
            q = weight_of(class_weights, k) * (sharp * aim(prediction, target, row, k) + flat)
            aims += q
            # An impossible class, of logit -inf, costs nothing as long as it is not the answer.
            loss += q * (log_sum - (prediction[row, k] - largest)) if q != 0 else 0.0
        losses[row] = counts(w, loss)
        if gradient.size:
            share = prediction.dtype.type(aims / exponentials)
            for k in range(classes):
                q = weight_of(class_weights, k) * (sharp * aim(prediction, target, row, k) + flat)
                gradient[row, k] = counts(w, scale * (share * gradient[row, k] - q))
    return total(losses)
