"""Losses of several outputs per target, which state a distribution: quantiles, or the mean and variance of a Gaussian.

Arguments and results as in `nntrain.kernels.losses`; the outputs of a target are neighbours.
"""

import numpy as np

from nntrain.kernels.jit import kernel, prange
from nntrain.kernels.losses import total, weight_of, weighted
from nntrain.kernels.vector_math import exp


@kernel
def quantile(gradient, prediction, target, weight, counted, quantiles):
    """With d = t - x: q d for d > 0, else (q - 1) d, for each q of quantiles (count,).

    prediction: (rows, targets * count).
    """
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    kind = prediction.dtype.type
    scale, half, one = kind(1 / counted), kind(0.5), kind(1)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs):
            q = quantiles[j % quantiles.size]
            d = target[row, j // quantiles.size] - prediction[row, j]
            loss += q * d if d > 0 else (q - one) * d
            if gradient.size:  # 1/2 - q in the middle: 0 for the median, as the slope of the absolute error
                gradient[row, j] = weighted(w, scale * (half - q - half * np.sign(d)))
        losses[row] = weighted(w, loss)
    return total(losses)


@kernel
def gaussian(gradient, prediction, target, weight, counted, least):
    """(s + (t - m)² exp(-s)) / 2 for the outputs m, the mean, and s, the logarithm of the variance, not below `least`.

    prediction: (rows, targets * 2), m and s of each target.
    """
    rows, outputs = prediction.shape
    losses = np.empty(rows)
    kind = prediction.dtype.type
    lowest, scale = kind(least), kind(1 / counted)
    zero, half, one = kind(0), kind(0.5), kind(1)
    for row in prange(rows):
        w = weight_of(weight, row)
        loss = 0.0
        for j in range(outputs // 2):
            s = prediction[row, 2 * j + 1]
            used = lowest if s < lowest else s
            d = prediction[row, 2 * j] - target[row, j]
            precision = exp(-used)
            loss += half * (used + d * d * precision)
            if gradient.size:
                slope = half * (one - d * d * precision)
                # Below `least` only a push upwards counts, so that s neither falls on nor stays there.
                slope = zero if s < lowest and slope > 0 else slope
                gradient[row, 2 * j] = weighted(w, scale * d * precision)
                gradient[row, 2 * j + 1] = weighted(w, scale * slope)
        losses[row] = weighted(w, loss)
    return total(losses)
