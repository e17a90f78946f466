"""Landscape: the loss on a plane through the parameters of a trained network."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.network.network import Network
    from nntrain.report.pictures.training.cut import Objective

MARGIN = 0.2  # of the range of a path, around it
NARROWEST = 0.4  # the range of one direction, of that of the other, at least
SMALLEST = 1e-8  # share of a path whose direction is only rounding


def random_directions(network: "Network", seed: int) -> np.ndarray:
    """(2, parameters): random directions in which each filter is as long as that of the network is now, and biases are 0.

    Source: Li et al. 2018, Visualizing the loss landscape of neural nets, sect. 4.
    """
    from nntrain import randomness

    found = np.zeros((2, network.theta.size))
    where = places(network)
    for number in range(2):
        for name, (start, parameter) in where.items():
            if parameter.ndim < 2:
                continue
            key = randomness.key(seed, "landscape", number, name)
            direction = randomness.normal(key, parameter.size).reshape(-1, parameter.shape[-1])
            filters = parameter.reshape(-1, parameter.shape[-1]).astype(np.float64)
            direction *= np.linalg.norm(filters, axis=0) / (np.linalg.norm(direction, axis=0) + 1e-10)
            found[number, start : start + parameter.size] = direction.ravel()
    return found


def places(network: "Network") -> dict[str, tuple[int, np.ndarray]]:
    """Where each trainable parameter begins in theta, and its values."""
    base, size = network.theta.ctypes.data, network.theta.itemsize
    return {
        name: ((network.arena.parameters[name].ctypes.data - base) // size, network.arena.parameters[name])
        for name in network.arena.gradients
    }


def path_directions(
    thetas: np.ndarray, centre: np.ndarray, otherwise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two principal directions (2, parameters) of a path (points, parameters) about the trained parameters, the path's
    coordinates (points, 2), and the share of its length that each direction shows.

    A path of too few points takes `otherwise`, a direction of its own. Source: Li et al. 2018, sect. 7.
    """
    away = thetas.astype(np.float64) - centre
    values, vectors = np.linalg.eigh(away @ away.T)
    values = values[::-1].clip(0)
    total = values.sum() or 1.0
    directions: list[np.ndarray] = []
    for k in range(2):
        found = (
            away.T @ vectors[:, -1 - k]
            if k < len(values) and values[k] > SMALLEST * total
            else otherwise.copy()
        )
        for other in directions:
            found -= (found @ other) * other
        found /= np.linalg.norm(found) or 1.0
        directions.append(
            found if away[0] @ found <= 0 else -found
        )  # so that the path goes to the right and up
    axes = np.array(directions)
    return axes, away @ axes.T, np.array([(values[k] if k < len(values) else 0.0) / total for k in range(2)])


def spans(coordinates: np.ndarray) -> list[tuple[float, float]]:
    """The ranges of both axes, around a path (points, 2) and the trained parameters at 0."""
    low, high = np.minimum(coordinates.min(axis=0), 0), np.maximum(coordinates.max(axis=0), 0)
    widths = high - low
    widths = np.maximum(widths, NARROWEST * widths.max()) if widths.max() > 0 else np.ones(2)
    reach = (0.5 + MARGIN) * widths
    return [(float(m - r), float(m + r)) for m, r in zip((low + high) / 2, reach, strict=True)]


def heights(
    objective: "Objective", centre: np.ndarray, axes: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """(rows, columns): the loss at centre + x axes[0] + y axes[1]."""
    first, second = (axis.astype(centre.dtype) for axis in axes)
    dtype = centre.dtype.type
    return np.array([[objective(centre + dtype(a) * first + dtype(b) * second) for a in x] for b in y])
