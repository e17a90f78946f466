"""Features: what each layer makes of one sample: feature maps as images, units as cells, steps as columns."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import counted, number, printable, shortened
from nntrain.report.pictures.computing.images import as_images, image_shape, plain
from nntrain.report.pictures.computing.layers import outputs, sample_of, stages
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.activity import draw_activity, height_of
from nntrain.report.pictures.drawing.bars import draw_counts, room_for_names
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, PALE_INK
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.tokens import visible
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.network.node import Node

LAYERS, TOKENS = 8, 64  # at most
CAPTION, BELOW = 0.26, 0.16  # inches: above and below what a layer's output takes
IMAGE, BARS = 1.1, 1.0
LEFT = canvas.MARGINS["left"]


class Features(Picture, name="features"):
    title = "What each layer makes of one sample: its feature maps, or the outputs of its units."
    takes = ("config", "run")

    sample: int = option(
        0, "number of the sample in the test split (without one: validation, training), from 0"
    )

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """image (height, width, 1 or 3) or values of the input; `layers`, the names of the shown ones of `of`; y0, y1, ...: their
        outputs (height, width, maps), (steps, features) or (units,); prediction, and the classes with the true one, or the target.
        """
        setup, data = subject.setup, subject.judged_data
        index = sample_of(data, subject.judged, self.sample, "sample")
        nodes = stages(subject.network.graph)
        chosen = [nodes[place] for place in np.unique(np.linspace(0, len(nodes) - 1, LAYERS).astype(int))]
        found = outputs(subject.network, data, index, [*chosen, subject.network.graph.output])
        whole = np.asarray(data.x[index])[0]
        # Of a sequence without its padding.
        steps = None if data.lengths is None else int(data.lengths[index[0]])
        raw = whole[:steps]
        is_image = image_shape(data) is not None
        arrays = {}
        for place, node in enumerate(chosen):
            y = found[node.name][0]
            per_step = y.ndim == 2 and len(y) == len(whole)
            arrays[f"y{place}"] = y[:steps] if per_step else y
        prediction = found[subject.network.graph.output.name]
        one_class = bool(data.classes) and not data.target_shape
        target = np.asarray(data.target[index])[0]
        return {
            **arrays,
            "input": as_images(data, index)[0] if is_image else np.asarray(raw, np.float64),
            "is_image": np.array(is_image),
            "tokens": np.array(token_names(data, raw) if data.vocabulary else (), dtype=str),
            "layers": np.array([label_of(node) for node in chosen]),
            "of": np.array(len(nodes)),
            "sample": np.array(self.sample),
            "split": np.array(subject.judged),
            "classes": np.array(data.classes if one_class else (), dtype=str),
            "target": target,
            "prediction": (
                setup.config.loss.probabilities(prediction)[0]
                if one_class
                else setup.config.loss.values(prediction)[0]
            ),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        layers = [str(name) for name in arrays["layers"]]
        shown = [np.asarray(arrays[f"y{place}"]) for place in range(len(layers))]
        classes = [str(name) for name in arrays["classes"]]
        width = canvas.WIDTH - LEFT - canvas.MARGINS["right"]
        first = IMAGE if arrays["is_image"] else height_of(arrays["input"], width)
        heights = [first, *(height_of(y, width) for y in shown)]
        bars = CAPTION + BARS + room_for_names(classes) if classes else 0
        below = sum(heights) + len(heights) * (CAPTION + BELOW) + bars
        page = Page(drawn.name, sentence_of(arrays), [[COLOURS]], below=below)
        y = 0.0
        for place, height in enumerate(heights):
            values = arrays["input"] if place == 0 else shown[place - 1]
            image = place == 0 and bool(arrays["is_image"])
            name = "input" if place == 0 else layers[place - 1]
            of_tokens = place == 0 and len(arrays["tokens"]) > 0
            text = f"input: {counted(len(values), 'token')}" if of_tokens else caption(name, values, image)
            page.text(LEFT, y + CAPTION / 2, text, fontsize=9)
            if image:
                axes = page.axes(LEFT, y + CAPTION, width, height)
                canvas.show_image(axes, plain(values), cmap="gray", vmin=0, vmax=1)
                axes.set_anchor("W")
            elif of_tokens:
                draw_tokens(page, y + CAPTION, width, [str(token) for token in arrays["tokens"]])
            else:
                draw_activity(page, LEFT, y + CAPTION, width, height, values)
            y += height + CAPTION + BELOW
        if classes:
            draw_probabilities(page, y, width, classes, arrays)
        return page.figure


COLOURS = (
    "each layer has its own scale: black is 0 and white the largest; where there are negative values, blue is positive, red "
    "negative, white 0"
)


def label_of(node: "Node") -> str:
    """ "conv2d_1, relu": the layer with those that its output includes."""
    return ", ".join([node.name, *(fused.layer.yaml_name for fused in node.fused)])


def caption(name: str, values: np.ndarray, image: bool) -> str:
    """The name of a layer, what its output is, and its range."""
    shape = values.shape
    if values.ndim == 3:
        text = f"{counted(shape[2], 'map')} of {shape[0]}×{shape[1]}"
    elif values.ndim == 2:
        text = f"{counted(shape[0], 'step')} of {counted(shape[1], 'feature')}"
    else:
        text = counted(shape[0], "value") if values.ndim == 1 else "×".join(map(str, shape))
    if values.shape == (1,):
        return f"{shortened(printable(name), 60)}: {number(float(values[0]))}"
    if image:
        return f"{name}: image of {values.shape[0]}×{values.shape[1]} pixels"
    return f"{shortened(printable(name), 60)}: {text}, from {number(float(values.min()))} to {number(float(values.max()))}"


def token_names(data: "Dataset", tokens: np.ndarray) -> list[str]:
    """Tokens as labels, at most as many as fit."""
    names = data.classes if data.unit else () if data.tokenizer is None else data.tokenizer.names
    return [visible(names[token], 8) if names else str(token) for token in tokens[:TOKENS]]


def draw_tokens(page: Page, y: float, width: float, tokens: list[str]) -> None:
    """The tokens side by side, above the steps of the layers."""
    for step, token in enumerate(tokens):
        at = LEFT + (step + 0.5) * width / len(tokens)
        page.text(at, y + 0.1, token, ha="center", fontsize=8 if len(tokens) <= 48 else 6.5)


def sentence_of(arrays: Any) -> str:
    """What was put in and came out."""
    classes, prediction, target = arrays["classes"], arrays["prediction"], arrays["target"]
    text = f"What each layer makes of {arrays['split']} sample {arrays['sample']:,}"
    if len(arrays["layers"]) < arrays["of"]:
        text += f" ({len(arrays['layers'])} of {arrays['of']} layers)"
    if len(classes):
        true, best = (
            shortened(printable(classes[place]), 30) for place in (int(target), int(prediction.argmax()))
        )
        return f"{text}, class {true}: it predicts {best} with probability {number(float(prediction.max()))}"
    if prediction.size == np.size(target) == 1:
        return f"{text}: it predicts {number(prediction.item())}, the target is {number(float(np.ravel(target)[0]))}"
    return text


def draw_probabilities(page: Page, y: float, width: float, classes: list[str], arrays: Any) -> None:
    """A bar for each class, the true one green."""
    colours = [GREEN if place == arrays["target"] else BLUE for place in range(len(classes))]
    page.text(LEFT, y + CAPTION / 2, "probabilities of the classes (green: the true class)", fontsize=9)
    axes = page.axes(LEFT, y + CAPTION, width, BARS)
    draw_counts(axes, classes, arrays["prediction"], colours, numbered=False)
    axes.set_ylim(0, 1)
    axes.grid(True, axis="y")
    axes.tick_params(labelsize=8, labelcolor=PALE_INK, axis="y")
