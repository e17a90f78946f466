"""Vocabularies: what those of texts have in common."""

import numpy as np

UNKNOWN = "<unknown>"
MUCH_UNKNOWN = 0.1  # of the words of a text; the network then learns mostly from `<unknown>`


def smallest_type(count: int) -> type[np.integer]:
    """The smallest integer type for tokens below `count`."""
    return np.uint8 if count <= 256 else np.uint16 if count <= 1 << 16 else np.int32
