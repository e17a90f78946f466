"""Rotary positions: queries and keys are turned by angles that grow with the step.

qkv (rows, steps, 3*features): queries, keys and values, each with the heads side by side. rotations (steps, size): the cosine and the
sine of the angle of each pair of a head's features.
"""

import numpy as np

from nntrain.kernels.jit import inline, kernel, prange


def rotate(qkv: np.ndarray, rotations: np.ndarray, heads: int) -> None:
    """Turns the queries and keys, in place."""
    _rotate.run(qkv.size, qkv, rotations, heads, qkv.dtype.type(1))


def rotate_back(dqkv: np.ndarray, rotations: np.ndarray, heads: int) -> None:
    """The gradient of `rotate`: turns those of the queries and keys the other way."""
    _rotate.run(dqkv.size, dqkv, rotations, heads, dqkv.dtype.type(-1))


@kernel
def _rotate(qkv, rotations, heads, sign):
    """Parallel over the steps of all rows: each value is computed alone, so threads change no bit."""
    rows, steps, _ = qkv.shape
    size = rotations.shape[1]
    for place in prange(rows * steps):
        row, step = np.int64(place) // steps, np.int64(place) % steps
        for head in range(2 * heads):  # those of the keys follow those of the queries
            _turn(qkv[row, step, head * size : (head + 1) * size], rotations[step], sign)


@inline
def _turn(x, rotation, sign):
    for i in range(0, x.size, 2):
        cos, sin = rotation[i], sign * rotation[i + 1]
        a, b = x[i], x[i + 1]
        x[i] = a * cos - b * sin
        x[i + 1] = a * sin + b * cos
