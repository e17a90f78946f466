"""Sweep: every option of a sweep file, as typed fields."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from nntrain.config.ranges import Range
from nntrain.config.schema import RunName
from nntrain.options import Options, mistake, shown


def _choices(value: list[Any]) -> list[Any]:
    for position, choice in enumerate(value):
        for other in value[:position]:
            if choice == other:  # to Optuna, too, 1 and true are the same
                raise mistake(f"the same choice twice: {shown(choice)}")
    return value


def _parameter(value: Any) -> Any:
    """A list, or one range."""
    if isinstance(value, list):
        return value
    if not isinstance(value, (dict, Range)):
        message = "expected a list of choices or a range, such as `{log_uniform: [1e-4, 0.1]}`"
        raise mistake(f"{message}. Received: {shown(value)}")
    return Range.parse(value)


Choices = Annotated[list[Any], Field(min_length=1), AfterValidator(_choices)]
Parameter = Annotated[Choices | Range, BeforeValidator(_parameter)]
Inline = Annotated[dict[str, Any], Field(min_length=1)]


class TimeLimitSection(Options):
    """How long a process starts new trials. The trial that is running then is trained to its end."""

    hours: float = Field(0, ge=0, description="hours, added to the minutes")
    minutes: float = Field(0, ge=0, description="minutes, added to the hours")

    example: ClassVar = {"hours": 8}

    @model_validator(mode="after")
    def _some_time(self) -> "TimeLimitSection":
        if not self.seconds:
            raise mistake("expected `hours` or `minutes` above 0")
        return self

    @property
    def seconds(self) -> float:
        return 3600 * self.hours + 60 * self.minutes


class Sweep(Options):
    """A sweep trains a config many times with other values of some options, and finds the best ones.

    `nntrain sweep FILE` works on it. The same command in several processes, or on several machines that share a `storage`,
    works on one sweep together.
    """

    name: RunName | None = Field(
        None,
        description="the name of the sweep and of its folder; by default the name of its file without .yaml",
    )
    config: str | Inline = Field(
        description="the config: its path, relative to the folder of this file, or its options"
    )
    parameters: dict[str, Parameter] = Field(
        min_length=1,
        description="the options that are varied, by dotted name as in `--set`: a list of choices, which can be whole layers or "
        "optimizers, or a range. A choice can contain ranges of its own",
    )
    method: Literal["tpe", "random", "grid", "cmaes", "qmc"] = Field(
        "tpe",
        description="how values are chosen: `tpe` learns from the trials before (Bayesian), as `cmaes` does for numbers alone; "
        "`random`; `qmc` covers the ranges more evenly than `random`; `grid` tries every combination",
    )
    trials: int | None = Field(
        None,
        ge=1,
        description="how many trials the sweep has, of all processes together; default for a grid: every combination",
    )
    time_limit: TimeLimitSection | None = Field(None, description="stop to start new trials after this time")
    objective: str | None = Field(
        None,
        min_length=1,
        description="the score that is compared: a column of metrics.csv such as `validation_accuracy`, or a metric such as "
        "`accuracy` of the validation split or, with `folds`, of the held-out folds. Default: `train.monitor` of the config, or "
        "the loss of the held-out folds",
    )
    folds: int | None = Field(
        None, ge=2, description="cross-validate each trial with so many folds; its value is their mean"
    )
    group: str | int | None = Field(
        None, description="with `folds`: the column whose equal values stay in one fold"
    )
    seeds: int = Field(
        1,
        ge=1,
        description="train each trial with so many seeds, from the config's on; its value is their mean",
    )
    pruning: Literal["none", "median", "hyperband"] = Field(
        "none",
        description="stop a trial at an evaluation: `median` if it is worse than the median of the trials before there, but not in "
        "the first tenth of its evaluations; `hyperband` by successive halving. With `folds` or `seeds`, between its runs",
    )
    storage: str | None = Field(
        None,
        min_length=1,
        description="where processes share the trials: the URL of an Optuna storage, such as "
        "`postgresql+psycopg://user:$PASSWORD@host/database`, or `grpc://host:13000` of a proxy; default: a file in the sweep's "
        "folder",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="the seed of the choice of values")

    @model_validator(mode="after")
    def _ends(self) -> "Sweep":
        if self.trials is None and self.time_limit is None and self.method != "grid":
            raise mistake(
                "expected `trials` or `time_limit`: the sweep would never end",
                "Set `trials`, such as `trials: 50`.",
            )
        if self.group is not None and self.folds is None:
            raise mistake("`group` requires `folds`", "Set `folds`, such as `folds: 5`.")
        return self
