"""Embedding: how a layer arranges the samples, or an embedding its tokens, in the plane of their two principal components."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, CLASS_MARKERS, PAPER
from nntrain.report.pictures.drawing.labels import place_labels
from nntrain.report.pictures.drawing.tokens import kind_of, visible
from nntrain.report.pictures.layers import named, outputs
from nntrain.report.pictures.learned.principal import principal_plane
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node

POINTS, VALUES = 1000, 4_000_000  # samples, at most, and outputs of all of them
WORK, FEWEST = 20e9, 200  # floating-point operations, at most, for more samples than so many
TOKENS = 400  # of a vocabulary of words, the most frequent ones
COLOURED = len(CLASS_COLOURS)
SIZE = 7.4  # inches


class Embedding(Picture, name="embedding"):
    title = "How a layer arranges the samples, or an embedding its tokens, in the plane of the two principal components."
    moment = "end"
    takes = ("config", "run")
    applies_to = "networks with a hidden layer or an embedding"

    layer: str | None = option(
        None, "the layer whose output is shown; by default the embedding of text, or the last hidden layer"
    )

    def applies(self, subject: Subject) -> bool:
        return token_embedding(subject) is not None or last_hidden(subject.setup.graph) is not None

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """plane (points, 2), shares (2,) of the variance; `layer`; names (groups,) with the group of each point (points,), or
        values (points,) of a regression with their label; tokens (points,) of an embedding, else empty; `of` how many points.
        """
        if self.layer is None and (node := token_embedding(subject)):
            return tokens_of(subject, node)
        graph = subject.network.graph
        node = named(graph, self.layer, "layer") if self.layer is not None else last_hidden(graph)
        if node is None:
            raise UserError("the network has no hidden layer", "Name a layer.", place="layer")
        return samples_of(subject, node)

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        plane, tokens = arrays["plane"], [str(token) for token in arrays["tokens"]]
        names = [shortened(printable(name), 24) for name in arrays["names"]]
        legend = bool(names) and (bool(tokens) or len(names) <= COLOURED)
        columns = 5 if max(map(len, names), default=0) <= 12 else 3
        figure = canvas.new_figure(SIZE + (0.9 if len(arrays["values"]) else 0), SIZE)
        rows = -(-len(names) // columns) if legend else 0
        top = canvas.title(figure, drawn.name, [[counted(arrays)]], rows, sentence_of(arrays))
        axes = figure.subplots()
        axes.set_xlabel(f"first principal component ({arrays['shares'][0]:.0%} of the variance)")
        axes.set_ylabel(f"second principal component ({arrays['shares'][1]:.0%} of the variance)")
        axes.grid(True)
        canvas.set_margins(figure, top)
        axes.margins(0.06)
        axes.update_datalim(plane)
        axes.autoscale_view()
        axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
        if len(arrays["values"]):
            draw_values(figure, axes, arrays)
        elif tokens:
            draw_tokens(axes, plane, arrays["group"], names, tokens)
        else:
            draw_groups(axes, plane, arrays["group"], names)
        if legend:
            canvas.place_legend(figure, axes, columns)
        return figure


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
        "what": np.array(f"{train.unit}s"),
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
    plane, shares = principal_plane(y.reshape(len(y), -1))
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
    }


def sentence_of(arrays: Any) -> str:
    layer = shortened(printable(arrays["layer"]), 40)
    if len(arrays["tokens"]):
        if arrays["moved"]:
            return f"Where training moved the vectors of {layer} from their random start: tokens that are used alike move alike"
        return f"The vectors of {layer}, projected on the plane in which they vary the most"
    by = "its target" if len(arrays["values"]) else "its class"
    return f"The outputs of {layer}, projected on the plane in which they vary the most; each point has the colour of {by}"


def counted(arrays: Any) -> str:
    """How many points there are, of how many."""
    points, total, what = len(arrays["plane"]), int(arrays["of"]), arrays["what"]
    if len(arrays["tokens"]):
        which = f"the {points:,} most frequent of {total:,}" if points < total else f"all {points:,}"
        return f"{which} {what}; where labels would overlap, the more frequent one is shown"
    if not str(what).startswith("samples"):
        return f"{points:,} {what}"
    return f"{points:,} of {total:,} {what}" if points < total else f"all {points:,} {what}"


def draw_groups(axes: Any, plane: np.ndarray, group: np.ndarray, names: list[str]) -> None:
    """Points in the colours of their groups, which come again after eight of them with another marker; names at the medians."""
    present = np.unique(group)
    size = canvas.marker_size(len(plane)) + 1
    for label in present:
        draw_points(axes, plane[group == label], label, size, names[label])
    centres = np.array([np.median(plane[group == label], axis=0) for label in present])
    labels = [names[label] for label in present]
    place_labels(axes, centres, labels, 11 if len(names) <= 20 else 8, fontweight="bold")


def draw_tokens(axes: Any, plane: np.ndarray, group: np.ndarray, names: list[str], tokens: list[str]) -> None:
    """The tokens in the colours of their groups; a dot for each that would overlap a more frequent one."""
    size = 13 if len(tokens) <= 120 else 8
    colours = [CLASS_COLOURS[label % COLOURED] for label in group]
    labels = [visible(token) for token in tokens]
    shown = place_labels(axes, plane, labels, size, colours, fontweight="bold")
    for label, name in enumerate(names):
        draw_points(axes, plane[(group == label) & ~shown], label, 5.5, name)


def draw_points(axes: Any, points: np.ndarray, label: int, size: float, name: str) -> None:
    marker = CLASS_MARKERS[(label + label // COLOURED) % COLOURED]
    style = {
        "linestyle": "none",
        "alpha": 0.8,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.4,
        "label": name,
    }
    axes.plot(
        points[:, 0], points[:, 1], marker, color=CLASS_COLOURS[label % COLOURED], markersize=size, **style
    )


def draw_values(figure: Any, axes: Any, arrays: Any) -> None:
    """Points in the colours of their targets, with a colour bar."""
    plane, values = arrays["plane"], arrays["values"]
    size = canvas.marker_size(len(plane)) + 1
    points = axes.scatter(plane[:, 0], plane[:, 1], c=values, s=size**2, cmap="viridis", linewidths=0)
    bar = figure.colorbar(points, ax=axes)
    bar.set_label(shortened(printable(arrays["label"]), 40), parse_math=False)
    bar.outline.set_visible(False)
