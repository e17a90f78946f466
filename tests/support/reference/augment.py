"""Augmentations as one would explain them, pixel by pixel. Images are (height, width, channels)."""

import math

import numpy as np


def pixel(x, row, column):
    """(channels,): black outside of the image."""
    inside = 0 <= row < x.shape[0] and 0 <= column < x.shape[1]
    return x[row, column] if inside else np.zeros(x.shape[2])


def each(x, value):
    return np.array(
        [[value(row, column) for column in range(x.shape[1])] for row in range(x.shape[0])]
    ).reshape(x.shape)


def shifted(x, down, right):
    return each(x, lambda row, column: pixel(x, row - down, column - right))


def flipped(x, vertical):
    return each(
        x,
        lambda row, column: (
            pixel(x, x.shape[0] - 1 - row, column) if vertical else pixel(x, row, x.shape[1] - 1 - column)
        ),
    )


def mapped(x, matrix):
    """Bilinear: the mean of the four pixels around a place, each weighted by how near it is."""

    def value(row, column):
        down, right = matrix.reshape(2, 3) @ [row, column, 1]
        return sum(
            max(0, 1 - abs(down - r)) * max(0, 1 - abs(right - c)) * pixel(x, r, c)
            for r in (math.floor(down), math.floor(down) + 1)
            for c in (math.floor(right), math.floor(right) + 1)
        )

    return each(x, value)


def spread(x, factor, about_mean, low, high):
    pivot = x.mean() if about_mean else 0
    return np.clip(pivot + factor * (x - pivot), low, high)


def pasted(x, other, box):
    top, bottom, left, right = box
    return each(
        x, lambda row, column: (other if top <= row < bottom and left <= column < right else x)[row, column]
    )


def mixed(x, other, share):
    return share * x + (1 - share) * other
