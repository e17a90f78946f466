"""Weighted: the base of layers with a weight, a bias and an activation."""

from pydantic import Field

from nntrain.initializers import Initializer
from nntrain.layers.context import Param, Shape
from nntrain.layers.layer import Activation, Layer


class Weighted(Layer):
    """Base of dense, maxout and convolution layers: a weight, a bias and an activation."""

    activation: Activation | None = Field(
        None, description="activation applied to the output, such as `relu`; none: linear"
    )
    use_bias: bool = Field(
        True, description="add a trainable bias; redundant right before a normalization layer"
    )
    weight_initializer: Initializer | None = Field(
        None, description="initializer of the weight; none: the model's `initializer`"
    )
    bias_initializer: Initializer | None = Field(None, description="initializer of the bias; none: zeros")

    @property
    def output_activation(self) -> Activation | None:
        return self.activation

    def weight_and_bias(
        self, shape: Shape, fans: tuple[int, int], outputs: int | None = None
    ) -> dict[str, Param]:
        """A weight of `shape`, and a bias for each of the `outputs`; None: the size of the weight's last axis."""
        found = {"weight": Param(shape, fans, "weight", self.weight_initializer)}
        if self.use_bias:
            found["bias"] = Param((outputs or shape[-1],), fans, "bias", self.bias_initializer)
        return found
