"""Weighted: what dense, maxout, convolutions and the like have in common, a weight, a bias and an activation."""

from pydantic import Field

from nntrain.initializers import Initializer
from nntrain.layers.layer import Activation, Layer, Param, Shape


class Weighted(Layer):
    """Base of the layers with a weight, a bias and an activation: dense, maxout, convolutions and the like."""

    activation: Activation | None = Field(
        None, description="the function applied to the output, such as `relu`; none: the output as it is"
    )
    use_bias: bool = Field(
        True, description="add a bias that is learned; a normalisation right after makes it useless"
    )
    weight_initializer: Initializer | None = Field(
        None, description="where the weight starts; none: as the model's `initializer` says"
    )
    bias_initializer: Initializer | None = Field(None, description="where the bias starts; none: at 0")

    def weight_and_bias(
        self, shape: Shape, fans: tuple[int, int], outputs: int | None = None
    ) -> dict[str, Param]:
        """A weight of `shape`, and a bias for each of the outputs; None: of the weight's last axis."""
        found = {"weight": Param(shape, fans, "weight", self.weight_initializer)}
        if self.use_bias:
            found["bias"] = Param((outputs or shape[-1],), fans, "bias", self.bias_initializer)
        return found
