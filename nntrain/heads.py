"""Heads: what a network predicts where it has several targets, each of a kind of its own: a number, or a class."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nntrain.target_transform import TargetTransform, transform_of


@dataclass(frozen=True)
class HeadColumn:
    """A column of a table that a network predicts, as a config asks for it."""

    column: str | int
    classes: bool  # whether its cells name classes; else they are numbers
    optional: bool = (
        False  # whether rows without a value are accepted, which count for the other targets alone
    )


@dataclass(frozen=True)
class Head:
    """One of several targets. In a data set it is a column of reals: numbers in their unit, or numbers of classes; NaN is missing."""

    name: str  # of its column
    classes: tuple[str, ...] = ()  # empty: a number
    transform: TargetTransform | None = None  # how the loss sees the number
    optional: bool = False  # see HeadColumn

    def described(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def of(cls, described: dict[str, Any]) -> "Head":
        classes, transform = tuple(described["classes"]), transform_of(described["transform"])
        return cls(described["name"], classes, transform, described["optional"])


def short_names(heads: Iterable[Head]) -> list[str]:
    """A name for each head that can be a part of another, such as `price` in `test_price_rmse`; all different."""
    found: list[str] = []
    for head in heads:
        plain = "_".join("".join(each if each.isalnum() else " " for each in head.name).split()) or "target"
        name, number = plain, 2
        while name in found:
            name, number = f"{plain}_{number}", number + 1
        found.append(name)
    return found


def rows_of_head(
    head: Head, target: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """A head's targets (rows,) float as a loss takes them, (rows,) int32 classes or (rows, 1) reals, and the weights of the rows:
    0 where the target is missing.
    """
    missing = np.isnan(target)
    if missing.any():
        weight = (~missing).astype(target.dtype) if weight is None else np.where(missing, 0, weight)
        target = np.where(missing, 0, target)
    return target.astype(np.int32) if head.classes else target[:, None], weight
