"""Layers that hold layers: they expand into the graph and compute nothing themselves."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from nntrain.layers.layer import Layer, stray_option
from nntrain.layers.merge import Add, Concat
from nntrain.layers.recurrent import Recurrent
from nntrain.options import Several


class Residual(Layer, name="residual"):
    """A chain of layers with a way around it: `y = body(x) + shortcut(x)`, where the shortcut is x itself when left out.

    Both ways must end in one shape. The gradient flows back past the body undamped, so that networks of a hundred layers can be
    trained.

    Source: He et al. 2016, Deep residual learning for image recognition.
    """

    body: Several[Layer] = Field(min_length=1, description="the layers of the main way")
    shortcut: Several[Layer] = Field((), description="the layers of the way around; none: x itself")

    example: ClassVar[dict[str, Any]] = {"body": [{"dense": 6}]}

    def build(self, scope, *inputs):
        body = scope.chain("body", self.body, inputs)
        shortcut = scope.chain("shortcut", self.shortcut, inputs) if self.shortcut else inputs[0]
        if body is not None and shortcut is not None and body.shape != shortcut.shape:
            side = "the shortcut" if self.shortcut else "its input, to be added to it,"
            return scope.refuse(
                f"the body's output has the shape {body.shape}, but {side} has {shortcut.shape}. "
                "Bring both to one shape, in `body` or in `shortcut`."
            )
        return scope.node(Add(), (body, shortcut), part="add")


class Repeat(Layer, name="repeat"):
    """The same chain of layers several times over, each time with parameters of its own."""

    times: int = Field(ge=1, le=10_000, description="how many times")
    layers: Several[Layer] = Field(min_length=1, description="the layers to repeat")

    example: ClassVar[dict[str, Any]] = {"times": 2, "layers": [{"dense": 6}]}

    def build(self, scope, *inputs):
        for turn in range(self.times):
            inputs = (scope.chain("layers", self.layers, inputs, label=str(turn + 1)),)
        return inputs[0]


class Bidirectional(Layer, name="bidirectional"):
    """A recurrent layer twice, each with parameters of its own: one reads the steps forward, the other backward.

    What both say of a step, or of the whole sequence, stands side by side, or is added up.

    Source: Schuster & Paliwal 1997, Bidirectional recurrent neural networks.
    """

    layer: Layer = Field(description="the recurrent layer: `simple_rnn`, `lstm` or `gru`")
    merge: Literal["concat", "add"] = Field(
        "concat", description="how the two come together: side by side, or summed"
    )

    example: ClassVar[dict[str, Any]] = {"layer": {"lstm": 4}}
    example_inputs: ClassVar = ((5, 3),)

    def build(self, scope, *inputs):
        if not isinstance(self.layer, Recurrent):
            return scope.refuse(
                f"takes a recurrent layer: simple_rnn, lstm or gru. Received: {self.layer.yaml_name}."
            )
        if self.layer.reverse or self.layer.stateful:
            option = "reverse" if self.layer.reverse else "stateful"
            return scope.refuse(
                f"reads a whole sequence, from both ends. Remove `{option}` from its {self.layer.yaml_name}."
            )
        if stray := stray_option(self.layer, ("inputs",)):
            return scope.refuse(f"say `{stray}` of it, not of the {self.layer.yaml_name} in it.")
        ahead = scope.one("layer", self.layer, inputs, label="forward")
        back = scope.one("layer", self.layer.model_copy(update={"reverse": True}), inputs, label="backward")
        return scope.node(Concat() if self.merge == "concat" else Add(), (ahead, back), part=self.merge)
