"""Augmentation: images shifted, flipped, transformed, recolored, covered and mixed. All are (rows, height, width, channels)."""

import math

import numpy as np

from nntrain.kernels.jit import kernel, prange


@kernel
def shift(out, x, down, right):
    """Each image shifted by whole pixels, down and right (rows,) int64; pixels from outside are 0."""
    rows, height, width = x.shape[:3]
    zero = x.dtype.type(0)
    for i in prange(rows):
        left, kept = max(right[i], 0), max(width - abs(right[i]), 0)
        for r in range(height):
            source = r - down[i]
            if source < 0 or source >= height or kept == 0:
                out[i, r] = zero
            else:
                out[i, r, :left] = zero
                out[i, r, left : left + kept] = x[i, source, left - right[i] : left - right[i] + kept]
                out[i, r, left + kept :] = zero


@kernel
def flip(out, x, flipped, vertical):
    """Mirrors each image that is `flipped` (rows,), left to right or upside down; the others are unchanged."""
    rows, height, width, channels = x.shape
    for i in prange(rows):
        for r in range(height):
            if not flipped[i]:
                out[i, r] = x[i, r]
            elif vertical:
                out[i, r] = x[i, height - 1 - r]
            else:
                for c in range(width):
                    for k in range(channels):
                        out[i, r, c, k] = x[i, r, width - 1 - c, k]


@kernel
def affine(out, x, matrix):
    """out[i, r, c] is x[i] at (m0 r + m1 c + m2, m3 r + m4 c + m5), with bilinear interpolation; outside it is 0.

    matrix: (rows, 6) float64; pixels count from 0.
    """
    rows, height, width, channels = x.shape
    zero = x.dtype.type(0)
    for i in prange(rows):
        for r in range(height):
            for c in range(width):
                down = matrix[i, 0] * r + matrix[i, 1] * c + matrix[i, 2]
                right = matrix[i, 3] * r + matrix[i, 4] * c + matrix[i, 5]
                if not (-1 < down < height and -1 < right < width):
                    out[i, r, c] = zero
                    continue
                top, left = math.floor(down), math.floor(right)
                low, far = x.dtype.type(down - top), x.dtype.type(right - left)
                high, near = 1 - low, 1 - far
                if 0 <= top < height - 1 and 0 <= left < width - 1:
                    for k in range(channels):
                        out[i, r, c, k] = high * (
                            near * x[i, top, left, k] + far * x[i, top, left + 1, k]
                        ) + low * (near * x[i, top + 1, left, k] + far * x[i, top + 1, left + 1, k])
                    continue
                for k in range(channels):
                    value = zero
                    if top >= 0 and left >= 0:
                        value += high * near * x[i, top, left, k]
                    if top >= 0 and left + 1 < width:
                        value += high * far * x[i, top, left + 1, k]
                    if top + 1 < height and left >= 0:
                        value += low * near * x[i, top + 1, left, k]
                    if top + 1 < height and left + 1 < width:
                        value += low * far * x[i, top + 1, left + 1, k]
                    out[i, r, c, k] = value


@kernel
def spread(out, x, factor, about_mean, low, high):
    """out = pivot + factor (x - pivot), clipped to low ... high; the pivot is the image's mean, or 0. factor: (rows,) float64."""
    rows, height, width, channels = x.shape
    values = height * width * channels
    bottom, top = x.dtype.type(low), x.dtype.type(high)
    flat, to = x.reshape(rows, values), out.reshape(rows, values)
    for i in prange(rows):
        pivot = 0.0
        if about_mean:
            for j in range(values):
                pivot += flat[i, j]
            pivot /= values
        scale, start = x.dtype.type(factor[i]), x.dtype.type(pivot - factor[i] * pivot)
        for j in range(values):
            to[i, j] = min(max(start + scale * flat[i, j], bottom), top)


@kernel
def paste(out, x, other, box):
    """Each image with a rectangle of `other` in it; box: (rows, 4) int64, from row to row, from column to column.

    `other` has an image for each of x, or one for all.
    """
    rows, height = x.shape[:2]
    for i in prange(rows):
        top, bottom, left, right = box[i, 0], box[i, 1], box[i, 2], box[i, 3]
        source = min(np.int64(i), other.shape[0] - 1)
        for r in range(height):
            out[i, r] = x[i, r]
            if top <= r < bottom:
                out[i, r, left:right] = other[source, r, left:right]


@kernel
def mix(out, x, other, share):
    """out = share x + (1 - share) other; share: (rows,) float64."""
    rows, height, width, channels = x.shape
    values = height * width * channels
    flat, to, others = x.reshape(rows, values), out.reshape(rows, values), other.reshape(rows, values)
    for i in prange(rows):
        own, theirs = x.dtype.type(share[i]), x.dtype.type(1 - share[i])
        for j in range(values):
            to[i, j] = own * flat[i, j] + theirs * others[i, j]
