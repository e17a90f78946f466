"""Embedding: a row of numbers for each token, learned."""

from typing import ClassVar

from pydantic import Field

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.initializers import Initializer, Normal
from nntrain.layers.layer import Layer, Param, flat, require, table


class Embedding(Layer, name="embedding"):
    """Turns tokens into rows of numbers that are learned: token k becomes row k of weight (vocabulary, units).

    What a word or a character means, said in numbers that the layers above can compute with. Tokens are whole numbers from 0; the
    layer stands right after the data.

    Source: Bengio et al. 2003, A neural probabilistic language model.
    """

    units: int = Field(ge=1, description="how many numbers a token becomes")
    vocabulary: int | None = Field(
        None, ge=1, description="how many tokens there are; none: as many as the data have"
    )
    weight_initializer: Initializer = Field(Normal(std=1.0), description="where the weight starts")

    reads = "x"
    takes_tokens = True
    example: ClassVar = {"units": 4, "vocabulary": 9}
    example_inputs: ClassVar = ((5,),)

    def for_tokens(self, vocabulary):
        if self.vocabulary is None:
            return self.model_copy(update={"vocabulary": vocabulary})
        if self.vocabulary < vocabulary:
            raise ConfigError(
                f"the data has {vocabulary} tokens, but `vocabulary` is {self.vocabulary}. Leave it out to have a "
                "row for each."
            )
        return self

    def output_shape(self, x):
        require(self.vocabulary is not None, "needs `vocabulary`, the number of tokens.")
        return (*x, self.units)

    def parameters(self, x):
        return {
            "weight": Param(
                (self.vocabulary, self.units),
                (self.vocabulary, self.units),
                "weight",
                self.weight_initializer,
            )
        }

    def forward(self, ctx):
        kernels.embedding.gather.run(ctx.y.size, table(ctx.y), flat(ctx.x), ctx.weight)

    def backward_parameters(self, ctx):
        kernels.embedding.sum_by_token(ctx.dweight, table(ctx.dy), flat(ctx.x))
