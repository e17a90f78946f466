"""Targets: numbers to predict that the loss sees standardized, by statistics of the training split."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.lengths import real_steps
from nntrain.data.sequences.windows import Windows
from nntrain.data.transforms.standardize import mean_and_std
from nntrain.errors import ConfigError, Problem
from nntrain.target_transform import TargetTransform

PLACE = ("data", "target_transform")
STANDARD = "Set `target_transform: standard`, or fix the targets."


def transform_targets(splits: Splits, how: str) -> Splits:
    """The splits with a `target_transform`, standard or log. The targets themselves stay as they are. Raises ConfigError."""
    train = splits.train
    if train.classes:
        hint = "Remove this line, or set `task: regression` in the source if they are numbers."
        raise ConfigError([Problem(PLACE, "the targets are classes, not numbers", hint)])
    if how == "log":
        for name, part in splits.parts().items():
            if (wrong := without_logarithm(part)) is not None:
                message = f"expected targets above 0, which have a logarithm. Received: {wrong:g}, in the {name} split."
                raise ConfigError([Problem(PLACE, message, STANDARD)])
    values, weight = values_of(train)
    mean, std = mean_and_std(np.log(values) if how == "log" else values, train.target_names, weight)
    std = np.where(std > 0, std, 1)
    transform = TargetTransform(how == "log", tuple(mean.tolist()), tuple(std.tolist()))
    return Splits(
        **{name: replace(part, target_transform=transform) for name, part in splits.parts().items()}
    )


def transform_heads(splits: Splits, hows: Sequence[str | None]) -> Splits:
    """The splits whose heads have a transform each, standard, log or none. Raises ConfigError."""
    train = splits.train
    heads = []
    for place, (head, how) in enumerate(zip(train.heads, hows, strict=True)):
        heads.append(head)
        if how is None or head.classes:  # for which a transform is an error of its own
            continue
        if how == "log":
            for name, part in splits.parts().items():
                column = np.asarray(part.target)[:, place]
                if (wrong := column[column <= 0]).size:
                    message = f"expected numbers above 0, which have a logarithm. Received: {wrong[0]:g}, in the {name} split."
                    hint = "Set `transform: standard`, or fix the targets."
                    raise ConfigError([Problem(("targets", place, "transform"), message, hint)])
        column = np.asarray(train.target, np.float64)[:, place : place + 1]
        known = ~np.isnan(column[:, 0])
        if not known.any():
            message = f"{head.name} has no value in the training split"
            raise ConfigError([Problem(("targets", place), message, "Use more data.")])
        weight = None if train.weight is None else train.weight[known]
        values = np.log(column[known]) if how == "log" else column[known]
        mean, std = mean_and_std(values, (head.name,), weight)
        transform = TargetTransform(how == "log", (float(mean[0]),), (float(std[0]) or 1.0,))
        heads[-1] = replace(head, transform=transform)
    return Splits(**{name: replace(part, heads=tuple(heads)) for name, part in splits.parts().items()})


def without_logarithm(data: Dataset) -> float | None:
    """The first target that is not above 0."""
    values, _ = values_of(data)
    wrong = values[~(values > 0)]
    return float(wrong[0]) if wrong.size else None


def values_of(data: Dataset) -> tuple[np.ndarray, np.ndarray | None]:
    """(rows, targets) float64 and (rows,) the weights, if any; of sequences all real steps, each once."""
    weight = data.weight
    if isinstance(data.target, Windows):
        return data.target.distinct_steps().astype(np.float64), None
    target = np.asarray(data.target, np.float64)
    if data.per_step:
        real = np.ones(target.shape[:2], bool)
        if data.lengths is not None:
            real = real_steps(data.lengths, target).reshape(real.shape)
        if weight is not None:
            weight = np.broadcast_to(weight[:, None], real.shape)[real]
        return target[real], weight
    return target.reshape(len(target), -1), weight
