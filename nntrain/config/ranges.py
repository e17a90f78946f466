"""Ranges: from which values of an option a sweep samples."""

import math
from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import AfterValidator, Field, model_validator

from nntrain.component import Component
from nntrain.options import Several, mistake, shown

MOST_STEPS = 10_000  # of a range that a grid lists


class Suggests(Protocol):
    """What a range needs of an Optuna trial."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...


def _rising(bounds: tuple) -> tuple:
    if len(bounds) != 2 or not bounds[0] < bounds[1]:
        raise mistake(f"expected [low, high] with low < high. Received: {shown(list(bounds))}")
    return bounds


def _positive(bounds: tuple) -> tuple:
    if bounds[0] <= 0:
        raise mistake(f"a logarithmic range begins above 0. Received: {shown(list(bounds))}")
    return bounds


TWO = Field(json_schema_extra={"minItems": 2, "maxItems": 2})
Numbers = Annotated[Several[float], AfterValidator(_rising), TWO]
Integers = Annotated[Several[int], AfterValidator(_rising), TWO]


class Range(Component, family="range"):
    """The numbers from which a sweep samples the value of an option. Both ends belong to it."""

    log: ClassVar[bool] = False  # whether it is sampled on a logarithmic scale

    @property
    @abstractmethod
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number."""

    @abstractmethod
    def suggest(self, trial: Suggests, name: str) -> Any:
        """The number for a trial."""

    def values(self) -> list[Any] | None:
        """Every number, in rising order; None where they are too many to list."""
        return None


class Uniform(Range, name="uniform"):
    """Uniform: every number between the ends is equally likely."""

    bounds: Numbers = Field(description="the lowest and the highest value")
    step: float | None = Field(
        None, gt=0, description="only the lowest value plus a multiple of this; default: any"
    )

    example: ClassVar = {"bounds": [0.0, 0.5]}

    @property
    def ends(self) -> tuple[float, float]:
        return self.bounds[0], self.bounds[1]

    @model_validator(mode="after")
    def _whole_steps(self) -> "Uniform":
        low, high = self.bounds
        if self.step is not None and abs((high - low) / self.step - self._steps()) > 1e-6:
            raise mistake(
                f"expected a multiple of `step` between the ends. Received: {shown(list(self.bounds))} with {self.step:g}"
            )
        return self

    def _steps(self) -> int:
        return round((self.bounds[1] - self.bounds[0]) / self.step) if self.step else 0

    def suggest(self, trial: Suggests, name: str) -> Any:
        return trial.suggest_float(name, *self.ends, step=self.step)

    def values(self) -> list[Any] | None:
        if self.step is None or self._steps() >= MOST_STEPS:
            return None
        # Rounded as Optuna does, so that 0.1 + 2 * 0.1 is 0.3.
        digits = max(0, 12 - math.ceil(math.log10(max(map(abs, self.bounds)))))
        return [round(self.bounds[0] + number * self.step, digits) for number in range(self._steps() + 1)]


class LogUniform(Range, name="log_uniform"):
    """Log-uniform: every order of magnitude is equally likely, as suits learning rates and weight decay."""

    bounds: Annotated[Numbers, AfterValidator(_positive)] = Field(
        description="the lowest and the highest value, both above 0"
    )

    example: ClassVar = {"bounds": [1e-4, 0.1]}
    log = True

    @property
    def ends(self) -> tuple[float, float]:
        return self.bounds[0], self.bounds[1]

    def suggest(self, trial: Suggests, name: str) -> Any:
        return trial.suggest_float(name, *self.ends, log=True)


class Int(Range, name="int"):
    """Integers: every integer between the ends is equally likely."""

    bounds: Integers = Field(description="the lowest and the highest value")
    step: int = Field(1, ge=1, description="only the lowest value plus a multiple of this")

    example: ClassVar = {"bounds": [16, 128], "step": 16}

    @model_validator(mode="after")
    def _whole_steps(self) -> "Int":
        low, high = self.bounds
        if (high - low) % self.step:
            raise mistake(
                f"expected a multiple of `step` between the ends. Received: {shown(list(self.bounds))} with {self.step}"
            )
        return self

    @property
    def ends(self) -> tuple[float, float]:
        return self.bounds[0], self.bounds[1]

    def suggest(self, trial: Suggests, name: str) -> Any:
        return trial.suggest_int(name, *self.bounds, step=self.step)

    def values(self) -> list[Any] | None:
        found = range(self.bounds[0], self.bounds[1] + 1, self.step)
        return list(found) if len(found) <= MOST_STEPS else None


class LogInt(Range, name="log_int"):
    """Log-uniform integers: every order of magnitude is equally likely, as suits the width of a layer."""

    bounds: Annotated[Integers, AfterValidator(_positive)] = Field(
        description="the lowest and the highest value, both above 0"
    )

    example: ClassVar = {"bounds": [8, 256]}
    log = True

    @property
    def ends(self) -> tuple[float, float]:
        return self.bounds[0], self.bounds[1]

    def suggest(self, trial: Suggests, name: str) -> Any:
        return trial.suggest_int(name, *self.bounds, log=True)
