"""A small config with families of its own, for the tests of reading configs."""

from typing import Any, Literal

import pytest
from pydantic import Field, model_validator

from nntrain.component import Component
from nntrain.config import Document, checked
from nntrain.errors import UserError
from nntrain.options import Options, Several


class Toy(Component, family="toy"):
    label: str | None = None


class Dense(Toy, name="dense", aliases=("linear",)):
    units: int = Field(ge=1)
    activation: Toy | None = None


class Relu(Toy, name="relu"):
    pass


class Pool(Toy, name="pool"):
    size: int | Several[int]
    padding: Literal["valid", "same"] | int = "valid"


class Block(Toy, name="block"):
    body: Several[Toy]


class Solver(Component, family="solver"):
    pass


class Sgd(Solver, name="sgd"):
    lr: float = Field(gt=0)
    momentum: float = 0.0


class Adam(Solver, name="adam"):
    lr: float = Field(1e-3, gt=0)


class Store(Component, family="store"):
    pass


class Table(Store, name="table"):
    path: str
    as_: Literal["row", "image"] = Field("row", alias="as")


class Digits(Store, name="digits"):
    as_: Literal["row", "image"] = Field("row", alias="as")


class DataSection(Options):
    source: Store
    test: float | Store | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_spelling(cls, value: Any) -> Any:
        if isinstance(value, str) or (
            isinstance(value, dict) and len(value) == 1 and set(value) <= set(Store.members())
        ):
            return {"source": value}
        return value


class ModelSection(Options):
    layers: Several[Toy] = Field(min_length=1)


class TrainSection(Options):
    epochs: int = Field(10, ge=1)
    batch_size: int | Literal["full"] = 32


class ToyConfig(Options):
    name: str | None = None
    data: DataSection
    model: ModelSection
    optimizer: Solver
    train: TrainSection = TrainSection()
    milestones: Several[int] = ()
    weights: dict[str, float] = Field({})


GOOD = """\
name: toy
data: digits
model:
  layers:
    - dense: {units: 64, activation: relu}
    - pool: 2
    - relu
    - dense: 10
optimizer: {sgd: {lr: 0.1}}
"""


def check(text: str, *overrides: str) -> ToyConfig:
    return checked(Document.parse(text), overrides, ToyConfig)[0]


def complaint(text: str | bytes, *overrides: str) -> str:
    """The error of a config, as the user reads it."""
    with pytest.raises(UserError) as caught:
        check(text, *overrides)
    return str(caught.value)
