"""Random numbers inside kernels: SplitMix64 as a counter-based generator, bit for bit as in `nntrain.randomness`.

Kernels take the key as np.uint64 (a Python int would be int64 or uint64 depending on its value, and compile twice).
"""

import numpy as np

from nntrain.kernels.jit import inline

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
# Shifts must be uint64 as well: Numba converts uint64 with int64 to float64.
BY_1, BY_11, BY_27, BY_30, BY_31 = (np.uint64(n) for n in (1, 11, 27, 30, 31))


@inline
def bits(key, position):
    """The random 64-bit word at `position` (0, 1, ...)."""
    z = np.uint64(key) + (np.uint64(position) + BY_1) * GOLDEN
    z = (z ^ (z >> BY_30)) * FIRST
    z = (z ^ (z >> BY_27)) * SECOND
    return z ^ (z >> BY_31)


@inline
def uniform(key, position):
    """float64 in [0, 1) at `position`, 53 random bits."""
    return np.float64(bits(key, position) >> BY_11) * 2.0**-53
