"""Convolution: one value of a feature map worked out: a patch of the input, a filter, their products and the sum."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.computing.layers import after_activation, computing, forward, named, sample_of
from nntrain.report.pictures.elements.convolution_drawing import draw_convolution
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.network.graph import Graph
    from nntrain.network.node import Node

CHANNELS = 3  # of the input that are drawn, at most


class Convolution(Picture, name="convolution"):
    title = (
        "One value of a feature map worked out: a patch of the image, the filter, their products and the sum."
    )
    takes = ("config", "run")
    applies_to = "networks with a convolution"

    sample: int = option(
        0, "number of the sample in the test split (without one: validation, training), from 0"
    )
    at: tuple[int, int] | None = option(
        None, "row and column of the value in the feature map, from 0; by default the largest value"
    )
    filter: int | None = option(
        None, "number of the filter, from 0; by default the one with the largest value"
    )
    layer: str | None = option(None, "name of the convolution; by default the first one")

    def applies(self, subject: Subject) -> bool:
        return first_convolution(subject.setup.graph) is not None

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """x (rows, columns, channels), what the layer takes; map (rows, columns), what it gives after `following` layers; patch,
        weights, products (kernel rows, columns, channels), inside (kernel rows, columns), False at padding; bias, y; `channels`, the
        numbers of those to draw; at, filter, kernel geometry. A sequence is an image of one row.
        """
        network, data = subject.network, subject.judged_data
        node = self._node(network.graph)
        index = sample_of(data, subject.judged, self.sample, "sample")
        stage = after_activation(node)
        x = maps = np.zeros(0)
        for done, feed in forward(network, data, index):
            if done is computing(node):
                x = feed.executor.contexts[node.name].x[0].astype(np.float64)
            if done is stage:
                maps = feed.executor.contexts[stage.name].y[0].astype(np.float64)
        if x.ndim == 2:
            x, maps = x[None], maps[None]
        geometry = node.layer.geometry(node.input_shapes[0])  # type: ignore[attr-defined]
        number, at = self._place(maps, whole_patches(geometry))
        weight = network.arena.parameters[f"{node.name}.weight"].astype(np.float64)
        weights = weight.reshape(*geometry.kernel, -1, geometry.filters)[..., number]
        own = geometry.channels // geometry.groups  # channels that the filter sees
        first = number // (geometry.filters // geometry.groups) * own
        patch, inside = patch_of(x[..., first : first + own], geometry, at)
        products = patch * weights
        bias = network.arena.parameters.get(f"{node.name}.bias")
        sums = np.abs(products.sum(axis=(0, 1)))
        return {
            "x": x[..., first : first + own],
            "map": maps[..., number],
            "patch": patch,
            "weights": weights,
            "products": products,
            "inside": inside,
            "bias": np.array(0.0 if bias is None else bias[number], np.float64),
            "has_bias": np.array(bias is not None),
            "y": maps[at][number],
            "following": np.array(following(node, stage), dtype=str),
            "channels": np.sort(np.argsort(-sums, kind="stable")[:CHANNELS]),
            "at": np.array(at),
            "filter": np.array(number),
            "start": np.array(at) * geometry.stride - geometry.before,
            "dilation": np.array(geometry.dilation),
            "stride": np.array(geometry.stride),
            "before": np.array(geometry.before),
            "layer": np.array(node.name),
            "sample": np.array(self.sample),
            "split": np.array(subject.judged),
        }

    def _node(self, graph: "Graph") -> "Node":
        node = named(graph, self.layer, "layer") if self.layer is not None else first_convolution(graph)
        if node is None or not is_convolution(node):
            names = [each.name for each in graph.layers if is_convolution(each)]
            raise UserError(
                f"expected a convolution. Received: {self.layer}",
                f"There are: {', '.join(names)}.",
                place="layer",
            )
        return node

    def _place(self, maps: np.ndarray, whole: np.ndarray) -> tuple[int, tuple[int, int]]:
        """The number of the filter and the place of the value, of maps (rows, columns, filters); by default where `whole`."""
        rows, columns, filters = maps.shape
        preferred = np.where(whole[..., None] | ~whole.any(), maps, -np.inf)
        number = self.filter
        if number is None:
            values = (
                maps if self.at is None else maps[min(self.at[0], rows - 1), min(self.at[1], columns - 1)]
            )
            number = int(values.reshape(-1, filters).max(axis=0).argmax())
        if not 0 <= number < filters:
            message = f"the layer has no filter {number}"
            raise UserError(message, f"Its filters are numbered from 0 to {filters - 1}.", place="filter")
        if self.at is None:
            row, column = np.unravel_index(preferred[..., number].argmax(), (rows, columns))
            return number, (int(row), int(column))
        if not (0 <= self.at[0] < rows and 0 <= self.at[1] < columns):
            message = f"the feature map has no value at {self.at[0]},{self.at[1]}"
            last = f"{rows - 1},{columns - 1}"
            raise UserError(message, f"Rows and columns go from 0,0 to {last}.", place="at")
        return number, self.at

    def figure(self, drawn: Drawn) -> Any:
        return draw_convolution(drawn.name, drawn.arrays)


def is_convolution(node: "Node") -> bool:
    from nntrain.layers.conv import Conv1d, Conv2d

    return isinstance(node.layer, (Conv1d, Conv2d))


def first_convolution(graph: "Graph") -> "Node | None":
    return next((node for node in graph.layers if is_convolution(node)), None)


def following(node: "Node", stage: "Node") -> list[str]:
    """The layers between the sum and the value in the map, such as batch_norm and relu, fused or not."""
    walked: list[Node] = []
    while len(node.consumers) == 1 and node.consumers[0].layer.acts_per_position:
        node = node.consumers[0]
        walked.append(node)
    return [each.layer.yaml_name for each in (*walked, *(each for each in stage.fused if each not in walked))]


def whole_patches(geometry: Any) -> np.ndarray:
    """(output rows, output columns): where the kernel sees no padding."""
    inside = []
    for axis in (0, 1):
        start = np.arange(geometry.output[axis]) * geometry.stride[axis] - geometry.before[axis]
        end = start + (geometry.kernel[axis] - 1) * geometry.dilation[axis]
        inside.append((start >= 0) & (end < geometry.image[axis]))
    return inside[0][:, None] & inside[1]


def patch_of(x: np.ndarray, geometry: Any, at: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(kernel rows, columns, channels) what the kernel sees at a place of the output, 0 outside; and where it is inside."""
    rows, columns = (
        place * stride - before + dilation * np.arange(size)
        for place, stride, before, dilation, size in zip(
            at, geometry.stride, geometry.before, geometry.dilation, geometry.kernel, strict=True
        )
    )
    inside_rows = (rows >= 0) & (rows < x.shape[0])
    inside_columns = (columns >= 0) & (columns < x.shape[1])
    inside = inside_rows[:, None] & inside_columns
    patch = x[np.clip(rows, 0, x.shape[0] - 1)[:, None], np.clip(columns, 0, x.shape[1] - 1)]
    return np.where(inside[..., None], patch, 0.0), inside
