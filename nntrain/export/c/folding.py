"""Folding: batch normalization becomes part of the weights before it, where these are linear; elsewhere a scale and a shift."""

from dataclasses import replace

import numpy as np

from nntrain.export.program import Step
from nntrain.layers.conv import Conv1d, Conv2d, Conv2dTranspose
from nntrain.layers.dense import Dense
from nntrain.layers.depthwise import DepthwiseConv2d
from nntrain.layers.norm import BatchNorm

LINEAR = (Dense, Conv1d, Conv2d, Conv2dTranspose, DepthwiseConv2d)


def folded(steps: tuple[Step, ...]) -> tuple[list[Step], dict[str, str]]:
    """The steps without the batch normalizations that follow a linear layer; and, by the name of that layer, theirs."""
    by_name = {step.name: step for step in steps}
    readers = [name for step in steps for name in step.inputs]
    norms: dict[str, str] = {}
    for step in steps:
        before = by_name.get(step.inputs[0])
        if before is None or type(step.layer) is not BatchNorm or type(before.layer) not in LINEAR:
            continue
        if readers.count(before.name) == 1:
            norms[before.name] = step.name
    layers = {norm: layer for layer, norm in norms.items()}
    kept = [
        _with_norm(step, by_name[norms[step.name]]) if step.name in norms else step
        for step in steps
        if step.name not in layers
    ]
    return [
        replace(step, inputs=tuple(layers.get(name, name) for name in step.inputs)) for step in kept
    ], norms


def scale_and_shift(layer: BatchNorm, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Batch normalization with its running statistics as `scale x + shift`, in float64."""
    doubles = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    scale = doubles.get("scale", 1.0) / np.sqrt(doubles["running_variance"] + layer.eps)
    return scale, doubles.get("shift", 0.0) - doubles["running_mean"] * scale


def _with_norm(step: Step, norm: Step) -> Step:
    assert isinstance(norm.layer, BatchNorm)  # see `folded`
    scale, shift = scale_and_shift(norm.layer, dict(norm.arrays))
    weight = step.arrays["weight"].astype(np.float64)
    bias = step.arrays.get("bias", np.zeros(len(scale))).astype(np.float64)
    scaled = weight * _as_in_weight(scale, weight.shape, step)
    return replace(step, arrays={**step.arrays, "weight": scaled, "bias": bias * scale + shift})


def _as_in_weight(scale: np.ndarray, shape: tuple[int, ...], step: Step) -> np.ndarray:
    """One value for each filter, in the shape of the last axes of its weight."""
    if isinstance(step.layer, DepthwiseConv2d):  # (..., channels, multiplier)
        return scale.reshape(shape[-2:])
    if isinstance(step.layer, Conv2dTranspose):  # (..., filters / groups, channels)
        by_group = scale.reshape(step.layer.groups, -1)
        return np.repeat(by_group, shape[-1] // step.layer.groups, axis=0).T
    return scale
