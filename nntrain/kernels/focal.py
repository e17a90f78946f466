"""Focal losses: cross-entropies in which examples that are predicted well count little.

Arguments and results as in `nntrain.kernels.losses`.
"""

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange
from nntrain.kernels.losses import (
    binary_target_of,
    elementwise,
    target_of,
    total,
    weight_of,
    weighted,
)
from nntrain.kernels.scalar import constant
from nntrain.kernels.vector_math import exp, log, log1p


@inline
def _binary_focal(x, t, parameter):
    """a u^g c with the cross-entropy c, and u, the probability of a mistake."""
    gamma, positive, negative = parameter
    zero, one = constant(x, "0"), constant(x, "1")
    z = exp(-abs(x))
    larger, smaller = one / (one + z), z / (one + z)
    p, q = (larger, smaller) if x > 0 else (smaller, larger)  # q = 1 - p, precise where p is near 1
    cross_entropy = log1p(z) + ((one - t) * x if x > 0 else -t * x)
    u = t * q + (one - t) * p
    factor = (t * positive + (one - t) * negative) * (exp(gamma * log(u)) if u > 0 else zero)
    # du/dx = (1 - 2t) p q
    inner = gamma * (one - t - t) * p * q / u * cross_entropy if u > 0 else zero
    return factor * cross_entropy, factor * ((one - t) * p - t * q + inner)


@kernel
def binary_focal(gradient, prediction, target, weight, counted, gamma, positive, negative):
    """With s = sigmoid(x): positive t (1 - s)^gamma (-log s) + negative (1 - t) s^gamma (-log(1 - s)) for t of 0 or 1."""
    kind = prediction.dtype.type
    parameters = (kind(gamma), kind(positive), kind(negative))
    of = _binary_focal
    return elementwise(
        of, gradient, prediction, target, weight, binary_target_of, 1 / counted, 1.0, parameters
    )


@kernel
def focal(gradient, prediction, target, weight, counted, class_weights, smoothing, gamma):
    """-sum of q (1 - p)^gamma log p over classes, p = softmax(x), with q as in `losses.cross_entropy`."""
    rows, classes = prediction.shape
    losses = np.empty(rows)
    flat = smoothing / classes
    for row in prange(rows):
        w = weight_of(weight, row)
        largest = prediction[row, 0]
        for k in range(classes):
            largest = prediction[row, k] if prediction[row, k] > largest else largest
        exponentials = 0.0
        for k in range(classes):
            exponentials += np.float64(exp(prediction[row, k] - largest))
        log_sum = log(exponentials)
        loss, slopes = 0.0, 0.0
        for k in range(classes):
            q = weight_of(class_weights, k) * ((1 - smoothing) * target_of(prediction, target, row, k) + flat)
            slope = 0.0
            # A logit of -inf adds nothing as long as its class is not the target.
            if q != 0:
                e = np.float64(exp(prediction[row, k] - largest))
                p, u = e / exponentials, (exponentials - e) / exponentials  # u = 1 - p
                cross_entropy = log_sum - np.float64(prediction[row, k] - largest)
                factor = q * u**gamma
                loss += factor * cross_entropy
                # p times the derivative by p
                slope = -factor * (1 + gamma * p * cross_entropy / u) if u > 0 else 0 * cross_entropy
            slopes += slope
            if gradient.size:
                gradient[row, k] = slope
        losses[row] = weighted(w, loss)
        if gradient.size:
            for k in range(classes):
                p = np.float64(exp(prediction[row, k] - largest)) / exponentials
                slope = (np.float64(gradient[row, k]) - p * slopes) / counted
                gradient[row, k] = weighted(w, prediction.dtype.type(slope))
    return total(losses)
