"""Magnitudes: values of the data that the network's float type cannot hold, found before training."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.config.schema import Config
from nntrain.data import mapped
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.data.tables.curves import Curve, curved
from nntrain.errors import Problem
from nntrain.kernels.precision import float_type

VALUES_AT_ONCE = 1 << 20
MOST_COLUMNS = 5  # that an error names


def magnitude_problems(config: Config, splits: Splits, indices: dict[str, np.ndarray]) -> list[Problem]:
    """One problem per column with a value beyond the range of `train.precision`, or of its square root for squared losses.

    indices: the rows of each split in the source, to number the samples as the source does.
    """
    precision = float_type(config.train.precision)
    largest = float(np.finfo(precision).max)
    found: dict[str, Problem] = {}
    for split, data in splits.parts().items():
        rows = indices.get(split)
        for high in too_large(data, largest, config.loss.squares_targets):
            name = f"{high.what} {column_name(data, high.what, high.channel)}"
            sample = f"sample {(high.row if rows is None else rows[high.row]) + 1:,}"
            place = sample if rows is not None or split == "train" else f"{sample} of the {split} split"
            message = (
                f"{name}, {place}: {high.value:.4g} is too large: {high.reason} exceeds {precision}, "
                f"which ends at {largest:.2g}"
            )
            remedies = (
                ["Rescale the target"] if high.what == "target" else ["Fix the value", "remove the sample"]
            )
            remedies += ["set `train.precision: float64`"] if precision != np.float64 else []
            found.setdefault(name, Problem(("data", "source"), message, f"{', or '.join(remedies)}."))
    return list(found.values())[:MOST_COLUMNS]


@dataclass(frozen=True)
class TooLarge:
    """The first value of a column, or of a target, that is out of range."""

    what: str  # "column" or "target"
    channel: int
    row: int
    value: float
    reason: str


def too_large(data: Dataset, largest: float, squared: bool) -> Iterator[TooLarge]:
    """What exceeds `largest` itself or, where the loss squares its predictions and targets, by its square."""
    root = math.sqrt(largest)
    if not data.vocabulary and data.x.dtype.kind == "f":
        standardized = bool((data.shift != 0).any())
        for channel, row, value in beyond(data.x, largest):
            yield TooLarge("column", channel, row, value, "it")
        if squared or standardized:
            limit = root if squared else largest
            for channel, row, value in beyond(data.x, limit, data.shift, data.scale, data.curves):
                reason = "its square" if squared else "it"
                yield TooLarge(
                    "column", channel, row, value, f"standardized, {reason}" if standardized else reason
                )
    if not data.classes:
        for channel, row, value in beyond(data.target, root if squared else largest):
            yield TooLarge("target", channel, row, value, "it" if abs(value) > largest else "its square")


def beyond(
    array: np.ndarray | Windows,
    limit: float,
    shift: np.ndarray | None = None,
    scale: np.ndarray | None = None,
    curves: Sequence[Curve] = (),
) -> list[tuple[int, int, float]]:
    """(channel, row, value) of the first value beyond `limit` in each channel, the last axis of array (rows, ..., channels).

    Values are compared after `curves`, `shift` and `scale`, and returned as after `curves`.
    """
    if array.dtype.kind != "f" or (shift is None and float(np.finfo(array.dtype).max) <= limit):
        return []
    if isinstance(array, Windows):
        # Most streams are fine, and have each value once.
        if not beyond(array.stream, limit, shift, scale):
            return []
        array = np.asarray(array)
    channels = array.shape[-1] if array.ndim > 1 else 1
    rows = max(1, VALUES_AT_ONCE // max(1, array[0].size))
    found: dict[int, tuple[int, float]] = {}
    for start in range(0, len(array), rows):
        chunk = curved(array[start : start + rows].reshape(-1, channels), curves)
        with np.errstate(over="ignore", invalid="ignore"):
            sizes = np.abs(chunk if shift is None else (chunk - shift) * scale)
        mapped.release(array)
        steps = len(chunk) // min(rows, len(array) - start)  # of each sample
        for step, channel in np.argwhere(sizes > limit):
            found.setdefault(int(channel), (start + int(step) // steps, float(chunk[step, channel])))
    return [(channel, row, value) for channel, (row, value) in sorted(found.items())]


def column_name(data: Dataset, what: str, channel: int) -> str:
    """The name of a column or a target, quoted, else its number."""
    names = data.target_names if what == "target" else data.feature_names
    return repr(names[channel]) if channel < len(names) else f"{channel + 1}"
