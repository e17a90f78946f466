"""System memory: whether data in a file exceeds it."""

import numpy as np

from nntrain.limits import memory_bytes

CACHED_SHARE = 0.5  # of memory: the page cache likely keeps a file up to this size after the first read


def is_mapped(array: object) -> bool:
    """Whether the array is memory-mapped: values are read from a file on access."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def exceeds_memory(array: object) -> bool:
    """Whether the array is mapped and so large that every epoch reads it from disk."""
    return is_mapped(array) and isinstance(array, np.ndarray) and array.nbytes > CACHED_SHARE * memory_bytes()
