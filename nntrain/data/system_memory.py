"""System memory: how much this machine has, and whether data in a file exceeds it."""

import math
import os

import numpy as np

CACHED_SHARE = 0.5  # of memory: the page cache likely keeps a file up to this size after the first read


def memory_bytes() -> float:
    """The machine's physical memory; infinite where the system does not report it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf


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
