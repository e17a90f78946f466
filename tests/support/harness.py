"""A single layer with random values, both passes, and its gradients by central differences."""

import json

import numpy as np
import pytest

from nntrain.layers.layer import Layer
from nntrain.network.single import Single
from tests.support import VECTORS


def alone(layer: Layer, shapes, rows: int, dtype: str = "float64", capacity: int | None = None) -> Single:
    """Random inputs, parameters and output gradient. What the layer must write, and the rows beyond its batch, hold NaN."""
    single = Single(layer, tuple(shapes), rows, dtype, capacity=capacity)
    draw = np.random.default_rng(0)
    ctx = single.ctx
    for array in single.network.buffers:
        array.fill(np.nan if array.dtype == dtype else 255)
    for array in [*ctx.xs, ctx.dy]:
        if array.dtype == np.int32:
            array[...] = draw.integers(0, layer.vocabulary, array.shape)
        else:
            array[...] = _off_the_kinks(2 * draw.normal(size=array.shape))
    for name, parameter in single.parameters.items():
        parameter[...] = draw.normal(size=parameter.shape)
        single.gradients[name].fill(np.nan)
    return single


def gradients_of_inputs(single: Single) -> dict[str, np.ndarray]:
    """x0, x1, ...; tokens have none."""
    return {f"x{place}": dx for place, dx in enumerate(single.ctx.dxs) if dx is not None}


def _off_the_kinks(values):
    """Moves values away from whole numbers, where piecewise functions have kinks."""
    return np.where(np.abs(values - np.round(values)) < 0.01, values + 0.02, values)


def backward(single: Single) -> dict[str, np.ndarray]:
    """Copies of the gradients, by name: x0, x1, ... and the parameters' names."""
    single.backward()
    found = gradients_of_inputs(single) | single.gradients
    return {name: array.copy() for name, array in found.items()}


def run(single: Single) -> dict[str, np.ndarray]:
    """Both passes: copies of y and of all gradients."""
    return {"y": single.forward().copy()} | backward(single)


def numeric_gradients(single: Single, step: float = 1e-5) -> dict[str, np.ndarray]:
    """d(sum of dy * y) for each element of the inputs and parameters, by central differences."""
    found = {}
    inputs = {f"x{place}": x for place, x in enumerate(single.ctx.xs) if x.dtype != np.int32}
    for name, array in (inputs | single.parameters).items():
        found[name] = slopes = np.empty_like(array)
        for index, value in np.ndenumerate(array):
            h = step * max(1, abs(value))
            ys = []
            for moved in (value + h, value - h):
                array[index] = moved
                ys.append(single.forward().copy())
            array[index] = value
            slopes[index] = (single.ctx.dy * (ys[0] - ys[1])).sum() / (2 * h)
    return found


def each_case(*names: str):
    """Runs a test with each case of vectors/NAME.npz: its JSON (the layer first), and its arrays by name."""
    cases = []
    for name in names:
        with np.load(VECTORS / f"{name}.npz") as arrays:
            recorded = dict(arrays)
        for index, spelled in enumerate(json.loads(str(recorded["cases"]))):
            own = {
                key.split(".", 1)[1]: array for key, array in recorded.items() if key.startswith(f"{index}.")
            }
            cases.append(pytest.param(spelled, own, id=f"{name}-{index}-{spelled[0]}"))
    return pytest.mark.parametrize(("spelled", "case"), cases)
