"""Unit weights: the weights of the units of a first dense layer, each arranged as the image that they are multiplied with."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.computing.images import image_shape
from nntrain.report.pictures.computing.layers import after_activation, outputs
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.page import Page, Sheet
from nntrain.report.pictures.picture import Drawn
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.network.node import Node
    from nntrain.training.setup import Setup

UNITS, ACROSS = 40, 8
SAMPLES = 1000  # by which the class of a unit is found
GAP, CAPTION = 0.1, 0.2  # inches


def first_dense_on_images(setup: "Setup") -> "Node | None":
    """The first layer with parameters, where it is dense and takes grey or RGB images, flat."""
    from nntrain.layers.dense import Dense

    graph, shape = setup.graph, image_shape(setup.splits.train)
    node = next((node for node in graph.layers if node.parameters), None)
    if node is None or shape is None or shape[2] not in (1, 3) or not isinstance(node.layer, Dense):
        return None
    source = node.inputs[0]
    while source.inputs and (source.layer.aliases_input or source.layer.only_in_training):
        source = source.inputs[0]
    flat = node.input_shapes[0] == (math.prod(shape),)
    return node if flat and source is graph.input else None


def collect_units(subject: Subject, node: "Node") -> dict[str, np.ndarray]:
    """weights (height, width, channels, units), those of the largest norm, of how many (`of`); names (units,): the class for which
    each is the most active on average; `layer`.
    """
    shape = image_shape(subject.setup.splits.train)
    assert shape is not None
    network, data = subject.network, subject.judged_data
    weights = network.arena.parameters[f"{node.name}.weight"]
    norms = np.sqrt(np.square(weights, dtype=np.float64).sum(axis=0))
    chosen = np.sort(np.argsort(-norms, kind="stable")[:UNITS])
    names = [""] * len(chosen)
    if data.classes and not data.target_shape:
        some = np.unique(np.linspace(0, len(data) - 1, SAMPLES).astype(int))
        stage = after_activation(node)
        activity = outputs(network, data, some, [stage])[stage.name][:, chosen]
        target = np.asarray(data.target[some])
        present = np.unique(target)
        means = np.stack([activity[target == label].mean(axis=0, dtype=np.float64) for label in present])
        names = [data.classes[present[best]] for best in means.argmax(axis=0)]
    return {
        "weights": weights[:, chosen].reshape(*shape, len(chosen)),
        "names": np.array(names, dtype=str),
        "of": np.array(weights.shape[1]),
        "layer": np.array(node.name),
    }


def draw_units(drawn: Drawn) -> Any:
    """An image of weights for each unit, all on one scale, with its class below."""
    weights, names, total = (drawn.arrays[name] for name in ("weights", "names", "of"))
    height, width, channels, units = weights.shape
    left, across = canvas.MARGINS["left"], min(ACROSS, units)
    size = (canvas.WIDTH - left - canvas.MARGINS["right"]) / ACROSS - GAP
    down = size * min(max(height / width, 0.2), 3)
    named = bool((names != "").any())
    pitch = down + GAP + (CAPTION if named else 0)
    colours = "RGB, grey is 0" if channels == 3 else "blue is positive, red negative, white 0"
    which = f"all {total}" if units == total else f"the {units} with the largest norm, of {total:,}"
    layer = shortened(printable(drawn.arrays["layer"]), 40)
    sentence = f"The weights of the units of {layer}, arranged as the image that they are multiplied with"
    if named:
        sentence += ". Below each, the class for which the unit is the most active"
    below = -(-units // across) * pitch + GAP
    page = Page(drawn.name, sentence, [[f"units: {which}; {colours}"]], below=below)
    sheet = Sheet(page, below)  # axes for each image would take most of the time
    largest = np.abs(weights).max() or 1
    for unit in range(units):
        x, y = left + unit % across * (size + GAP), unit // across * pitch
        image = weights[..., unit]
        if channels == 3:
            sheet.image(0.5 + image / (2 * (np.abs(image).max() or 1)), x, y, size, down)
        else:
            sheet.image(image[..., 0], x, y, size, down, cmap="RdBu", vmin=-largest, vmax=largest)
        sheet.caption(shortened(printable(names[unit]), 15), x + size / 2, y + down)
    return page.figure
