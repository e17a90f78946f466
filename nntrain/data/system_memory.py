"""Memory: how much there is, and whether samples stay in a file because they would not fit."""

import math
import os

import numpy as np

KEPT_SHARE = 0.5  # of the memory: of a file up to this size the system may well keep all that was read once


def memory_bytes() -> float:
    """Of this machine; infinite where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return math.inf


def is_mapped(array: np.ndarray) -> bool:
    """Whether the values stay in a file until they are looked at."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def exceeds_memory(array: np.ndarray) -> bool:
    """Whether it is mapped, and so large that it has to be read from the disk again and again."""
    return is_mapped(array) and array.nbytes > KEPT_SHARE * memory_bytes()
