"""Changes of shape and merges as layers of ours."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.operators.case import Case, Expressed, require


def same_rows(case: Case) -> None:
    require(
        case.y.ndim and case.y.shape[0] == case.x.shape[0] and case.x.size, "that moves rows of the batch"
    )


def reshape(case: Case) -> Expressed:
    same_rows(case)
    return Expressed([{"reshape": case.y.shape[1:]}], case.x, case.y)


def flatten(case: Case) -> Expressed:
    require(case.get("axis", 1) % case.x.ndim == 1, "that moves rows of the batch")
    return Expressed(["flatten"], case.x, case.y)


def transpose(case: Case) -> Expressed:
    perm = case.get("perm", list(range(case.x.ndim))[::-1])
    require(perm[0] == 0, "that moves rows of the batch")
    return Expressed([{"permute": perm[1:]}], case.x, case.y)


def identity(case: Case) -> Expressed:
    require(isinstance(case.inputs[0], np.ndarray), "of lists")
    return Expressed(["identity"], case.x, case.y)


def merging(name: str) -> Callable[[Case], Expressed]:
    """The inputs side by side in one vector, of which dense layers without a bias select them again."""

    def express(case: Case) -> Expressed:
        arrays = [array for array in case.inputs if array is not None]
        require(len(arrays) > 1, "of one input")
        require(all(array.dtype.kind == "f" for array in arrays), "of whole numbers")
        rank = arrays[0].ndim
        if name == "concat":
            require(rank > 1 and case.get("axis") % rank == rank - 1, "along another axis than the last")
        else:
            require(all(array.shape == arrays[0].shape for array in arrays), "of shapes that are broadcast")
        tables = [array.reshape(len(array), -1) for array in arrays]
        x = np.concatenate(tables, axis=1)
        layers: list[Any] = []
        weights = {}
        start = 0
        for number, (array, table) in enumerate(zip(arrays, tables, strict=True), start=1):
            width = table.shape[1]
            layers.append(
                {"dense": {"units": width, "use_bias": False, "name": f"dense{number}", "inputs": ["input"]}}
            )
            layers.append({"reshape": {"shape": array.shape[1:] or (1,), "name": f"part{number}"}})
            weights[f"dense{number}.weight"] = np.eye(x.shape[1])[:, start : start + width]
            start += width
        layers.append({name: {"inputs": [f"part{number}" for number in range(1, len(arrays) + 1)]}})
        return Expressed(layers, x, case.y.reshape(len(x), *(arrays[0].shape[1:-1]), -1), weights)

    return express
