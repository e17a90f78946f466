"""Layers that hold layers: they add those to the network and compute nothing themselves."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from nntrain.errors import ConfigError
from nntrain.layers.layer import Layer
from nntrain.layers.merge import Add, Concat
from nntrain.layers.require import stray_option
from nntrain.layers.scope import Output, Scope
from nntrain.options import Several


class Residual(Layer, name="residual"):
    """A residual block: `y = body(x) + shortcut(x)`. Without `shortcut`, x itself is added.

    Body and shortcut must have the same output shape. The gradient flows through the shortcut unchanged, so networks of a hundred
    layers can be trained.

    Source: He et al. 2016, Deep residual learning for image recognition.
    """

    body: Several[Layer] = Field(min_length=1, description="the layers of the residual branch")
    shortcut: Several[Layer] = Field((), description="the layers of the shortcut; none: the identity")

    example: ClassVar[dict[str, Any]] = {"body": [{"dense": 6}]}

    def build(self, scope: Scope, *inputs: Any) -> Output | None:
        body = scope.chain("body", self.body, inputs)
        shortcut = scope.chain("shortcut", self.shortcut, inputs) if self.shortcut else inputs[0]
        if body is not None and shortcut is not None and body.shape != shortcut.shape:
            side = "the shortcut's" if self.shortcut else "its input"
            scope.refuse(
                f"the body's output has shape {body.shape}, but {side} has shape {shortcut.shape}",
                "Change `body` or `shortcut` so that both shapes are equal.",
            )
            return None
        return scope.node(Add(), (body, shortcut), part="add")


class Repeat(Layer, name="repeat"):
    """Repeats a chain of layers, each time with its own parameters."""

    times: int = Field(ge=1, le=10_000, description="number of repetitions")
    layers: Several[Layer] = Field(min_length=1, description="the layers to repeat")

    example: ClassVar[dict[str, Any]] = {"times": 2, "layers": [{"dense": 6}]}

    def build(self, scope: Scope, *inputs: Any) -> Output | None:
        for turn in range(self.times):
            inputs = (scope.chain("layers", self.layers, inputs, label=str(turn + 1)),)
        output: Output | None = inputs[0]
        return output


class Bidirectional(Layer, name="bidirectional"):
    """Bidirectional recurrent layer: two copies with their own parameters read the sequence forward and backward.

    Their outputs are concatenated or summed, for each step or for the whole sequence. Every step sees its past and its future.

    Source: Schuster & Paliwal 1997, Bidirectional recurrent neural networks.
    """

    layer: Layer = Field(description="the recurrent layer: `simple_rnn`, `lstm` or `gru`")
    merge: Literal["concat", "add"] = Field(
        "concat", description="how the two outputs are combined: concatenated or summed"
    )

    example: ClassVar[dict[str, Any]] = {"layer": {"lstm": 4}}
    example_inputs: ClassVar = ((5, 3),)

    def build(self, scope: Scope, *inputs: Any) -> Output | None:
        try:
            in_reverse = self.layer.in_reverse()
        except ConfigError as error:
            scope.refuse(error.message, error.hint)
            return None
        if stray := stray_option(self.layer, ("inputs",)):
            scope.refuse(
                f"`{stray}` cannot be set on the {self.layer.yaml_name} that it holds",
                f"Set `{stray}` on bidirectional.",
            )
            return None
        ahead = scope.one("layer", self.layer, inputs, label="forward")
        back = scope.one("layer", in_reverse, inputs, label="backward")
        return scope.node(Concat() if self.merge == "concat" else Add(), (ahead, back), part=self.merge)
