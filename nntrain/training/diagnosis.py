"""Diagnosis: which layer, pass and parameter a NaN or an infinity came from."""

import numpy as np

from nntrain.errors import NntrainError
from nntrain.network.network import Executor

HINT = "Use a smaller learning rate, `grad_clip`, or another initializer."


class Diverged(NntrainError):
    """A NaN or an infinity appeared; the message names where."""


def finite(array: np.ndarray | None) -> bool:
    return array is None or bool(np.isfinite(array).all())


def diagnose(executor: Executor, step: int, lr: float, epoch: int, about_data: str = "") -> Diverged:
    """Names the first place where numbers stopped being finite.

    Called when the loss of `step` is not finite or, after the last step, when parameters are not. The buffers still
    hold the backward pass of the previous step. `about_data`: what is wrong with the data, which then is the hint.
    """
    network = executor.network
    broken = [name for name, array in network.arena.parameters.items() if not finite(array)]
    reason = in_parameters(executor, broken, step) if broken else in_forward(executor)
    hint = "Use another initializer." if broken and step == 1 else about_data or HINT
    when = f"step {step} (epoch {epoch}, learning rate {lr:g})"
    return Diverged(f"the loss is not finite in {when}: {reason}", hint)


def in_forward(executor: Executor) -> str:
    for node, y in executor.outputs(training=True):
        if not finite(y):
            return (
                f"the forward pass of layer {node.name!r} gave the first NaN or infinity; "
                "all parameters are still finite"
            )
    return "the model's output is finite, but its loss is not"


def in_parameters(executor: Executor, broken: list[str], step: int) -> str:
    network = executor.network
    if step == 1:
        return f"the initial values of parameter {broken[0]!r} contain NaN or infinity"
    for node in reversed(network.graph.layers):
        for name in node.parameters:
            full = f"{node.name}.{name}"
            if full in broken and not finite(network.arena.gradients.get(full)):
                return (
                    f"the backward pass of layer {node.name!r} gave a gradient of parameter {full!r} "
                    "with NaN or infinity"
                )
    return f"the update of parameter {broken[0]!r} overflowed; its gradient is finite"
