"""Layers: the time of each within a training step, and its operations."""

import statistics
from collections.abc import Mapping, Sequence

from nntrain.bench.result import LayerTime
from nntrain.network.network import Executor


def layer_times(
    executor: Executor, times: Mapping[tuple[str, str], Sequence[float]]
) -> tuple[list[LayerTime], float]:
    """The layers by the seconds of their calls (`Executor.timed`), and the seconds of all together."""
    medians = {key: statistics.median(seconds) for key, seconds in times.items()}
    layers = []
    for name in executor.contexts:
        ahead = medians.get((name, "forward"), 0.0)
        back = sum(spent for (node, call), spent in medians.items() if node == name and call != "forward")
        flops = training_flops(executor, name)
        gflops = flops / (ahead + back) / 1e9 if flops else 0.0
        node = executor.node(name)
        algorithm = node.layer.algorithm(*node.input_shapes)
        layers.append(LayerTime(name, 1e6 * ahead, 1e6 * back, gflops, algorithm))
    return layers, sum(medians.values())


def training_flops(executor: Executor, name: str) -> int:
    """FLOPs of one step: forward, and as many for each of the two gradients that are needed."""
    node = executor.node(name)
    passes = 1 + node.learns + (node.inputs[0].name in executor.network.learning)
    return passes * node.flops * executor.rows
