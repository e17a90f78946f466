"""Diagnosis: which layer, pass and parameter a NaN or an infinity came from."""

import numpy as np

from nntrain.errors import NntrainError
from nntrain.network.network import Executor


class Diverged(NntrainError):
    """A NaN or an infinity turned up; the message names where."""


def finite(array: np.ndarray | None) -> bool:
    return array is None or bool(np.isfinite(array).all())


def diagnose(executor: Executor, step: int, lr: float, epoch: int) -> Diverged:
    """Names the first place where numbers stopped being finite.

    Called when the loss of `step` is not finite or, after the last step, when parameters are not. What the backward
    pass of the step before left behind is still in its buffers.
    """
    when = f"step {step} (epoch {epoch}, learning rate {lr:g})"
    advice = "Try a smaller learning rate, `grad_clip`, or other initial values."
    network = executor.network
    broken = [name for name, array in network.arena.parameters.items() if not finite(array)]
    if not broken:
        for node, y in executor.outputs(training=True):
            if not finite(y):
                return Diverged(
                    f"the loss is not finite in {when}: the forward pass of layer {node.name!r} gave the first NaN "
                    f"or infinity; all parameters are still finite. {advice}"
                )
        return Diverged(
            f"the loss is not finite in {when}: the model's output is finite, but its loss is not. {advice}"
        )
    if step == 1:
        return Diverged(
            f"the loss is not finite in {when}: parameter {broken[0]!r} starts with NaN or infinity. "
            "Choose other initial values."
        )
    for node in reversed(network.graph.layers):
        for name in node.parameters:
            full = f"{node.name}.{name}"
            if full in broken and not finite(network.arena.gradients.get(full)):
                return Diverged(
                    f"the loss is not finite in {when}: the backward pass of layer {node.name!r} gave a gradient of "
                    f"parameter {full!r} with NaN or infinity. {advice}"
                )
    return Diverged(
        f"the loss is not finite in {when}: the update of parameter {broken[0]!r} overflowed, its gradient being "
        f"finite. {advice}"
    )
