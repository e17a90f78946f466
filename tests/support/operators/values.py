"""Functions of each value, softmax and products as layers of ours."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.operators.case import Case, Expressed, require


def pointwise(*layers: Any, **wanted: Any) -> Callable[[Case], Expressed]:
    """`layers`, where the attributes are as wanted."""

    def express(case: Case) -> Expressed:
        for name, value in wanted.items():
            own, default = value if isinstance(value, tuple) else (value, value)
            require(np.isclose(case.get(name, default), own), f"{name} is another constant")
        return Expressed(layers, case.x, case.y)

    return express


def elu(case: Case) -> Expressed:
    return Expressed([{"elu": {"alpha": case.get("alpha", 1.0)}}], case.x, case.y)


def leaky_relu(case: Case) -> Expressed:
    return Expressed([{"leaky_relu": {"slope": case.get("alpha", 0.01)}}], case.x, case.y)


def gelu(case: Case) -> Expressed:
    return Expressed([{"gelu": {"approximate": case.get("approximate", b"none").decode()}}], case.x, case.y)


def clip(case: Case) -> Expressed:
    bounds = case.input(1), case.input(2)
    ours = {(-1.0, 1.0): "hard_tanh", (0.0, 6.0): "relu6"}
    require(all(bound is not None for bound in bounds), "a bound on one side")
    bound = tuple(float(bound) for bound in bounds if bound is not None)
    require(bound in ours, "bounds other than -1 and 1, or 0 and 6")
    return Expressed([ours[bound]], case.x, case.y)  # type: ignore[index]


def prelu(case: Case) -> Expressed:
    slope = case.input(1)
    assert slope is not None
    require(slope.ndim == 1 and len(slope) == case.x.shape[-1], "a slope for each value")
    return Expressed([{"prelu": {"per_channel": True}}], case.x, case.y, {"prelu_1.slope": slope})


def softmax(name: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        rank = case.x.ndim
        axis = case.get("axis", -1) % rank
        require(axis, "over the rows of the batch")
        order = [*(place for place in range(1, rank) if place != axis), axis]
        back = [order.index(place) + 1 for place in range(1, rank)]
        layers = [name] if axis == rank - 1 else [{"permute": order}, name, {"permute": back}]
        return Expressed(layers, case.x, case.y)

    return express


def gemm(case: Case) -> Expressed:
    a, b, c = case.x, case.inputs[1], case.input(2)
    assert b is not None
    x = a.T if case.get("transA", 0) else a
    weight = case.get("alpha", 1.0) * (b.T if case.get("transB", 0) else b)
    arrays = {"dense_1.weight": weight}
    if c is not None:
        require(c.ndim < 2 or len(c) == 1, "a bias for each row")
        arrays["dense_1.bias"] = np.broadcast_to(case.get("beta", 1.0) * c, (1, weight.shape[1]))[0]
    layer = {"dense": {"units": weight.shape[1], "use_bias": c is not None}}
    return Expressed([layer], x, case.y, arrays)


def matmul(case: Case) -> Expressed:
    weight = case.inputs[1]
    assert weight is not None
    require(weight.ndim == 2 and case.x.ndim > 1, "a weight of its own for each row")
    layer = {"dense": {"units": weight.shape[1], "use_bias": False}}
    return Expressed([layer], case.x, case.y, {"dense_1.weight": weight})


def gather(case: Case) -> Expressed:
    table, indices = case.inputs
    assert table is not None
    assert indices is not None
    require(case.get("axis", 0) == 0, "along another axis than the first")
    require(indices.min() >= 0, "indices from the end")
    rows = table.reshape(len(table), -1)
    x = indices.reshape(len(indices), -1)
    return Expressed(
        [{"embedding": {"units": rows.shape[1]}}, {"reshape": case.y.shape[1:]}],
        x.astype(np.int32),
        case.y,
        {"embedding_1.weight": rows},
        vocabulary=len(table),
    )
