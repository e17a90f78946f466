"""Unusable samples: those that a network cannot take, such as an unknown category, where the others are to be predicted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntrain.errors import DataError

OnError = Literal["stop", "skip", "blank"]  # what a prediction does about samples that it cannot use
MOST_NAMED = 8


class UnusableSamples(DataError):
    """Some samples cannot be used; the others can."""


class UnusableInput(DataError):
    """No sample of an input can be used; those of other inputs can. count: rows of an output that answers all of its samples."""

    def __init__(self, message: str, hint: str = "", place: str = "", count: int = 0):
        super().__init__(message, hint, place)
        self.count = count


@dataclass(frozen=True)
class Unusable:
    """The samples of an input that cannot be used, and why."""

    mask: np.ndarray  # (samples,) bool
    reasons: tuple[str, ...] = ()  # of the first ones, each with its place
    values: int = 0  # how many values were wrong: at least as many as reasons

    def __or__(self, other: "Unusable") -> "Unusable":
        """Those of both."""
        return Unusable(self.mask | other.mask, (*self.reasons, *other.reasons), self.values + other.values)

    @property
    def usable(self) -> np.ndarray:
        """(usable samples,) int64. Raises UnusableInput if there is none."""
        if self.mask.all():
            first, *others = self.named()
            raise UnusableInput("\n".join([f"no sample can be used: {first}", *others]), count=len(self.mask))
        return np.flatnonzero(~self.mask)

    def named(self) -> list[str]:
        """The first reasons, and the number of the others."""
        more = max(self.values, len(self.reasons)) - len(self.reasons[:MOST_NAMED])
        return [*self.reasons[:MOST_NAMED], *([f"... and {more:,} more"] if more else [])]


def of_rows(name: str, rows: Iterable[int], count: int, reason: str) -> Unusable:
    """The samples `rows` of `count`, all unusable for the same reason."""
    mask = np.zeros(count, bool)
    mask[list(rows)] = True
    found = np.flatnonzero(mask)
    places = tuple(f"{name}sample {row + 1}: {reason}" for row in found[:MOST_NAMED])
    return Unusable(mask, places, len(found))
