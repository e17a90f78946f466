"""Principal components: the plane in which points of many dimensions vary the most."""

import numpy as np


def principal_plane(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x (samples, features) -> its first two principal components (samples, 2), and the share of the variance of each (2,).

    The sign of a component is such that its largest value is positive.
    """
    centred = np.asarray(x, np.float64) - x.mean(axis=0, dtype=np.float64)
    tall = len(centred) >= centred.shape[1]
    # The eigenvectors of the smaller of the two products; those of one follow from those of the other.
    values, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    values, vectors = values[::-1].clip(0, None), vectors[:, ::-1]
    plane = np.zeros((len(centred), 2))
    several = min(2, vectors.shape[1])
    plane[:, :several] = centred @ vectors[:, :2] if tall else vectors[:, :2] * np.sqrt(values[:2])
    largest = np.take_along_axis(plane, np.abs(plane).argmax(axis=0)[None], axis=0)
    shares = np.zeros(2)
    shares[:several] = values[:2] / (values.sum() or 1)
    return plane * np.where(largest < 0, -1, 1), shares
