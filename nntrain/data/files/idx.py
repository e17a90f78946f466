"""IDX, the file format of MNIST: a magic number, the sizes (big-endian), then the values."""

import math
from pathlib import Path

import numpy as np

from nntrain.data.files.opening import opened
from nntrain.data.finite import require_finite
from nntrain.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
PIECE = 1 << 20  # bytes read at once


def read_idx(folder: Path, name: str) -> np.ndarray:
    """The array of an IDX file. Raises DataError for another format, a wrong size, NaN or infinity."""
    with opened(folder, name) as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or head[3] == 0:
            raise DataError(
                "not an IDX file: expected it to start with 00 00, a type from 08 to 0e and the number of axes. "
                f"Received: {head.hex(' ') or 'an empty file'}.",
                place=name,
            )
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise DataError("the file is truncated within its header", place=name)
        shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
        if 0 in shape:
            raise DataError(f"the file has no values: its shape is {shape}", place=name)
        dtype = np.dtype(TYPES[head[2]])
        expected = math.prod(shape) * dtype.itemsize
        data = bytearray()
        # In pieces: the header may promise far more than memory holds.
        while len(data) <= expected and (piece := file.read(PIECE)):
            data += piece
    if len(data) != expected:
        received = f"{len(data):,}" if len(data) < expected else "more"
        raise DataError(
            f"expected {expected:,} bytes for the shape {shape}. Received: {received}.", place=name
        )
    array = np.frombuffer(data, dtype).reshape(shape)
    require_finite(name, array)
    return array
