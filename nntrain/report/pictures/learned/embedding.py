"""Embedding: how a layer arranges the samples, or an embedding its tokens, in the plane of their two principal components."""

from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import distinct, printable, shortened
from nntrain.report.pictures.computing.layers import named
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import plain_ticks
from nntrain.report.pictures.drawing.canvas import CLASS_COLOURS, CLASS_MARKERS, PAPER
from nntrain.report.pictures.drawing.labels import place_labels
from nntrain.report.pictures.drawing.tokens import visible
from nntrain.report.pictures.learned.embedded import last_hidden, samples_of, token_embedding, tokens_of
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

COLOURED = len(CLASS_COLOURS)
SIZE = 7.4  # inches
FEW = 12  # points, which names in the plane would hide


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
        names = distinct([printable(name) for name in arrays["names"]], 24)
        legend = bool(names) and (bool(tokens) or len(names) <= COLOURED)
        columns = 5 if max(map(len, names), default=0) <= 12 else 3
        figure = canvas.new_figure(SIZE + (0.9 if len(arrays["values"]) else 0), SIZE)
        rows = -(-len(names) // columns) if legend else 0
        top = canvas.title(figure, drawn.name, [[counted(arrays)]], rows, sentence_of(arrays))
        axes = figure.subplots()
        axes.set_xlabel(f"first principal component ({arrays['shares'][0]:.0%} of the variance)")
        axes.set_ylabel(f"second principal component ({arrays['shares'][1]:.0%} of the variance)")
        axes.grid(True)
        axes.margins(0.06)
        axes.update_datalim(plane)
        axes.autoscale_view()
        axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
        canvas.set_margins(figure, top, plain_ticks(axes))
        if len(arrays["values"]):
            draw_values(figure, axes, arrays)
        elif tokens:
            draw_tokens(axes, plane, arrays["group"], names, tokens)
        else:
            draw_groups(axes, plane, arrays["group"], names)
        if legend:
            canvas.place_legend(figure, axes, columns)
        return figure


def sentence_of(arrays: Any) -> str:
    layer = shortened(printable(arrays["layer"]), 40)
    if len(arrays["tokens"]):
        if arrays["moved"]:
            return f"Where training moved the vectors of {layer} from their random start: tokens that are used alike move alike"
        return f"The vectors of {layer}, projected on the plane in which they vary the most"
    if not np.ptp(arrays["plane"], axis=0).any():
        return f"The outputs of {layer} are the same for all samples: it tells nothing about them"
    by = "its class"
    if len(arrays["values"]):
        targets = int(arrays["targets"])
        by = f"the first of its {targets:,} targets" if targets > 1 else "its target"
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
    if len(plane) <= FEW and len(names) <= COLOURED:
        return  # the names would hide the points; the legend has them
    centres = np.array([np.median(plane[group == label], axis=0) for label in present])
    labels = [names[label] for label in present]
    place_labels(axes, centres, labels, 11 if len(names) <= 20 else 8, nudged=True, fontweight="bold")


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
