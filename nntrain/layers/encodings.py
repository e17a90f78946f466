"""Encodings of numbers: layers right after a table that make each column several inputs."""

import math
from typing import ClassVar

import numpy as np
from pydantic import Field

from nntrain import kernels
from nntrain.initializers import Initializer, Normal
from nntrain.layers.context import LayerContext, Param, Shape, State, table
from nntrain.layers.layer import Layer
from nntrain.layers.require import require, require_last_axis

TURN = 2 * math.pi
SPREAD = 2.0  # edges before the data are known: of standardized columns


class PiecewiseLinearEncoding(Layer, name="piecewise_linear_encoding"):
    """Piecewise linear encoding: each column becomes `bins` numbers, of which number t tells how far x has passed through bin t:
    `(x - b_(t-1)) / (b_t - b_(t-1))`, not below 0 or above 1 except outside the outer edges.

    The layer after it can so learn another slope in each bin. The edges b are quantiles of the training data, computed before
    training and stored with the network; equal quantiles are one edge, and the numbers that are left over are 0. The layer comes
    right after the data, which should be standardized, or after `embed_columns`, whose vectors stay as they are. Output:
    (columns * bins), a column's numbers next to each other, and what is not encoded.

    Source: Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning, sect. 3.1.
    """

    bins: int = Field(16, ge=2, le=1024, description="numbers per column")
    columns: int | None = Field(
        None,
        ge=1,
        description="how many columns are encoded, from the first; none: all but the vectors of `embed_columns`",
    )

    reads = "x"
    follows_data = True
    example: ClassVar = {"bins": 3}

    def for_numbers(self, count: int) -> "PiecewiseLinearEncoding":
        require(count > 0, "the data have no columns of numbers", "Remove this layer.")
        require(
            self.columns in (None, count),
            f"`columns` is {self.columns}, but the data have {count} of numbers",
            "Remove `columns`.",
        )
        return self.model_copy(update={"columns": count})

    def encoded(self, x: Shape) -> int:
        """How many columns are encoded."""
        return self.columns or x[-1]

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        count = self.encoded(x)
        require(count <= x[-1], f"`columns` is {count}, but its input has {x[-1]}")
        return (*x[:-1], x[-1] + count * (self.bins - 1))

    def state(self, x: Shape) -> dict[str, State]:
        edges = tuple(np.linspace(-SPREAD, SPREAD, self.bins + 1).tolist())
        return {"edges": State((self.encoded(x), self.bins + 1), edges, fixed=True)}

    def measured(self, x: np.ndarray) -> dict[str, np.ndarray]:
        columns = x.reshape(-1, x.shape[-1]).T[: self.columns]
        edges = np.empty((len(columns), self.bins + 1))
        for own, column in zip(edges, columns, strict=True):
            found = np.unique(np.quantile(column, np.linspace(0, 1, self.bins + 1)))
            own[:] = found[-1]
            own[: len(found)] = found
        return {"edges": edges}

    def flops(self, x: Shape) -> int:
        return 3 * math.prod(x[:-1]) * self.encoded(x) * self.bins

    def forward(self, ctx: LayerContext) -> None:
        kernels.encodings.piecewise_linear(table(ctx.y), table(ctx.x), ctx.edges)

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.encodings.piecewise_linear_backward(table(ctx.dx), table(ctx.dy), table(ctx.x), ctx.edges)


class PeriodicEncoding(Layer, name="periodic_encoding"):
    """Periodic encoding: each column becomes `sin(2 pi c x)` and `cos(2 pi c x)` for several trainable frequencies c.

    Networks learn functions that change fast more easily of these than of x. The data should be standardized; `std` is the option
    to try out, from 0.01 to 10. Output: (columns * 2 * frequencies), of each column first the sines. A `dense` layer with an
    activation usually follows.

    Source: Gorishniy et al. 2022, On embeddings for numerical features in tabular deep learning, sect. 3.2.
    """

    frequencies: int = Field(16, ge=1, le=1024, description="frequencies per column")
    std: float = Field(0.1, gt=0, description="standard deviation of the initial frequencies")

    example: ClassVar = {"frequencies": 3}

    def output_shape(self, x: Shape) -> Shape:
        require_last_axis(x)
        return (*x[:-1], x[-1] * 2 * self.frequencies)

    def parameters(self, x: Shape) -> dict[str, Param]:
        shape = (x[-1], self.frequencies)
        initializer: Initializer = Normal(std=self.std)
        return {"frequency": Param(shape, shape, "scale", initializer, table=True)}

    def flops(self, x: Shape) -> int:
        return 4 * math.prod(x) * self.frequencies

    def forward(self, ctx: LayerContext) -> None:
        kernels.encodings.periodic(table(ctx.y), table(ctx.x), TURN * ctx.frequency)

    def backward_parameters(self, ctx: LayerContext) -> None:
        dy, y, x = table(ctx.dy), table(ctx.y), table(ctx.x)
        kernels.encodings.angular_gradient.run(4 * y.size, ctx.dfrequency, dy, y, x)
        ctx.dfrequency[...] *= TURN

    def backward_input(self, ctx: LayerContext) -> None:
        kernels.encodings.periodic_backward(table(ctx.dx), table(ctx.dy), table(ctx.y), TURN * ctx.frequency)
