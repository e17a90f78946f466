"""Synthetic data: small problems with a known answer."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import randomness
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.limits import require_memory
from nntrain.options import mistake

# Functions of x in [-1, 1].
CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sine": lambda x: np.sin(np.pi * x),
    "parabola": lambda x: x**2,
    "absolute": np.abs,
    "step": lambda x: np.where(x < 0, 0.0, 1.0),
    "bumps": lambda x: (
        np.exp(-50 * (x + 0.5) ** 2) + 0.6 * np.exp(-200 * x**2) - 0.8 * np.exp(-20 * (x - 0.6) ** 2)
    ),
    "wiggle": lambda x: _wiggle((x + 1) / 2),
}
CURVE_POINTS = 401  # of the test curve: steps of 0.005


def _wiggle(t: np.ndarray) -> np.ndarray:
    """Nielsen 2015, Neural Networks and Deep Learning, ch. 4 (the visual proof of universality), for t in [0, 1]."""
    return 0.2 + 0.4 * t**2 + 0.3 * t * np.sin(15 * t) + 0.05 * np.cos(50 * t)


class Synthetic(Reader, name="synthetic"):
    """Problems with a known answer: a curve of one variable, two moons, spirals, or exclusive or (XOR).

    Noise is added to a curve's targets, or to the inputs of the other problems. The test split is the curve without noise, at equal
    distances, or a second sample. The classes alternate; `{kind: xor, samples: 4, noise: 0}` is the four corners.

    Source: spirals: Lang & Witbrock 1988, Learning to tell two spirals apart; `wiggle`: Nielsen 2015, Neural networks and deep
    learning, ch. 4.
    """

    example: ClassVar = {"kind": "two_moons"}

    kind: Literal["curve", "two_moons", "spirals", "xor"] = Field(description="the problem")
    samples: int = Field(
        400,
        ge=2,
        le=10**9,
        description="the number of training samples, and of test samples unless it is a curve",
    )
    noise: float = Field(
        0.1,
        ge=0,
        le=1000,
        description="the standard deviation of the noise",
    )
    function: Literal["sine", "parabola", "absolute", "step", "bumps", "wiggle"] = Field(
        "sine", description="the curve, for x from -1 to 1"
    )
    classes: int = Field(2, ge=2, description="the number of arms of the spirals")
    turns: float = Field(1.0, gt=0, description="the turns of each spiral")
    seed: int = Field(0, description="the seed of the samples, independent of the run's seed")

    @model_validator(mode="after")
    def _options_match_kind(self) -> "Synthetic":
        for option, kind in (("function", "curve"), ("classes", "spirals"), ("turns", "spirals")):
            if self.kind != kind and getattr(self, option) != type(self).model_fields[option].default:
                raise mistake(f"`{option}` requires `kind: {kind}`. Received: `kind: {self.kind}`.")
        return self

    def load(self, folder: Path) -> Splits:
        # Of several values for each sample, in float64.
        require_memory(100 * self.samples, "the samples take", "Use fewer `samples`.")
        if self.kind == "curve":
            return Splits(train=self._curve(), test=self._clean_curve())
        points = {"two_moons": self._two_moons, "spirals": self._spirals, "xor": self._xor}[self.kind]
        return Splits(train=self._classes(points, "train"), test=self._classes(points, "test"))

    def _curve(self) -> Dataset:
        x = 2 * self._uniform("train") - 1
        y = CURVES[self.function](x) + self.noise * self._normal("train", self.samples)
        return Dataset(x[:, None], y[:, None])

    def _clean_curve(self) -> Dataset:
        x = np.linspace(-1, 1, CURVE_POINTS)
        return Dataset(x[:, None], CURVES[self.function](x)[:, None])

    def _classes(
        self, points: Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]], part: str
    ) -> Dataset:
        x, target = points(np.arange(self.samples), part)
        x = x + self.noise * self._normal(part, x.size).reshape(x.shape)
        names = tuple(str(label) for label in range(self.classes))
        return Dataset(x, target.astype(np.int32), names)

    def _two_moons(self, number: np.ndarray, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Two interleaving half circles."""
        label, angle = number % 2, np.pi * self._uniform(part)
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (samples, 2)
        return np.where(label[:, None] == 0, upper, [1.0, 0.5] - upper), label

    def _spirals(self, number: np.ndarray, part: str) -> tuple[np.ndarray, np.ndarray]:
        """One arm around the centre per class (Lang & Witbrock 1988)."""
        label, radius = number % self.classes, 0.1 + 0.9 * self._uniform(part)
        angle = 2 * np.pi * (label / self.classes + self.turns * radius)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), label

    def _xor(self, number: np.ndarray, part: str) -> tuple[np.ndarray, np.ndarray]:
        """The corners (0, 0), (0, 1), (1, 0), (1, 1) in turn; the class is the exclusive or."""
        first, second = number // 2 % 2, number % 2
        return np.stack([first, second], axis=1).astype(np.float64), first ^ second

    def _uniform(self, part: str) -> np.ndarray:
        return randomness.uniform(randomness.key(self.seed, "synthetic", part, "place"), self.samples)

    def _normal(self, part: str, count: int) -> np.ndarray:
        return randomness.normal(randomness.key(self.seed, "synthetic", part, "noise"), count)
