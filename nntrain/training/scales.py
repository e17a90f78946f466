"""Scales: columns and targets so far from zero mean and unit variance that a network learns slowly from them, or diverges."""

import math
from dataclasses import dataclass

import numpy as np

from nntrain.data import mapped
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows, take_rows
from nntrain.data.tables.curves import curved
from nntrain.losses import Loss
from nntrain.losses.weighted_sum import WeightedSum
from nntrain.network.graph import Graph
from nntrain.training.magnitudes import column_name

SAMPLES = 1000  # whose statistics are enough to tell the scale of a column
FAR = 50.0  # a root mean square beyond which a column is unscaled
MOST_NAMES = 3
NORMALIZERS = ("batch_norm",)  # layers that standardize their input themselves, column by column


@dataclass(frozen=True)
class Scale:
    """The mean and the standard deviation of a column."""

    name: str
    mean: float
    std: float

    @property
    def size(self) -> float:
        """The root mean square."""
        return math.hypot(self.mean, self.std)

    def __str__(self) -> str:
        """ "1,985 ± 20": as many digits as the standard deviation leaves."""
        return f"{rounded(self.mean, self.std)} ± {rounded(self.std, self.std)}"


def scale_warnings(data: Dataset, graph: Graph, loss: Loss) -> list[str]:
    """One warning for the columns and one for the targets of the training split, where they are far from unit scale."""
    found = [
        columns_warning(unscaled_columns(data, graph)),
        target_warning(unscaled_targets(data, graph, loss), bool(data.heads)),
    ]
    return [warning for warning in found if warning]


def unscaled(scales: list[Scale], kind: str) -> str:
    """ "unscaled columns: 'area' is about 12,900 ± 4,100, 'year' is about 1,984 ± 20"; at most eight names."""
    named = ", ".join(f"{scale.name} is about {scale}" for scale in scales[:MOST_NAMES])
    more = f" and {len(scales) - MOST_NAMES:,} more" if len(scales) > MOST_NAMES else ""
    return f"unscaled {kind}{'s' * (len(scales) > 1)}: {named}{more}"


def columns_warning(scales: list[Scale]) -> str:
    if not scales:
        return ""
    return (
        f"{unscaled(scales, 'column')}; training is slow or diverges with such inputs. "
        "Set `standardize: true` under `data`"
    )


def target_warning(scales: list[Scale], of_heads: bool = False) -> str:
    """of_heads: whether they are among several targets of different kinds, each with a transform of its own."""
    if not scales:
        return ""
    remedy = (
        "`transform: standard` in such a target" if of_heads else "`target_transform: standard` under `data`"
    )
    return (
        f"{unscaled(scales, 'target')}; the outputs of a network start near 0, so training takes very long or diverges. "
        f"Set {remedy}"
    )


def unscaled_columns(data: Dataset, graph: Graph, far: float = FAR) -> list[Scale]:
    """The columns, or channels, whose values reach the network far from unit scale; the largest first. Numbers of categories do not."""
    first = graph.layers[0]
    if data.vocabulary or data.is_bytes or first.layer.yaml_name in NORMALIZERS or first.frozen:
        return []
    rows = evenly(len(data))
    x = data.x.take(rows) if isinstance(data.x, Windows) else mapped.gathered(data.x, rows)
    x = (curved(x.astype(np.float64), data.curves) - data.shift) * data.scale
    scales = scales_of([f"{column_name(data, 'column', i)}" for i in range(x.shape[-1])], x)
    if not data.feature_names:
        scales = [Scale(f"input {scale.name}", scale.mean, scale.std) for scale in scales]
    vectors = {column.start for column in data.embedded}
    scales = [scale for place, scale in enumerate(scales) if place not in vectors]
    return sorted((scale for scale in scales if scale.size > far), key=lambda scale: -scale.size)


def unscaled_targets(data: Dataset, graph: Graph, loss: Loss, far: float = FAR) -> list[Scale]:
    """The targets that are far from unit scale, where the outputs must be as large as they are."""
    last = next((node for node in reversed(graph.layers) if node.parameters), graph.output)
    prepared = last.frozen or getattr(last.layer, "bias_initializer", None) is not None
    if isinstance(loss, WeightedSum) and not prepared:
        return [
            scale
            for term in loss.terms
            if term.loss.follows_scale and not term.head.classes
            for scale in unscaled_columns_of(data, term.column, far)
        ]
    if data.classes or not loss.follows_scale or prepared:
        return []
    target = take_rows(data.target, evenly(len(data)))
    names = [f"{column_name(data, 'target', i)}" for i in range(target.shape[-1])]
    names = names if data.target_names else [f"target {name}" for name in names]
    return [scale for scale in scales_of(names, target.astype(np.float64)) if scale.size > far]


def unscaled_columns_of(data: Dataset, column: int, far: float) -> list[Scale]:
    """One of several targets, if it is far from unit scale."""
    values = take_rows(data.target, evenly(len(data)))[:, column : column + 1]
    return [scale for scale in scales_of([column_name(data, "target", column)], values) if scale.size > far]


def scales_of(names: list[str], values: np.ndarray) -> list[Scale]:
    """Of each channel, the last axis of values (rows, ..., channels); NaN is a gap."""
    flat = values.reshape(-1, values.shape[-1])
    known = ~np.isnan(flat)
    count = np.maximum(known.sum(axis=0), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(known, flat / count, 0).sum(axis=0)
        std = np.sqrt((np.where(known, flat - mean, 0) ** 2 / count).sum(axis=0))
    return [Scale(*each) for each in zip(names, mean.tolist(), std.tolist(), strict=True)]


def evenly(count: int, most: int = SAMPLES) -> np.ndarray:
    """At most about `most` indices below `count`, evenly spaced."""
    return np.arange(0, count, -(-count // most))


def rounded(value: float, std: float) -> str:
    """A value with the digits that a spread of `std` leaves: two of the spread's own."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:.3g}"
    digits = 1 - math.floor(math.log10(std)) if std > 0 and math.isfinite(std) else 4
    return f"{round(value, digits):,.{max(digits, 0)}f}"
