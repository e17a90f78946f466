"""Random layers: dropout and noise. The randomness of an element is a function of the key and its position alone."""

import math

import numpy as np

from nntrain.kernels import random
from nntrain.kernels.jit import kernel, prange


@kernel(cost=20)
def dropout(y, kept, x, key, rate):
    """Each value becomes 0 with probability `rate`, else x / (1 - rate); kept (uint8) is 1 for the latter. All flat."""
    scale = x.dtype.type(1 / (1 - rate))
    zero = x.dtype.type(0)
    for i in prange(x.size):
        kept[i] = random.uniform(key, i) >= rate
        y[i] = x[i] * scale if kept[i] else zero


@kernel
def dropout_backward(dx, dy, kept, rate):
    scale = dy.dtype.type(1 / (1 - rate))
    zero = dy.dtype.type(0)
    for i in prange(dy.size):
        dx[i] = dy[i] * scale if kept[i] else zero


@kernel(cost=20)
def choose(kept, key, rate):
    """kept (uint8, flat): 0 with probability `rate`, else 1."""
    for i in prange(kept.size):
        kept[i] = random.uniform(key, i) >= rate


@kernel
def keep_channels(y, x, kept, rate):
    """x / (1 - rate) in the channels that are kept, 0 in the others; x, y: (rows, pixels, channels); kept: (rows, channels)."""
    scale = x.dtype.type(1 / (1 - rate))
    zero = x.dtype.type(0)
    for r in prange(x.shape[0]):
        for i in range(x.shape[1]):
            for c in range(x.shape[2]):
                y[r, i, c] = x[r, i, c] * scale if kept[r, c] else zero


@kernel(cost=300)
def add_noise(y, x, key, std):
    """y = x + std * standard normal numbers (Box & Muller 1958, as in nntrain.randomness)."""
    for i in prange(x.size):
        radius = math.sqrt(-2 * math.log1p(-random.uniform(key, 2 * i)))
        y[i] = x[i] + x.dtype.type(std * radius * math.cos(2 * np.pi * random.uniform(key, 2 * i + 1)))
