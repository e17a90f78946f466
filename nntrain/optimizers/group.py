"""Parameter group: other options of the optimizer for some of the parameters, or none: they are frozen."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from nntrain.optimizers.optimizer import Optimizer
from nntrain.options import Options, Several, either, mistake

Pattern = Annotated[str, Field(min_length=1)]


class ParameterGroup(Options):
    """A parameter group: options of the optimizer for the parameters whose names match, in place of its own.

    `nntrain summary CONFIG --parameters` lists the names. A parameter belongs to the first group that matches it. Schedule and
    warmup multiply the learning rates of all groups by the same factor. Penalties, clipping and averages act on all parameters
    together.
    """

    match: Pattern | Annotated[Several[Pattern], Field(min_length=1)] = Field(
        description="the names of parameters: a pattern such as `dense_*.weight`, where `*` stands for any characters and `?` for "
        "one, or a list of patterns"
    )
    lr: float | None = Field(
        None, gt=0, description="the learning rate, in place of the optimizer's; it stays if that changes"
    )
    lr_scale: float | None = Field(
        None, gt=0, description="the learning rate as a factor on the optimizer's, in place of `lr`"
    )
    weight_decay: float | None = Field(
        None, ge=0, description="the weight decay, in place of the optimizer's; still of weights only"
    )
    decay_all: bool | None = Field(
        None, description="whether all parameters of the group decay: biases and scales, too"
    )
    optimizer: Optimizer | None = Field(
        None, description="an optimizer for the group, in place of all options above"
    )
    freeze: bool = Field(False, description="freeze the parameters, as `freeze` of a layer does")

    example: ClassVar = {"match": "embedding_*", "lr_scale": 0.1}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        names = ("lr", "lr_scale", "weight_decay", "decay_all", "optimizer")
        given = [name for name in names if getattr(self, name) is not None] + ["freeze"] * self.freeze
        if not given:
            raise mistake(f"expected an option besides `match`: {either([*names, 'freeze'])}")
        for whole in ("freeze", "optimizer"):
            if whole in given and len(given) > 1:
                others = ", ".join(f"`{name}`" for name in given if name != whole)
                raise mistake(f"`{whole}` cannot be combined with {others}", f"Remove {others} or `{whole}`.")
        if "lr" in given and "lr_scale" in given:
            raise mistake("expected either `lr` or `lr_scale`. Received: both", "Remove one of them.")
        return self

    @property
    def patterns(self) -> tuple[str, ...]:
        return (self.match,) if isinstance(self.match, str) else self.match

    def places(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The patterns, each with its keys in the group."""
        if isinstance(self.match, str):
            yield ("match",), self.match
        else:
            yield from ((("match", place), pattern) for place, pattern in enumerate(self.match))

    def matches(self, name: str) -> bool:
        return any(matches(name, pattern) for pattern in self.patterns)

    def update_rule(self, optimizer: Optimizer) -> Optimizer:
        """The optimizer of the group, where that of all others is `optimizer`; its learning rate is `rate`."""
        changes = {"weight_decay": self.weight_decay, "decay_all": self.decay_all}
        return self.optimizer or optimizer.with_options(
            {name: value for name, value in changes.items() if value is not None}
        )


def matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern)
