"""Helpers of the tests of data."""

import struct
from pathlib import Path

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.errors import UserError

NO_FOLDER = Path()


def load(spelling, folder=NO_FOLDER) -> Splits:
    return Reader.parse(spelling).load(folder)


def labelled(labels, classes=None) -> Splits:
    """A source whose samples are their own row numbers."""
    labels = np.asarray(labels, np.int32)
    names = tuple(str(label) for label in range(classes or labels.max() + 1))
    return Splits(Dataset(np.arange(len(labels), dtype=float)[:, None], labels, names))


def refused(call, *arguments, **options) -> str:
    """The error's text."""
    with pytest.raises(UserError) as raised:
        call(*arguments, **options)
    return str(raised.value)


def seen(data: Dataset, dtype=np.float64) -> np.ndarray:
    """The network's inputs for all of `data`."""
    batch = data.batch(len(data), dtype)
    data.gather(np.arange(len(data)), batch)
    return batch.x


def idx(values, kind=0x08, dtype=">u1") -> bytes:
    """An IDX file."""
    values = np.asarray(values, dtype)
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape) + values.tobytes()


def images(count: int) -> bytes:
    """An IDX file of `count` images of 2 x 2 pixels."""
    return idx(np.arange(count * 4).reshape(count, 2, 2))
