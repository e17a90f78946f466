"""Reads MNIST's IDX files from $NNTRAIN_DATA/mnist, plain or gzipped."""

import gzip
import os
from pathlib import Path

import numpy as np


def read(name):
    folder = Path(os.environ["NNTRAIN_DATA"]) / "mnist"
    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    dimensions = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load():
    """(train images (60000, 784) in [0, 1], labels, test images, labels)."""
    images = [
        read(f"{part}-images-idx3-ubyte").reshape(-1, 784).astype(np.float32) for part in ("train", "t10k")
    ]
    for array in images:
        array /= 255
    labels = [read(f"{part}-labels-idx1-ubyte").astype(np.int64) for part in ("train", "t10k")]
    return images[0], labels[0], images[1], labels[1]
