"""Counter-based random numbers: a pure function of a key and a position, so that there is no generator state to save.

The key is a hash of the purpose: (seed, "shuffle", epoch), (seed, "initial", "dense_1.weight"), ... The numbers are
SplitMix64 (Steele, Lea & Flood 2014, OOPSLA) with the key as its state. `kernels.random` is the same in Numba.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio


def key(*purpose: int | str) -> int:
    """A 64-bit key for a purpose."""
    return int.from_bytes(hashlib.blake2b(repr(purpose).encode(), digest_size=8).digest(), "little")


def bits(key: int, count: int, start: int = 0) -> np.ndarray:
    """(count,) uint64: random 64-bit words at positions start, start + 1, ..."""
    return bits_at(key, np.arange(start, start + count, dtype=np.uint64))


def bits_at(key: int, positions: np.ndarray) -> np.ndarray:
    """uint64: the random word at each position; positions: uint64 of any shape."""
    with np.errstate(over="ignore"):
        z = np.uint64(key) + (positions + np.uint64(1)) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(key: int, count: int, start: int = 0) -> np.ndarray:
    """(count,) float64 in [0, 1), 53 random bits each."""
    return _in_unit(bits(key, count, start))


def uniform_at(key: int, positions: np.ndarray) -> np.ndarray:
    """float64 in [0, 1): the random number at each position; positions: uint64 of any shape."""
    return _in_unit(bits_at(key, positions))


def _in_unit(words: np.ndarray) -> np.ndarray:
    return (words >> np.uint64(11)) * 2.0**-53


def normal(key: int, count: int, start: int = 0) -> np.ndarray:
    """(count,) float64, standard normal, by the Box-Muller transform (1958): two uniform numbers for each."""
    pairs = uniform(key, 2 * count, 2 * start).reshape(count, 2)
    return np.sqrt(-2 * np.log1p(-pairs[:, 0])) * np.cos(2 * np.pi * pairs[:, 1])


def truncated_normal(key: int, count: int, limit: float = 2.0) -> np.ndarray:
    """(count,) float64, standard normal, each number resampled until it lies within `limit` standard deviations."""
    values = np.empty(count)
    for positions, drawn in truncated_normal_pieces(key, count, max(count, 1), limit):
        values[positions] = drawn
    return values


def truncated_normal_pieces(
    key: int, count: int, piece: int, limit: float = 2.0
) -> Iterator[tuple[slice | np.ndarray, np.ndarray]]:
    """The same numbers as (positions, values), at most `piece` at once; later values replace earlier ones at their position.

    Each round resamples the numbers outside, in the order of their positions.
    """
    outside, used = None, 0
    while outside is None or outside.size:
        rejected = []
        size = count if outside is None else outside.size
        for start in range(0, size, piece):
            values = normal(key, min(piece, size - start), used + start)
            among = slice(start, start + values.size)
            yield among if outside is None else outside[among], values
            wrong = np.flatnonzero(np.abs(values) > limit) + start
            rejected.append(wrong if outside is None else outside[wrong])
        outside, used = np.concatenate([np.zeros(0, np.int64), *rejected]), used + size


def permutation(key: int, count: int) -> np.ndarray:
    """(count,) int64: 0 ... count-1 in random order."""
    # The words are all different, so any way of sorting gives this order; NumPy's default is the fastest.
    return np.argsort(bits(key, count))
