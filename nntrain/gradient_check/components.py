"""Components: the check of layers and losses alone, with their own examples."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from pydantic import ValidationError

from nntrain import randomness
from nntrain.component import Component
from nntrain.errors import ConfigError, UserError, dotted
from nntrain.gradient_check.check import Check
from nntrain.gradient_check.tensor import check_tensor
from nntrain.layers.dense import Dense
from nntrain.layers.fusable import Fusable
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.single import Single

ROWS = 4


def check_components(modules: Collection[str] = ()) -> Iterator[Check]:
    """Checks every registered layer, activation and loss, or those of the named modules, with its own example."""

    def chosen(family: type[Component]) -> list[Any]:
        return [
            kind
            for kind in dict.fromkeys(family.members().values())
            if not modules or kind.__module__ in modules
        ]

    if not chosen(Layer) and not chosen(Loss):
        raise UserError("nothing to check: the plugin defines no layer, activation or loss")
    for kind in chosen(Layer):
        layer = by_example(kind)
        yield from check_layer(layer, kind.example_inputs)
        if layer.fusable_as in (Fusable.ACTIVATION, Fusable.CURVE):  # fused into dense
            yield from check_layer(Dense(units=5, activation=layer), ((6,),), f"dense+{kind.yaml_name}")
    for kind in chosen(Loss):
        yield from check_loss(by_example(kind))


def by_example(kind: type[Component]) -> Any:
    """The component with the options of its `example`. Raises UserError when they are invalid, as a plugin's may be."""
    try:
        return kind.model_validate(kind.example)
    except ValidationError as error:
        found = error.errors()[0]
        raise UserError(
            f"the `example` of class {kind.__name__} is invalid: {dotted(found['loc'])}: {found['msg']}",
            "Set `example` to options that gradcheck can use.",
            place=kind.yaml_name,
        ) from None


def check_layer(layer: Layer, inputs: tuple[tuple[int, ...], ...], component: str = "") -> Iterator[Check]:
    """Checks a layer's gradients for its inputs and parameters, with the loss sum(r * y) for random r."""
    component = component or layer.yaml_name
    if layer.is_composite:
        yield from _check_composite(layer, inputs[0], component)
        return
    single = Single(layer, inputs, ROWS)
    ctx = single.ctx
    for place, x in enumerate(ctx.xs):
        x[...] = _tokens(single, x.shape) if layer.takes_tokens else _draw("x", place, shape=x.shape)
    for name, values in single.parameters.items():  # away from special points, such as all zeros or ones
        values += 0.1 * _draw("parameter", name, shape=values.shape)
    r = _draw("r", shape=ctx.y.shape)
    single.forward()
    inputs_before = [x.copy() for x in ctx.xs]
    single.forget_unread()
    single.forget_gradients()
    ctx.dy[...] = r
    single.backward()
    for x, values in zip(ctx.xs, inputs_before, strict=True):
        x[...] = values

    def loss() -> float:
        return float(np.sum(r * single.forward()))

    names = ["x"] if len(ctx.xs) == 1 else [f"x{place + 1}" for place in range(len(ctx.xs))]
    tensors = dict(zip(names, ctx.xs, strict=True)) | single.parameters
    slopes = dict(zip(names, ctx.dxs, strict=True)) | single.gradients
    # A view keeps dx in the memory that the next forward writes. Tokens have no gradient.
    copies = {name: slope.copy() for name, slope in slopes.items() if slope is not None}
    for name, slope in copies.items():
        yield check_tensor(component, name, tensors[name], slope, loss)


def _check_composite(layer: Layer, shape: tuple[int, ...], component: str) -> Iterator[Check]:
    """The same for a layer that becomes several nodes."""
    network = Network(build_graph([layer], shape), ROWS, "float64", input_gradient=True)
    executor = network.executor(ROWS)
    executor.x[...] = _draw("x", 0, shape=executor.x.shape)
    r = _draw("r", shape=executor.y.shape)
    executor.forward(training=True)
    network.forget_gradients()
    executor.dy[...] = r
    executor.backward()

    def loss() -> float:
        return float(np.sum(r * executor.forward(training=True)))

    yield check_tensor(component, "x", executor.x, executor.dx, loss)
    for name, values in network.arena.parameters.items():
        yield check_tensor(component, name, values, network.arena.gradients[name], loss)


def check_loss(loss: Loss, outputs: int = 5) -> Iterator[Check]:
    """Checks a loss's gradient for the prediction, for each kind of target that it takes."""
    for tensor, width, target in _targets(loss, outputs):
        prediction = _draw("prediction", tensor, shape=(ROWS, width))
        gradient = np.full_like(prediction, np.nan)
        loss(prediction, target, None, gradient)

        def mean(prediction: np.ndarray = prediction, target: np.ndarray = target) -> float:
            total, weight = loss(prediction, target, None, np.zeros((0, prediction.shape[1])))
            return total / weight

        yield check_tensor(loss.yaml_name, tensor, prediction, gradient, mean)


def _targets(loss: Loss, outputs: int) -> Iterator[tuple[str, int, np.ndarray]]:
    classes = np.arange(ROWS, dtype=np.int32) % 2
    reals = randomness.uniform(randomness.key("gradcheck", "target"), ROWS * outputs).reshape(ROWS, outputs)
    if loss.targets in ("classes", "any"):
        try:
            yield "prediction (classes)", loss.required_outputs(outputs, None), classes
        except ConfigError:  # a loss for two classes
            yield "prediction (classes)", loss.required_outputs(2, None), classes
    if loss.targets == "classes":
        yield "prediction (soft classes)", outputs, reals / reals.sum(axis=1, keepdims=True)
    else:
        yield "prediction", outputs * loss.outputs_per_target, reals


def _tokens(single: Single, shape: tuple[int, ...]) -> np.ndarray:
    """Random tokens, some of them repeated."""
    vocabulary = len(single.parameters["weight"])
    return (_draw("x", 0, shape=shape) ** 2 * vocabulary / 3).astype(int) % vocabulary


def _draw(*purpose: int | str, shape: tuple[int, ...]) -> np.ndarray:
    return randomness.normal(randomness.key("gradcheck", *purpose), int(np.prod(shape))).reshape(shape)
