"""Filters: what the first layer looks for in images: the kernels of a convolution with their feature maps, or the weights of units."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import printable, shortened
from nntrain.report.pictures.computing.images import plain
from nntrain.report.pictures.computing.layers import after_activation
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.learned.unit_weights import collect_units, draw_units, first_dense_on_images
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node

IMAGES, FILTERS = 5, 10
CELL, GAP, ASIDE = 0.82, 0.07, 0.14  # inches
ABOVE, LABEL = 0.86, 0.2
SENTENCE = "The filters of the first convolution, and their feature maps of a few images (brighter is larger)"


class Filters(Picture, name="filters"):
    title = "What the first layer looks for in images: the filters of a convolution with their feature maps, or the weights of units."
    moment = "end"
    applies_to = "networks whose first layer with parameters is a dense layer on images, or a convolution with a kernel larger than 1×1"

    def applies(self, subject: Subject) -> bool:
        setup = subject.setup
        return bool(first_convolution(setup.graph) or first_dense_on_images(setup))

    def collect(self, subject: Subject) -> dict[str, np.ndarray] | None:
        """Of a convolution: weights (kernel rows, columns, channels, filters), those of the largest norm, of how many (`of`); images
        (images, height, width, channels) in [0, 1], with their names; maps (images, height, width, filters), after the activation.
        Of a dense layer what `collect_units` returns.
        """
        from nntrain.inference.feed import Feeds

        setup, network = subject.setup, subject.network
        if dense := first_dense_on_images(setup):
            return collect_units(subject, dense)
        node = first_convolution(network.graph)
        if node is None:
            return None
        name = node.layer.filters_parameter(*node.input_shapes)
        weights = network.arena.parameters[f"{node.name}.{name}"]
        norms = np.sqrt(np.square(weights, dtype=np.float64).sum(axis=(0, 1, 2)))
        chosen = np.sort(np.argsort(-norms, kind="stable")[:FILTERS])
        data = setup.splits.test or setup.splits.validation or setup.splits.train
        indices = one_of_each_class(data)
        feed = Feeds(network, data).filled(data, indices)
        output = after_activation(node)
        maps = next(y for other, y in feed.executor.outputs(training=False) if other is output)
        images = feed.batch.x / data.scale + data.shift
        top = 255 if data.x.dtype == np.uint8 else images.max()
        labelled = has_one_class(data)
        names = (
            [data.classes[label] for label in np.asarray(data.target[indices])]
            if labelled
            else [""] * len(maps)
        )
        return {
            "weights": weights[..., chosen],
            "images": (images / (top or 1)).clip(0, 1),
            "maps": maps[..., chosen],
            "names": np.array(names),
            "of": np.array(weights.shape[-1]),
        }

    def figure(self, drawn: Drawn) -> Any:
        """A column for each filter: the kernel above, then a row for each image."""
        arrays = drawn.arrays
        if "maps" not in arrays:
            return draw_units(drawn)
        weights, images, maps, names, total = (
            arrays[name] for name in ("weights", "images", "maps", "names", "of")
        )
        shown = weights.shape[-1]
        left = canvas.MARGINS["left"] + 0.3
        across = left + (shown + 1) * (CELL + GAP) + ASIDE + canvas.MARGINS["right"]
        figure = canvas.new_figure(
            max(across, 6), ABOVE + LABEL + (len(images) + 1) * (CELL + GAP) + ASIDE + 0.2
        )
        which = "All" if shown == total else f"The {shown} filters with the largest norm, of"
        colours = "RGB, grey is 0" if weights.shape[2] == 3 else "blue is positive, red negative, white 0"
        canvas.title(figure, drawn.name, [[f"{which} {total}; their weights: {colours}"]], sentence=SENTENCE)

        def cell(row: int, column: int, picture: np.ndarray, **colours: Any) -> None:
            width, height = figure.get_size_inches()
            x = left + column * (CELL + GAP) + (ASIDE if column else 0)
            y = height - ABOVE - LABEL - row * (CELL + GAP) - (ASIDE if row else 0) - CELL
            axes = figure.add_axes((x / width, y / height, CELL / width, CELL / height))
            canvas.show_image(axes, picture, **colours)
            if column == 0:
                axes.set_ylabel(
                    shortened(printable(str(names[row - 1])), 12),
                    fontsize=8.5,
                    rotation=0,
                    ha="right",
                    va="center",
                    labelpad=6,
                    parse_math=False,
                )

        largest = np.abs(weights).max() or 1
        for number in range(shown):
            kernel, own = weights[..., number], maps[..., number]
            if kernel.shape[-1] == 3:
                cell(0, number + 1, 0.5 + kernel / (2 * np.abs(kernel).max() or 1))
            else:
                cell(0, number + 1, kernel[..., 0], cmap="RdBu", vmin=-largest, vmax=largest)
            for row, feature_map in enumerate(own):
                cell(row + 1, number + 1, feature_map, cmap="gray", vmin=own.min(), vmax=own.max())
        for row, image in enumerate(images):
            cell(row + 1, 0, plain(image), cmap="gray", vmin=0, vmax=1)
        return figure


def first_convolution(graph: "Graph") -> "Node | None":
    """The first layer with parameters, where it is a convolution of grey or RGB images with a kernel larger than 1×1."""
    node = next((node for node in graph.layers if node.parameters), None)
    return node if node and node.layer.filters_parameter(*node.input_shapes) else None


def one_of_each_class(data: "Dataset") -> np.ndarray:
    """The first sample of each of the first classes; without classes, the first samples."""
    if has_one_class(data):
        return np.unique(data.target, return_index=True)[1][:IMAGES]
    return np.arange(min(IMAGES, len(data)))


def has_one_class(data: "Dataset") -> bool:
    """Whether each sample has one class."""
    return bool(data.classes) and not data.target_shape
