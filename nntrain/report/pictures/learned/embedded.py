"""Embedded: the points of the picture of an embedding: the vectors of tokens, or a layer's outputs for samples."""

from typing import TYPE_CHECKING

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import outputs
from nntrain.report.pictures.drawing.tokens import kind_of
from nntrain.report.pictures.learned.principal import principal_plane
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node

POINTS, VALUES = 1000, 4_000_000  # samples, at most, and outputs of all of them
WORK, FEWEST = 20e9, 200  # floating-point operations, at most, for more samples than so many
TOKENS = 400  # of a vocabulary of words, the most frequent ones


def token_embedding(subject: Subject) -> "Node | None":
    """The embedding of the tokens of a text."""
    from nntrain.layers.embedding import Embedding as EmbeddingLayer

    setup = subject.setup
    if not setup.splits.train.unit:
        return None
    return next((node for node in setup.graph.layers if isinstance(node.layer, EmbeddingLayer)), None)


def last_hidden(graph: "Graph") -> "Node | None":
    """What the last layer with parameters takes, if it is not the data."""
    last = next((node for node in reversed(graph.layers) if node.parameters), None)
    if last is None:
        return None
    node = last.inputs[0]
    while node.inputs and (node.layer.only_in_training or node.layer.aliases_input):
        node = node.inputs[0]
    return node if node.inputs else None


def tokens_of(subject: Subject, node: "Node") -> dict[str, np.ndarray]:
    """The rows of the embedding as points, the most frequent tokens first."""
    from nntrain.data.sequences.tokens import noun
    from nntrain.data.sequences.windows import Windows

    train = subject.setup.splits.train
    stream = train.x.stream if isinstance(train.x, Windows) else np.asarray(train.x)
    counts = np.bincount(np.ravel(stream), minlength=len(train.classes))[: len(train.classes)]
    order = np.argsort(-counts, kind="stable")[:TOKENS]
    order = order[counts[order] > 0]
    tokens = [train.classes[token] for token in order]
    kinds = [kind_of(token) for token in tokens]
    names = sorted(set(kinds), key=lambda kind: (-kinds.count(kind), kind))
    name = f"{node.name}.weight"
    vectors, start = subject.network.arena.parameters[name], initial(subject, name)
    moved = start is not None and bool((vectors != start).any())
    plane, shares = principal_plane((vectors - start if start is not None and moved else vectors)[order])
    return {
        "plane": plane,
        "shares": shares,
        "layer": np.array(node.name),
        "moved": np.array(moved),
        "names": np.array(names),
        "group": np.array([names.index(kind) for kind in kinds]),
        "values": np.zeros(0),
        "tokens": np.array(tokens),
        "of": np.array(np.count_nonzero(counts)),
        "what": np.array(f"{noun(train.unit)}s"),
    }


def initial(subject: Subject, name: str) -> np.ndarray | None:
    """The initial value of a parameter of a run; None where it is not random, but comes from another run."""
    from nntrain.initializers import Pretrained
    from nntrain.run.folder import RunFolder

    setup = subject.setup
    own = [getattr(node.layer, "weight_initializer", None) for node in setup.graph.layers]
    if any(isinstance(each, Pretrained) for each in (setup.graph.initializer, *own)):
        return None
    if subject.folder is not None and "from" in RunFolder(subject.folder).read_info():
        return None
    return setup.network(1, backward=False).arena.parameters[name]


def samples_of(subject: Subject, node: "Node") -> dict[str, np.ndarray]:
    """The outputs of a layer for samples of the judged split, or for their steps, where each has a target."""
    data, graph = subject.judged_data, subject.network.graph
    work = max(sum(each.flops for each in graph.layers), 1)
    most = min(POINTS, max(VALUES // max(int(np.prod(node.shape)), 1), 8), max(int(WORK / work), FEWEST))
    chosen = np.unique(np.linspace(0, len(data) - 1, most).astype(int))
    y = outputs(subject.network, data, chosen, [node])[node.name]
    target, what = np.asarray(data.target[chosen]), "samples"
    if data.per_step and len(node.shape) == 2 and node.shape[0] == data.input_shape[0]:
        lengths = np.full(len(chosen), node.shape[0]) if data.lengths is None else data.lengths[chosen]
        real = np.arange(node.shape[0]) < lengths[:, None]  # (samples, steps)
        places = np.flatnonzero(real.ravel())
        places = places[np.unique(np.linspace(0, len(places) - 1, POINTS).astype(int))]
        y, what = y.reshape(-1, node.shape[1])[places], "steps"
        target = target.reshape(-1, *target.shape[2:])[places]
    elif len(node.shape) == 2 and data.lengths is not None:
        real = np.arange(node.shape[0]) < data.lengths[chosen][:, None]
        y = (y * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True)
    y = y.reshape(len(y), -1)
    finite = np.isfinite(y).all(axis=1)
    if not finite.any():
        raise UserError(f"every output of {node.name} is NaN or infinite", place=subject.name)
    y, target = y[finite], target[finite]
    plane, shares = principal_plane(y)
    return {
        "plane": plane,
        "shares": shares,
        "layer": np.array(node.name),
        **colouring(data, target),
        "tokens": np.array((), dtype=str),
        "of": np.array(len(data)),
        "what": np.array(f"{what} of the {subject.judged} split"),
    }


def colouring(data: "Dataset", target: np.ndarray) -> dict[str, np.ndarray]:
    """names and group of classes (of text the kinds of the next tokens), or values with their label."""
    none = {"names": np.array((), dtype=str), "group": np.zeros(0, int), "values": np.zeros(0)}
    if data.classes and target.ndim == 1:
        if not data.unit:
            return {**none, "names": np.array(data.classes), "group": target}
        kinds = [kind_of(data.classes[token]) for token in target]
        names = sorted(set(kinds))
        return {**none, "names": np.array(names), "group": np.array([names.index(kind) for kind in kinds])}
    if data.classes:
        return {**none, "names": np.array(["samples"]), "group": np.zeros(len(target), int)}
    label = (data.target_names or ("target",))[0]
    return {
        **none,
        "values": np.asarray(target, np.float64).reshape(len(target), -1)[:, 0],
        "label": np.array(label),
        "targets": np.array(np.asarray(target[0]).size),
    }
