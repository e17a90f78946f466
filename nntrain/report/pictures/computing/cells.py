"""Cells: the gates of a recurrent layer over a sequence, and how far back through its steps a gradient reaches."""

from typing import TYPE_CHECKING

import numpy as np

from nntrain import kernels
from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import forward, named
from nntrain.report.pictures.computing.tracing import Trace, plain_graph
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.layers.layer import Layer
    from nntrain.network.graph import Graph
    from nntrain.network.network import Network
    from nntrain.network.node import Node
    from nntrain.training.setup import Setup

KINDS = ("simple_rnn", "lstm", "gru")
SHARED = (
    "units",
    "return_sequences",
    "reverse",
    "use_bias",
)  # options that the compared cells have in common


def recurrent_layers(graph: "Graph") -> list["Node"]:
    return [node for node in graph.layers if node.layer.yaml_name in KINDS]


def chosen(graph: "Graph", name: str | None) -> "Node":
    """The recurrent layer of that name, or the first. Raises UserError."""
    layers = recurrent_layers(graph)
    if name is None:
        return layers[0]
    node = named(graph, name, "layer")
    if node not in layers:
        raise UserError(
            f"expected a recurrent layer. Received: {node.name}, {node.layer.yaml_name}",
            f"The recurrent layers are {', '.join(layer.name for layer in layers[:8])}.",
            place="layer",
        )
    return node


def gates_of(network: "Network", name: str, data: "Dataset", index: np.ndarray) -> dict[str, np.ndarray]:
    """The layer's input x (steps, features) of one sample, and (steps, units) of its gates and states: i f o g c h of an LSTM,
    r z n h of a GRU, h of a simple RNN. The padding is left out.
    """
    node, ctx = next(
        (node, feed.executor.contexts[name])
        for node, feed in forward(network, data, index)
        if node.name == name
    )
    values = [value[0] for value in kernels.recurrent.saved_values(ctx.saved, node.layer.units)]  # type: ignore[attr-defined]
    if node.layer.yaml_name == "lstm":
        i, f, g, o, before, squashed = values
        found = {"i": i, "f": f, "o": o, "g": g, "c": f * before + i * g, "h": o * squashed}
    elif node.layer.yaml_name == "gru":
        r, z, n, _ = values
        found = {"r": r, "z": z, "n": n, "h": n + z * (ctx.before[0] - n)}
    else:
        found = {"h": values[0]}
    steps = len(ctx.x[0]) if data.lengths is None else int(data.lengths[index[0]])
    return {key: array[:steps].copy() for key, array in {"x": ctx.x[0], **found}.items()}


def reaches(subject: Subject, name: str, rows: int) -> dict[str, np.ndarray]:
    """(steps,) for the network's own layer, and for each kind of cell of its size with initial parameters: the norm of the
    gradient of the last step's loss with respect to the layer's input, by the number of steps before the last, averaged over
    `rows` samples of the training split, and relative to the last step.
    """
    setup = subject.setup
    data = setup.splits.train
    indices = np.arange(min(rows, len(data)))
    own = plain_graph(setup)
    layer = next(node.layer for node in own.nodes if node.name == name)
    found = {}
    for kind in KINDS:
        other = cell_like(layer, kind)
        graph = plain_graph(setup)
        node = next(node for node in graph.nodes if node.name == name)
        if other != plain(layer):
            node.layer = other
        found[kind] = reach(initial_network(setup, graph, len(indices)), node, setup, indices)
    if subject.is_run or cell_like(layer, layer.yaml_name) != plain(layer):
        node = next(node for node in own.nodes if node.name == name)
        unfreeze(own)
        network = subject.learner(len(indices), precision="float64", input_gradient=True, graph=own)
        found["trained" if subject.is_run else "own"] = reach(network, node, setup, indices)
    return found


def cell_like(layer: "Layer", kind: str) -> "Layer":
    """A cell of another kind with the same size, and the default initializers."""
    from nntrain.layers.layer import Layer

    return Layer.members()[kind].model_validate({name: getattr(layer, name) for name in SHARED})


def plain(layer: "Layer") -> "Layer":
    """The layer without what has no effect on one sequence: its name, its place and the state before."""
    return layer.model_copy(update={"name": None, "inputs": None, "freeze": False, "stateful": False})


def initial_network(setup: "Setup", graph: "Graph", rows: int) -> "Network":
    from nntrain.network.network import Network

    unfreeze(graph)
    tokens = bool(setup.splits.train.vocabulary)
    return Network(graph, rows, "float64", setup.config.seed, integer_input=tokens, input_gradient=not tokens)


def unfreeze(graph: "Graph") -> None:
    """So that gradients pass through every layer."""
    for node in graph.layers:
        node.frozen = False
        node.fixed.clear()


def reach(network: "Network", node: "Node", setup: "Setup", indices: np.ndarray) -> np.ndarray:
    data = setup.splits.train
    trace = Trace(network, data, indices, setup.config.loss, last_step=True)
    norms = np.linalg.norm(trace.gradients[node.inputs[0].name], axis=2)  # (rows, steps)
    if node.layer.reverse:  # type: ignore[attr-defined]
        norms = norms[:, ::-1]
    lengths = np.full(len(indices), norms.shape[1]) if data.lengths is None else data.lengths[indices]
    back = np.full(norms.shape, np.nan)
    for row, length in enumerate(lengths):
        real = norms[row, norms.shape[1] - length :] if node.layer.reverse else norms[row, :length]  # type: ignore[attr-defined]
        back[row, :length] = real[::-1]
    back = back[:, : int(lengths.max())]
    mean = np.nanmean(back, axis=0)
    return mean / (mean[0] or mean.max() or 1.0)
