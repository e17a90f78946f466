"""Layers that hold layers: they expand into the graph and compute nothing themselves."""

from typing import Any, ClassVar

from pydantic import Field

from nntrain.layers.layer import Layer
from nntrain.layers.merge import Add
from nntrain.options import Several


class Residual(Layer, name="residual"):
    """y = body(x) + shortcut(x), the shortcut being x itself when left out (He 2016)."""

    body: Several[Layer] = Field(min_length=1, description="the layers on the way")
    shortcut: Several[Layer] = Field((), description="the layers on the side way; none means x itself")

    example: ClassVar[dict[str, Any]] = {"body": [{"dense": 6}]}

    def build(self, scope, *inputs):
        body = scope.chain("body", self.body, inputs)
        shortcut = scope.chain("shortcut", self.shortcut, inputs) if self.shortcut else inputs[0]
        return scope.node(Add(), (body, shortcut), part="add")


class Repeat(Layer, name="repeat"):
    """The same chain of layers several times over, each with parameters of its own."""

    times: int = Field(ge=1, le=10_000, description="how often")
    layers: Several[Layer] = Field(min_length=1, description="the layers to repeat")

    example: ClassVar[dict[str, Any]] = {"times": 2, "layers": [{"dense": 6}]}

    def build(self, scope, *inputs):
        for turn in range(self.times):
            inputs = (scope.chain("layers", self.layers, inputs, label=str(turn + 1)),)
        return inputs[0]
