"""Synthetic sequences: small problems that need memory, with a known answer."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain import randomness
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.limits import require_memory
from nntrain.options import mistake

PERIODS = (47.0, 19.0, 7.3)  # of the sines, in steps; none divides another
MAX_DEPTH = 7  # open brackets
MAX_STEPS = 10**9  # of all samples together


class SyntheticSequences(Reader, name="synthetic_sequences"):
    """Sequence problems with a known answer: the adding problem, sines, parity, or the depth of brackets.

    `adding`: numbers from 0 to 1 with a second feature that marks one number in each half; the target is the sum of the two marked
    numbers. Always predicting 1 has a mean squared error of 1/6. `sines`: windows of a sum of three sines with noise; the targets
    are the next `horizon` values. `parity`: bits; the target of each step is whether the number of ones so far is odd.
    `brackets`: tokens `(` and `)` in sequences of `steps` / 2 to `steps` steps; the target of each step is the number of open
    brackets. The test split is a second sample, or the rest of the series.

    Source: adding: Hochreiter & Schmidhuber 1997, Long short-term memory; as here, Le, Jaitly & Hinton 2015, A simple way to
    initialize recurrent networks of rectified linear units.
    """

    example: ClassVar = {"kind": "adding"}

    kind: Literal["adding", "sines", "parity", "brackets"] = Field(description="the problem")
    steps: int = Field(100, ge=2, le=10**6, description="the number of steps of a sequence, or its maximum")
    samples: int = Field(1000, ge=1, description="the number of training sequences")
    test_samples: int = Field(1000, ge=1, description="the number of test sequences")
    horizon: int = Field(1, ge=1, le=1000, description="for `sines`: the number of values to predict")
    noise: float = Field(
        0.1,
        ge=0,
        le=1000,
        description="for `sines`: the standard deviation of the noise; that of the sum of sines is about 1",
    )
    seed: int = Field(0, description="the seed of the sequences, independent of the run's seed")

    @model_validator(mode="after")
    def _options_match_kind(self) -> "SyntheticSequences":
        for option in ("horizon", "noise"):
            if self.kind != "sines" and getattr(self, option) != type(self).model_fields[option].default:
                raise mistake(f"`{option}` requires `kind: sines`. Received: `kind: {self.kind}`.")
        if (total := (self.samples + self.test_samples) * self.steps) > MAX_STEPS:
            raise mistake(f"expected at most {MAX_STEPS:,} steps, all samples together. Received: {total:,}.")
        return self

    def load(self, folder: Path) -> Splits:
        values = (self.samples + self.test_samples) * self.steps
        require_memory(20 * values, "the sequences take", "Use fewer `samples` or `steps`.")
        if self.kind == "sines":
            return self._sines()
        made = {"adding": self._adding, "parity": self._parity, "brackets": self._brackets}[self.kind]
        return Splits(train=made("train", self.samples), test=made("test", self.test_samples))

    def _adding(self, part: str, count: int) -> Dataset:
        numbers = self._uniform(part, "numbers", (count, self.steps)).astype(np.float32)
        half = self.steps // 2
        places = self._uniform(part, "marks", (count, 2)) * [half, self.steps - half] + [0, half]
        places = places.astype(np.int64)  # (count, 2)
        marks = np.zeros_like(numbers)
        np.put_along_axis(marks, places, 1, axis=1)
        target = np.take_along_axis(numbers, places, axis=1).sum(axis=1, keepdims=True)
        return Dataset(np.stack([numbers, marks], axis=2), target)

    def _parity(self, part: str, count: int) -> Dataset:
        bits = self._uniform(part, "bits", (count, self.steps)) < 0.5
        target = np.bitwise_xor.accumulate(bits.astype(np.int32), axis=1)
        return Dataset(bits[..., None].astype(np.float32), target, ("even", "odd"))

    def _brackets(self, part: str, count: int) -> Dataset:
        coins = self._uniform(part, "brackets", (count, self.steps)) < 0.5
        depth, closing = np.zeros((count, self.steps), np.int32), np.zeros((count, self.steps), np.int32)
        deep = np.zeros(count, np.int32)
        for step in range(self.steps):
            closing[:, step] = np.where(deep == 0, 0, np.where(deep == MAX_DEPTH, 1, coins[:, step]))
            deep = depth[:, step] = deep + 1 - 2 * closing[:, step]
        shortest = -(-self.steps // 2)
        lengths = shortest + self._uniform(part, "lengths", (count,)) * (self.steps - shortest + 1)
        return Dataset(
            closing,
            depth,
            tuple(map(str, range(MAX_DEPTH + 1))),
            vocabulary=2,
            lengths=lengths.astype(np.int32),
        )

    def _sines(self) -> Splits:
        """Windows at each step of one long series; those of the test split follow the others."""
        reach = self.steps + self.horizon
        counts = {"train": self.samples, "test": self.test_samples}
        total = sum(count + reach - 1 for count in counts.values())
        time = np.arange(total)[:, None]
        series = np.sin(2 * np.pi * time / PERIODS).sum(axis=1) * np.sqrt(2 / len(PERIODS))
        series = (
            series + self.noise * randomness.normal(randomness.key(self.seed, "sequences", "noise"), total)
        )[:, None]
        parts, start = {}, 0
        for part, count in counts.items():
            starts = start + np.arange(count)
            targets = Windows(series, starts + self.steps, self.horizon, flat=True)
            parts[part] = Dataset(
                Windows(series, starts, self.steps), targets, series=np.zeros(count, np.int32)
            )
            start += count + reach - 1
        return Splits(**parts)

    def _uniform(self, part: str, what: str, shape: tuple[int, ...]) -> np.ndarray:
        return randomness.uniform(
            randomness.key(self.seed, "sequences", part, what), int(np.prod(shape))
        ).reshape(shape)
