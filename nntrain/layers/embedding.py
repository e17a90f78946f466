"""Embedding: a trainable vector for each token."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.initializers import Initializer, Normal
from nntrain.layers.context import LayerContext, Param, Shape, flat, table
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.layers.require import require


class Embedding(Layer, name="embedding"):
    """Embedding: maps each token to a trainable vector, token k to row k of weight (vocabulary, units).

    Tokens are whole numbers from 0, for characters, bytes or words. The layer comes right after the data.

    Source: Bengio et al. 2003, A neural probabilistic language model.
    """

    units: int = Field(ge=1, description="size of each vector")
    vocabulary: int | None = Field(
        None, ge=1, description="number of different tokens; none: that of the data"
    )
    weight_initializer: Initializer = Field(Normal(std=1.0), description="initializer of the weight")

    reads = "x"
    takes_tokens = True
    fusable_as = Fusable.EMBEDDING
    acts_per_step = True
    example: ClassVar = {"units": 4, "vocabulary": 9}
    example_inputs: ClassVar = ((5,),)

    def for_tokens(self, vocabulary: int) -> "Embedding":
        if self.vocabulary is None:
            return self.model_copy(update={"vocabulary": vocabulary})
        if self.vocabulary < vocabulary:
            raise ConfigError(
                f"the data have {vocabulary} tokens, but `vocabulary` is {self.vocabulary}",
                "Remove `vocabulary` to use that of the data.",
            )
        return self

    def output_shape(self, x: Shape) -> Shape:
        require(self.vocabulary is not None, "`vocabulary`, the number of tokens, is required")
        return (*x, self.units)

    def parameters(self, x: Shape) -> dict[str, Param]:
        shape = (self.vocabulary or 0, self.units)
        return {"weight": Param(shape, shape, "weight", self.weight_initializer, table=True)}

    def forward(self, ctx: LayerContext) -> None:
        kernels.embedding.gather.run(ctx.y.size, table(ctx.y), flat(ctx.x), ctx.weight)

    def backward_parameters(self, ctx: LayerContext) -> None:
        kernels.embedding.sum_by_token(ctx.dweight, table(ctx.dy), flat(ctx.x))
