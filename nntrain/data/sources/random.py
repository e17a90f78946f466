"""Random data of any shape, for benchmarks, for a network's summary, and for tests."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, model_validator

from nntrain import randomness
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.tables.features import OneHot
from nntrain.data.tables.kinds import Categorical
from nntrain.limits import require_memory
from nntrain.options import Several, mistake

MAX_VALUES = 10**12
PIECE = 1 << 18  # values drawn at once
Size = Annotated[int, Field(ge=1)]


class Random(Reader, name="random"):
    """Random samples with random targets, which a network can only memorize."""

    example: ClassVar = {"input": [32, 32, 3], "classes": 10}

    input: Several[Size] = Field(min_length=1, description="the shape of a sample")
    classes: int | None = Field(None, ge=2, description="the number of classes; this or `targets`")
    targets: int | None = Field(
        None, ge=1, description="the number of real values per target; this or `classes`"
    )
    samples: int = Field(512, ge=1, description="the number of samples")
    vocabulary: int | None = Field(
        None, ge=1, description="samples are tokens below this number, instead of real numbers"
    )
    categories: Several[Size] = Field(
        (),
        description="how many categories each of the last columns of a sample has, whose numbers `embed_columns` turns into vectors",
    )
    target_per_step: bool = Field(False, description="a target for each step, the first axis of a sample")
    consecutive: bool = Field(
        False,
        description="keep the samples in order, as consecutive windows, for recurrent layers with `stateful`",
    )
    seed: int = Field(0, description="the seed of the samples, independent of the run's seed")

    @model_validator(mode="after")
    def _not_too_many(self) -> "Random":
        if (values := math.prod((*self.input, self.samples))) > MAX_VALUES:
            raise mistake(
                f"expected at most {MAX_VALUES:,} values, all samples together. Received: {values:,}."
            )
        return self

    @model_validator(mode="after")
    def _one_kind_of_target(self) -> "Random":
        if (self.classes is None) == (self.targets is None):
            raise mistake(
                "expected either `classes` or `targets`. Received: "
                f"{'neither' if self.classes is None else 'both'}."
            )
        return self

    @model_validator(mode="after")
    def _categories_are_columns(self) -> "Random":
        if self.categories and (len(self.input) > 1 or len(self.categories) > self.input[0]):
            raise mistake(
                f"expected `categories` for at most the columns of `input`. Received: {len(self.categories)} for an input of {[*self.input]}."
            )
        if self.categories and self.vocabulary:
            raise mistake("`categories` cannot be combined with `vocabulary`", "Remove `vocabulary`.")
        return self

    def load(self, folder: Path) -> Splits:
        shape = (self.samples, *self.input)
        targets = (self.samples, *self.input[:1]) if self.target_per_step else (self.samples,)
        values = math.prod(shape) + math.prod(targets) * (self.targets or 1)
        require_memory(4 * values, "the samples take", "Use fewer or smaller `samples`.")
        x = self._below(self.vocabulary, "x", shape) if self.vocabulary else self._normal("x", shape)
        columns = self._columns()
        for column in columns:
            x[:, column.start] = self._below(len(column.categories), column.column, shape[:1])
        if self.classes:
            target = self._below(self.classes, "target", targets)
        else:
            target = self._normal("target", (*targets, self.targets or 0))
        return Splits(
            Dataset(
                x,
                target,
                tuple(str(number) for number in range(self.classes or 0)),
                self.vocabulary or 0,
                one_hot=columns,
                consecutive=self.consecutive,
            )
        )

    def _columns(self) -> tuple[OneHot, ...]:
        """The columns of categories, which are numbered from 0."""
        first, vectors = self.input[0] - len(self.categories), Categorical(embed="auto")
        return tuple(
            OneHot(
                f"category_{number}", tuple(map(str, range(count))), first + number - 1, vectors.units(count)
            )
            for number, count in enumerate(self.categories, 1)
        )

    def _normal(self, what: str, shape: tuple[int, ...]) -> np.ndarray:
        key = self._key(what)
        return _drawn(shape, np.float32, lambda count, start: randomness.normal(key, count, start))

    def _below(self, limit: int, what: str, shape: tuple[int, ...]) -> np.ndarray:
        key = self._key(what)
        return _drawn(shape, np.int32, lambda count, start: randomness.uniform(key, count, start) * limit)

    def _key(self, what: str) -> int:
        return randomness.key(self.seed, "random", what)


def _drawn(
    shape: tuple[int, ...], dtype: type[np.generic], draw: Callable[[int, int], np.ndarray]
) -> np.ndarray:
    """An array of what `draw(count, start)` returns, piece by piece."""
    out = np.empty(math.prod(shape), dtype)
    for start in range(0, out.size, PIECE):
        out[start : start + PIECE] = draw(min(PIECE, out.size - start), start)
    return out.reshape(shape)
