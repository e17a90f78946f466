"""Embedding of columns: a trainable vector for each category of some columns of a table, beside the numbers of the others."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.initializers import Initializer, Normal
from nntrain.layers.context import LayerContext, Param, Shape
from nntrain.layers.layer import Layer
from nntrain.layers.require import require
from nntrain.options import Options, Several


class EmbeddedColumn(Options):
    """A column of the input that holds the numbers of categories, from 0, and the size of their vectors."""

    position: int = Field(ge=0, description="the place of the column in the input, from 0")
    categories: int = Field(ge=1, description="number of different categories")
    units: int = Field(ge=1, description="size of each vector")

    example: ClassVar = {"position": 0, "categories": 5, "units": 3}


class EmbedColumns(Layer, name="embed_columns"):
    """Embedding of columns: y = the columns of numbers, then, for each column of categories, the trainable vector of its category.

    Which columns these are, and the sizes of the vectors, is said in the data, such as `columns: {city: {categorical: {embed: auto}}}`
    of `csv`. Category k of column i is row k of weight_i (categories, units). The layer comes right after the data.

    Source: Guo & Berkhahn 2016, Entity embeddings of categorical variables.
    """

    tables: Several[EmbeddedColumn] | None = Field(
        None, min_length=1, description="the columns of categories; none: those of the data"
    )
    weight_initializer: Initializer = Field(Normal(std=0.05), description="initializer of the vectors")

    reads = "x"
    takes_categories = True
    example: ClassVar = {
        "tables": [
            {"position": 1, "categories": 3, "units": 2},
            {"position": 4, "categories": 2, "units": 3},
        ]
    }

    def for_columns(self, columns: Sequence[Any]) -> "EmbedColumns":
        found = tuple(
            EmbeddedColumn(position=column.start, categories=len(column.categories), units=column.units)
            for column in columns
        )
        if self.tables not in (None, found):
            raise ConfigError(
                "the data have other columns of categories than `tables`",
                "Remove `tables` to use those of the data.",
            )
        return self.model_copy(update={"tables": found})

    def output_shape(self, x: Shape) -> Shape:
        columns = self.tables or ()
        require(
            bool(columns),
            "the data have no columns of numbers of categories",
            "Set `columns: {...: {categorical: {embed: auto}}}` in the source, or remove this layer.",
        )
        positions = [column.position for column in columns]
        require(len(x) == 1, f"expected rows of a table. Received: the shape {x}")
        require(
            positions == sorted(set(positions)) and positions[-1] < x[0],
            f"expected different positions below {x[0]}, in ascending order. Received: {positions}",
        )
        return (x[0] - len(columns) + sum(column.units for column in columns),)

    def parameters(self, x: Shape) -> dict[str, Param]:
        found = {}
        for number, column in enumerate(self.tables or (), 1):
            shape = (column.categories, column.units)
            found[f"weight_{number}"] = Param(shape, shape, "weight", self.weight_initializer, table=True)
        return found

    def numbers(self, features: int) -> list[int]:
        """The positions of the columns of numbers among the features."""
        embedded = {column.position for column in self.tables or ()}
        return [position for position in range(features) if position not in embedded]

    def places(self, features: int) -> list[tuple[str, int, int]]:
        """The parameter of each column of categories, its position, and where its vector begins in the output."""
        found, start = [], features - len(self.tables or ())
        for number, column in enumerate(self.tables or (), 1):
            found.append((f"weight_{number}", column.position, start))
            start += column.units
        return found

    def bind(self, ctx: LayerContext) -> None:
        ctx.numbers = np.array(self.numbers(ctx.x.shape[1]), np.int64)

    def forward(self, ctx: LayerContext) -> None:
        kernels.columns.copy.run(ctx.x.size, ctx.y, ctx.x, ctx.numbers)
        for name, position, start in self.places(ctx.x.shape[1]):
            weight = getattr(ctx, name)
            kernels.columns.gather.run(len(ctx.x) * weight.shape[1], ctx.y, ctx.x, weight, position, start)

    def backward_parameters(self, ctx: LayerContext) -> None:
        for name, position, start in self.places(ctx.x.shape[1]):
            kernels.columns.sum_by_category(getattr(ctx, f"d{name}"), ctx.dy, ctx.x, position, start)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.columns.copy_gradient.run(ctx.dx.size, ctx.dx, ctx.dy, ctx.numbers)
