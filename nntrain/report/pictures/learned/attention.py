"""Attention: the weights with which the steps of a sequence attend to each other, of each head of each layer."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.computing.layers import sample_of
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, EDGE, GRID, INK, PAPER
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.tokens import visible
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.inference.feed import Feed
    from nntrain.network.graph import Graph
    from nntrain.network.network import Executor
    from nntrain.network.node import Node

LAYERS, HEADS = 6, 8  # at most
STEPS = 24  # of a text, where no prompt is given
SIDE, LARGEST, PER_STEP = 1.5, 3.0, 0.1  # inches: of a panel, at least and at most, and for each of its steps
GAP, CAPTION, NAME = 0.14, 0.26, 0.3
SMALLEST = 4.0  # points of a label that one can read


class Attention(Picture, name="attention"):
    title = "The weights with which the steps of a sequence attend to each other, of each head and layer."
    takes = ("config", "run")
    applies_to = "networks with `multi_head_attention`"

    prompt: str | None = option(
        None, "the text that a network of text reads; by default the start of a sample"
    )
    sample: int = option(
        0, "number of the sample in the test split (without one: validation, training), from 0"
    )

    def applies(self, subject: Subject) -> bool:
        return bool(attention_layers(subject.setup.graph))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """share0, share1, ... (heads, steps, steps): of the layers with these names, the weight of each step (last axis) in each step;
        tokens (steps,), and whether each layer is causal.
        """
        from nntrain.data.sequences.tokens import noun

        network = subject.network
        nodes = attention_layers(network.graph)
        if subject.setup.splits.train.unit:
            tokens, shares = self._of_text(subject, nodes)
        else:
            if self.prompt is not None:
                raise UserError("a prompt requires a network of text", "Choose a sample.", place="prompt")
            tokens, shares = self._of_sample(subject, nodes)
        return {
            **{f"share{place}": share for place, share in enumerate(shares)},
            "layers": np.array([node.name for node in nodes[:LAYERS]]),
            "causal": np.array([bool(getattr(node.layer, "causal", False)) for node in nodes[:LAYERS]]),
            "of": np.array(len(nodes)),
            "tokens": np.array(tokens, dtype=str),
            "unit": np.array(noun(subject.setup.splits.train.unit) or "step"),
        }

    def _of_text(self, subject: Subject, nodes: list["Node"]) -> tuple[list[str], list[np.ndarray]]:
        from nntrain import kernels
        from nntrain.data.conform.texts import encode
        from nntrain.data.sequences.tokens import noun

        train, network = subject.setup.splits.train, subject.network
        if self.prompt is not None:
            tokens = encode(train, "prompt", self.prompt)
        else:
            index = sample_of(subject.judged_data, subject.judged, self.sample, "sample")
            tokens = np.asarray(subject.judged_data.x[index])[0, :STEPS].astype(np.int64)
        window = network.graph.input.shape[0]
        if not 0 < len(tokens) <= window:
            raise UserError(
                f"expected 1 to {window:,} {noun(train.unit)}s, the window of the network. Received: {len(tokens):,}",
                "Shorten the text." if len(tokens) else "",
                place="prompt",
            )
        with kernels.exclusive.lock, kernels.denormals.flushed():
            executor = network.executor(1, len(tokens))
            executor.x[...] = 0  # a network of a fixed length has later steps
            executor.x[0, : len(tokens)] = tokens
            network.info.lengths, network.info.fresh = None, True
            shares = shares_of(executor, nodes)
        steps = (
            len(tokens)
            if all(getattr(node.layer, "causal", False) for node in nodes)
            else executor.x.shape[1]
        )
        names = [train.classes[token] for token in executor.x[0, :steps]]
        return names, [share[0, :, :steps, :steps] for share in shares]

    def _of_sample(self, subject: Subject, nodes: list["Node"]) -> tuple[list[str], list[np.ndarray]]:
        from nntrain import kernels
        from nntrain.inference.feed import Feeds

        data = subject.judged_data
        index = sample_of(data, subject.judged, self.sample, "sample")
        with kernels.exclusive.lock, kernels.denormals.flushed():
            feed: Feed = Feeds(subject.network, data).at(1)
            data.gather(index, feed.batch)
            feed.pass_lengths()
            feed.info.fresh = True
            shares = shares_of(feed.executor, nodes)
        steps = shares[0].shape[-1] if data.lengths is None else int(data.lengths[index[0]])
        inputs = np.asarray(data.x[index])[0]
        names = (
            [str(token) for token in inputs]
            if data.vocabulary
            else [str(step) for step in range(1, steps + 1)]
        )
        return names[:steps], [share[0, :, :steps, :steps] for share in shares]

    def figure(self, drawn: Drawn) -> Any:
        """A row for each layer, and in it a panel for each head."""
        arrays = drawn.arrays
        shares = [arrays[f"share{place}"] for place in range(len(arrays["layers"]))]
        tokens = [visible(str(token), 10) for token in arrays["tokens"]]
        heads = min(max(len(share) for share in shares), HEADS)
        side = float(np.clip(PER_STEP * len(tokens), SIDE, LARGEST))
        size = min(8.0, 0.85 * 72 * side / len(tokens))
        labelled = size >= SMALLEST
        longest = max(map(len, tokens)) if labelled else 0
        margin = canvas.MARGINS["left"] + 0.008 * size * longest
        below = 0.15 + 0.008 * size * longest * (1 if longest > 1 else 1.6)
        width = max(margin + heads * (side + GAP) + 0.2, 7.6)
        pitch = NAME + CAPTION + side + below
        page = Page(drawn.name, sentence_of(arrays), LINES, below=len(shares) * pitch + 0.1, width=width)
        for row, share in enumerate(shares):
            name = shortened(printable(arrays["layers"][row]), 60)
            more = f" (the first {HEADS} of {len(share)} heads)" if len(share) > HEADS else ""
            page.text(
                canvas.MARGINS["left"], row * pitch + NAME / 2, name + more, fontsize=10, fontweight="bold"
            )
            for head in range(min(len(share), HEADS)):
                axes = page.axes(margin + head * (side + GAP), row * pitch + NAME + CAPTION, side, side)
                draw_weights(axes, share[head], bool(arrays["causal"][row]))
                axes.set_title(f"head {head + 1}: {distance(share[head]):.1f} away", fontsize=8.5, pad=3)
                if labelled:
                    at = np.arange(len(tokens))
                    upright = 90 if longest > 1 else 0
                    axes.set_xticks(at, tokens, fontsize=size, rotation=upright, parse_math=False)
                    if head == 0:
                        axes.set_yticks(at, tokens, fontsize=size, parse_math=False)
                    axes.tick_params(length=0, pad=2)
        return page.figure


LINES = [
    [
        "each row is a step that attends, each column a step that it looks at; the stronger the colour, the larger the"
    ],
    ["weight (by its square root); above each panel, how far away the head looks on average, in steps"],
]


def attention_layers(graph: "Graph") -> list["Node"]:
    from nntrain.layers.attention import MultiHeadAttention

    return [node for node in graph.layers if isinstance(node.layer, MultiHeadAttention)]


def shares_of(executor: "Executor", nodes: list["Node"]) -> list[np.ndarray]:
    """Runs the network, and returns the attention weights (rows, heads, steps, steps) of the first layers."""
    found: dict[str, np.ndarray] = {}
    wanted = [node.name for node in nodes[:LAYERS]]
    for node, _ in executor.outputs(training=False):
        if node.name in wanted:
            found[node.name] = executor.contexts[node.name].share.copy()
    return [found[name] for name in wanted]


def distance(share: np.ndarray) -> float:
    """The mean distance in steps between a step and those that it attends to, by their weights."""
    step = np.arange(len(share))
    return float((share * np.abs(step[:, None] - step)).sum(axis=1).mean())


def sentence_of(arrays: Any) -> str:
    unit, causal = arrays["unit"], arrays["causal"].all()
    where = f"itself and the {unit}s before it" if causal else f"the {unit}s"
    text = f"How much each {unit} attends to {where}: the weights of a row sum to 1"
    if len(arrays["layers"]) < arrays["of"]:
        text += f" (the first {len(arrays['layers'])} of {arrays['of']} layers)"
    return text


def draw_weights(axes: Any, share: np.ndarray, causal: bool) -> None:
    """Weights from the colour of the paper to dark; what a causal mask hides is grey."""
    from matplotlib.colors import LinearSegmentedColormap

    steps = np.arange(len(share))
    shown = np.where(causal & (steps > steps[:, None]), np.nan, np.sqrt(share.clip(0, 1)))
    colours = LinearSegmentedColormap.from_list(
        "weights", [canvas.rgb(PAPER), canvas.rgb(BLUE), canvas.rgb(INK)]
    )
    axes.imshow(
        shown,
        cmap=colours.with_extremes(bad=tuple(canvas.rgb(GRID))),
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set(visible=True, color=EDGE, linewidth=0.8)
