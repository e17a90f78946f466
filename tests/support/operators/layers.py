"""Normalization and recurrent operators as layers of ours."""

from collections.abc import Callable, Sequence

import numpy as np

from tests.support.operators.case import Array, Case, Expressed, last, require


def batch_norm(case: Case) -> Expressed:
    require(not case.get("training_mode", 0), "statistics of the batch as outputs")
    names = ("scale", "shift", "running_mean", "running_variance")
    arrays = {f"batch_norm_1.{name}": array for name, array in zip(names, case.inputs[1:], strict=True)}
    layer = {"batch_norm": {"eps": case.get("epsilon", 1e-5)}}
    return Expressed([layer], last(case.x), last(case.y), arrays)  # type: ignore[arg-type]


def group_norm(case: Case) -> Expressed:
    groups = case.get("num_groups", case.x.shape[1])
    arrays = dict(zip(("group_norm_1.scale", "group_norm_1.shift"), case.inputs[1:], strict=True))
    layer = {"group_norm": {"groups": groups, "eps": case.get("epsilon", 1e-5)}}
    return Expressed([layer], last(case.x), last(case.y), arrays)  # type: ignore[arg-type]


def over_last_axes(name: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        axis = case.get("axis", -1) % case.x.ndim
        require(axis, "over the rows of the batch")
        arrays = {
            f"{name}_1.{part}": array.reshape(-1)
            for part, array in zip(("scale", "shift"), case.inputs[1:], strict=False)
            if array is not None
        }
        layers = [
            {"reshape": [*case.x.shape[1:axis], -1]},
            {name: {"eps": case.get("epsilon", 1e-5)}},
            {"reshape": case.x.shape[1:]},
        ]
        return Expressed(layers, case.x, case.y, arrays)

    return express


GATES = {"simple_rnn": [0], "lstm": [0, 2, 3, 1], "gru": [1, 0, 2]}  # for each of ours, its place in ONNX


def recurrent(name: str) -> Callable[[Case], Expressed]:
    def express(case: Case) -> Expressed:
        weight, second, bias = case.inputs[1], case.inputs[2], case.input(3)
        assert weight is not None
        assert second is not None
        batchwise = case.get("layout", 0) == 1
        x = case.x if batchwise else case.x.swapaxes(0, 1)
        units = case.attributes["hidden_size"]
        require(case.input(7) is None, "gates that see the cell")
        for place in (4, 5, 6):
            state = case.input(place)
            steps = place == 4 and state is not None and (state == x.shape[1]).all()
            require(state is None or steps or not state.any(), "a hidden state at the start")
        arrays = {}
        directions = ["forward", "backward"][: len(weight)]
        for number, direction in enumerate(directions):
            own = f"bidirectional_1.{direction}.{name}_1" if len(weight) == 2 else f"{name}_1"
            gates = GATES[name]
            both = np.zeros((2, len(gates) * units)) if bias is None else bias[number].reshape(2, -1)
            arrays[f"{own}.weight"] = in_our_order(weight[number], gates).T
            arrays[f"{own}.recurrent_weight"] = in_our_order(second[number], gates).T
            one, two = (in_our_order(part, gates) for part in both)
            if name == "gru":
                candidate = two[-units:].copy()
                after = case.get("linear_before_reset", 0) == 1
                from_zero = x.shape[1] == 1 and not candidate.any()
                require(after or from_zero, "the reset gate before the product")
                two[-units:] = 0
                arrays[f"{own}.recurrent_bias"] = candidate
            arrays[f"{own}.bias"] = one + two
        options = {"units": units, "reverse": case.get("direction") == b"reverse"}
        outputs = case.outputs[0]
        y: Array
        if outputs is not None:  # (steps, directions, rows, units)
            y = outputs if batchwise else outputs.transpose(2, 0, 1, 3)
            options["return_sequences"] = True
            y = y.reshape(*y.shape[:2], -1)
        else:
            state = case.outputs[1]
            assert state is not None
            y = (state if batchwise else state.swapaxes(0, 1)).reshape(len(x), -1)
        layer = {name: options}
        if len(weight) == 2:
            layer = {"bidirectional": {"layer": {name: {**options, "reverse": False}}}}
        return Expressed([layer], x, y, arrays)

    return express


def in_our_order(array: Array, gates: Sequence[int]) -> Array:
    parts = np.split(array, len(gates))
    return np.concatenate([parts[gate] for gate in gates])
