"""Neuron: one unit of a dense layer worked out for one sample: inputs times weights, plus the bias, through the activation."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import counted, printable
from nntrain.report.pictures.computing.layers import named, sample_of
from nntrain.report.pictures.computing.stages import elementwise
from nntrain.report.pictures.computing.tracing import Trace, plain_graph
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import INK, ORANGE
from nntrain.report.pictures.drawing.chain_rule import digits
from nntrain.report.pictures.drawing.diagram import Diagram
from nntrain.report.pictures.drawing.weighted_sum import (
    CURVE,
    LARGE,
    ROW,
    SUM,
    adding_up,
    contributions,
    draw_curve,
    draw_inputs,
    equation,
)
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.layers.layer import Layer
    from nntrain.network.graph import Graph
    from nntrain.network.network import Network
    from nntrain.network.node import Node

WIDTH = 10.0  # inches
POINTS = 401
TRIED = 32  # samples from which the first is chosen


class Neuron(Picture, name="neuron"):
    title = "One unit with numbers: inputs times weights, plus the bias, through its activation."
    takes = ("config", "run")
    applies_to = "networks with a dense layer"

    layer: str | None = option(None, "name of a dense layer; by default the first")
    unit: int | None = option(None, "number of the unit, from 0; by default the one with the largest output")
    sample: int | None = option(
        None,
        "number of the sample in the test split (without one: validation, training), from 0; by default the first whose inputs "
        "are not all 0",
    )

    def applies(self, subject: Subject) -> bool:
        return bool(dense_layers(subject.setup.graph))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """x, w (inputs,) and their names; b, z, y of the unit; grid and curve (points,), its activation around -b.

        place: layer, activation, unit, the last unit, sample, split. By step, the last one counts.
        """
        setup, data = subject.setup, subject.judged_data
        graph = plain_graph(setup)
        dense = self.chosen(graph)
        last = with_activation(dense)
        network = subject.learner(min(TRIED, len(data)), precision="float64", graph=graph)
        index = (
            first_with_input(network, dense, data)
            if self.sample is None
            else sample_of(data, subject.judged, self.sample, "sample")
        )
        trace = Trace(network, data, index)
        lengths = data.lengths if len(dense.shape) == 2 else None
        step = -1 if lengths is None else int(lengths[index[0]]) - 1  # the last real one
        outputs = trace.values[last.name].reshape(-1, dense.shape[-1])[step]
        unit = int(np.argmax(np.abs(outputs))) if self.unit is None else self.unit
        if not 0 <= unit < len(outputs):
            raise UserError(
                f"{dense.name} has no unit {unit:,}",
                f"Its units are numbered from 0 to {len(outputs) - 1:,}.",
                place="unit",
            )
        source = dense.inputs[0]
        x = trace.values[source.name].reshape(-1, source.shape[-1])[step]
        arena = network.arena
        bias = arena.parameters.get(f"{dense.name}.bias")
        b = 0.0 if bias is None else float(bias[unit])
        z = float(trace.values[dense.name].reshape(-1, dense.shape[-1])[step, unit])
        known = data.feature_names if source is graph.input and len(data.feature_names) == len(x) else ()
        reach = max(3.0, 1.35 * abs(z))
        grid = np.linspace(-reach, reach, POINTS)  # of z
        curve = grid
        if last is not dense:
            full = {name: arena.parameters[f"{last.name}.{name}"].reshape(-1) for name in last.parameters}
            own = {
                name: values[unit % len(values)] for name, values in full.items()
            }  # one for each or for all
            curve = activated(last.layer, grid, own)
        return {
            "x": x.astype(np.float64),
            "w": arena.weight(dense)[:, unit].copy(),
            "names": np.array(known or [f"x{number + 1}" for number in range(len(x))]),
            "unit": np.array([b, z, float(outputs[unit])]),
            "grid": grid - b,
            "curve": curve,
            "place": np.array(
                [
                    dense.name,
                    last.layer.yaml_name if last is not dense else "",
                    f"{unit:,}",
                    f"{len(outputs) - 1:,}",
                    f"{int(index[0]):,}",
                    subject.judged,
                    "at the last step" if len(dense.shape) > 1 else "",
                ]
            ),
        }

    def chosen(self, graph: "Graph") -> "Node":
        """The dense layer that the option names, or the first. Raises UserError."""
        layers = dense_layers(graph)
        if self.layer is None:
            return layers[0]
        node = named(graph, self.layer, "layer")
        if node not in layers:
            names = ", ".join(layer.name for layer in layers[:8])
            raise UserError(
                f"expected a dense layer. Received: {node.name}, {node.layer.yaml_name}",
                f"The dense layers are {names}.",
                place="layer",
            )
        return node

    def figure(self, drawn: Drawn) -> Any:
        found = drawn.arrays
        b, z, y = found["unit"].tolist()
        rows = contributions(found)
        terms = adding_up([product for *_, product in rows] + [b], z)
        layer, activation, unit, last, sample, split, step = (str(text) for text in found["place"])
        through = f", and {activation}(z) = {digits(y)}" if activation else ", its output"
        sentence = (
            f"{printable(layer)}, unit {unit} of 0 to {last}: {counted(len(found['x']), 'input')} times the weights, plus the bias, "
            f"are z = {digits(z)}{through}"
        )
        note = " ".join(f"sample {sample} of the {split} split {step}".split())
        lines = [
            [
                f"{note}; a weight amplifies its input: thick lines are large weights, blue ones positive, red ones negative"
            ]
        ]
        below = max(ROW * len(rows) + 0.3, 3.4)
        figure = canvas.new_figure(WIDTH, 1.15 + below + 0.55)
        top = canvas.title(figure, drawn.name, lines, sentence=sentence, legend_rows=0)
        diagram = Diagram(figure)
        middle = top + below / 2
        draw_inputs(diagram, rows, terms, top + (below - ROW * len(rows)) / 2 + ROW / 2, middle)
        diagram.circle(SUM, middle, LARGE, ORANGE)
        diagram.text(SUM, middle - 0.1, "Σ + b", size=9, zorder=6)
        diagram.text(SUM, middle + 0.1, terms[-1], size=9, fontweight="bold", zorder=6)
        diagram.arrow([(SUM, middle + LARGE + 0.75), (SUM, middle + LARGE)], INK, width=1.2)
        diagram.text(SUM, middle + LARGE + 0.87, f"bias b = {terms[-2]}", size=9)
        diagram.arrow([(SUM + LARGE, middle), (CURVE[0] - 0.62, middle)], ORANGE, width=2)
        diagram.text(SUM + LARGE, middle - 0.2, f"y = {digits(y)}", size=8.5, ha="left", fontweight="bold")
        draw_curve(figure, found, top + 0.1, min(below - 0.55, 3.4))
        diagram.text(
            0.5,
            top + below + 0.3,
            equation(terms, digits(y), activation),
            size=9,
            ha="left",
            width=WIDTH - 0.8,
        )
        return figure


def first_with_input(network: "Network", dense: "Node", data: "Dataset") -> np.ndarray:
    """(1,): the index of the first sample whose inputs of the layer are not all 0; else 0."""
    tried = np.arange(network.rows)
    x = Trace(network, data, tried).values[dense.inputs[0].name]
    return np.array([np.argmax(x.reshape(len(x), -1).any(axis=1))])


def dense_layers(graph: "Graph") -> list["Node"]:
    from nntrain.layers.dense import Dense

    return [node for node in graph.layers if isinstance(node.layer, Dense)]


def with_activation(dense: "Node") -> "Node":
    """The activation that alone reads the layer, if it acts on each value of its own; else the layer."""
    after = dense.consumers[0] if len(dense.consumers) == 1 else dense
    return after if elementwise(after) else dense


def activated(layer: "Layer", grid: np.ndarray, parameters: dict[str, Any]) -> np.ndarray:
    """The activation at each point of the grid, with the unit's own parameters, such as the slope of a PReLU."""
    from nntrain.network.single import Single

    single = Single(layer, (grid.shape,), 1)
    for name, value in parameters.items():
        single.parameters[name][...] = value
    single.ctx.x[0] = grid
    return single.executor.forward(training=False)[0].copy()
