"""Axes: the orders in which a tensor holds the axes of a value: the network's own, and those that operators of ONNX take.

An order is a tuple: entry i is the axis of the network's value (0: rows, then those of a sample) that axis i of the tensor holds.
"""

Axes = tuple[int, ...]


def channels_last(rank: int) -> Axes:
    """The network's own: (rows, height, width, channels), (rows, steps, features)."""
    return tuple(range(rank))


def channels_first(rank: int) -> Axes:
    """That of convolutions and pooling: (rows, channels, height, width), (rows, features, steps)."""
    return (0, rank - 1, *range(1, rank - 1))


def steps_first(rank: int) -> Axes:
    """That of recurrent operators: (steps, rows, features)."""
    return (1, 0, *range(2, rank))


def permutation(have: Axes, want: Axes) -> list[int]:
    """The `perm` of a Transpose from one order to another."""
    return [have.index(axis) for axis in want]


def label(axes: Axes) -> str:
    """A name for the result of a Transpose."""
    rank = len(axes)
    named = {
        steps_first(rank): "steps_first",
        channels_first(rank): "channels_first",
        channels_last(rank): "channels_last",
    }
    return named.get(axes, "transposed")
