"""Backprop: values forward and gradients backward on the units of a network, the chain rule of one path, and what it costs."""

from typing import Any

import numpy as np

from nntrain.report.formats import counted, printable, shortened
from nntrain.report.pictures.computing.cost import measured_cost
from nntrain.report.pictures.computing.layers import sample_of
from nntrain.report.pictures.computing.stages import Stage, dense_tail, largest, stages_of
from nntrain.report.pictures.computing.tracing import Trace, plain_graph
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import RED, SOFT_INK
from nntrain.report.pictures.drawing.chain_rule import draw_cost, draw_units, factor, spelled
from nntrain.report.pictures.drawing.diagram import Diagram
from nntrain.report.pictures.drawing.unit_graph import UnitGraph
from nntrain.report.pictures.picture import Arrays, Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

MOST = 4  # units drawn of a single hidden layer
SOME = 3  # of inputs, outputs, and two hidden layers
DEEP, FEW = 3, 2  # more layers than DEEP are drawn with FEW units each
LAYERS = 4  # drawn at most, from the last
TRIED = 32  # samples from which the clearest is chosen
WIDTH = 10.6  # inches
HEIGHT, LOW = 4.2, 3.5  # of the units, with many and with few in a layer
GRAPH, PANEL = (0.75, 7.1), (8.3, 10.3)  # from left to right
LINE = 0.23


class Backprop(Picture, name="backprop"):
    title = "Values forward, gradients backward, the chain rule of one path, and the time that backpropagation saves."
    takes = ("config",)
    costly = True  # it measures times
    applies_to = "networks that end in dense layers on vectors"

    sample: int | None = option(
        None, "number of the sample in the training split, from 0; by default one with large gradients"
    )

    def applies(self, subject: Subject) -> bool:
        return bool(dense_tail(subject.setup.graph))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """What `chosen_units` chooses; sample, loss, target; before: layers that are not drawn; and the cost."""
        setup = subject.setup
        train, rows = setup.splits.train, min(TRIED, len(setup.splits.train))
        graph = plain_graph(setup)
        pairs = dense_tail(graph)[-LAYERS:]
        network = subject.learner(rows, precision="float64", input_gradient=True, graph=graph)
        if self.sample is not None:
            index = sample_of(train, "training", self.sample, "sample")
        else:
            tried = Trace(network, train, np.arange(rows), setup.config.loss)
            index = np.array([clearest(tried, pairs[0][0].name, pairs[0][0].inputs[0].name)])
        trace = Trace(network, train, index, setup.config.loss)
        cost = measured_cost(subject)
        target = np.asarray(train.target[index])[0]
        first = pairs[0][0]
        return {
            **chosen_units(stages_of(trace, pairs)),
            "loss": np.array(trace.loss),
            "target": np.array(train.classes[int(target)] if train.classes and target.ndim == 0 else ""),
            "sample": index,
            "before": np.array(sum(bool(node.parameters) for node in graph.layers[: first.index - 1])),
            "cost": np.array([cost.parameters, cost.backward_s, cost.losses_s, cost.counted]),
        }

    def figure(self, drawn: Drawn) -> Any:
        found = drawn.arrays
        steps = spelled(found)
        parameters, backward_s, losses_s, counted_s = found["cost"].tolist()
        sentence = (
            f"The chain rule multiplies slopes backward from the loss: one pass gives all {parameters:,.0f} "
            f"gradients, {factor(losses_s / backward_s)} faster than one loss per parameter"
        )
        lines = [[line] for text in what_is_drawn(found) for line in canvas.wrapped(text, 140)]
        high = (
            HEIGHT
            if max(len(found[f"units.{n}"]) for n in range(len(found["activations"]) + 1)) > FEW
            else LOW
        )
        figure = canvas.new_figure(WIDTH, 0.95 + 0.19 * len(lines) + high + LINE * len(steps))
        top = canvas.title(figure, drawn.name, lines, sentence=sentence, legend_rows=0)
        diagram = Diagram(figure)
        draw_units(UnitGraph(diagram, *GRAPH, top, top + high), found)
        y = top + high + 0.12
        for number, (text, note) in enumerate(steps, 1):
            weight = "bold" if number == len(steps) else "normal"
            shown = diagram.text(0.5, y, text, size=9, colour=RED, ha="left", fontweight=weight)
            after = max(0.5 + diagram.width_of(shown) + 0.3, 4.4)
            diagram.text(after, y, note, size=8.5, colour=SOFT_INK, ha="left")
            y += LINE
        draw_cost(figure, top, parameters, backward_s, losses_s, bool(counted_s))
        return figure


def clearest(trace: Trace, dense: str, source: str) -> int:
    """The row with the largest gradient of the weights of a dense layer."""
    x = trace.values[source].reshape(len(trace.values[source]), -1)
    return int(np.argmax(np.linalg.norm(x, axis=1) * np.linalg.norm(trace.gradients[dense], axis=1)))


def chosen_units(stages: list[Stage]) -> dict[str, np.ndarray]:
    """For each layer n from 1, of its chosen units: units.n, from 1; w.n and dw.n (inputs, units); b.n, z.n, a.n, dz.n, da.n and
    slope.n (units,). For the inputs units.0, a.0 and da.0. sizes: of all layers. path: the place of one unit in each.
    """
    ends = SOME if len(stages) <= DEEP else FEW
    most = [MOST if len(stages) == 2 else ends] * (len(stages) - 1)
    places = [largest(np.abs(stages[0].x * stages[0].dx), ends)]
    for stage, number in zip(stages, [*most, ends], strict=True):
        # Those that matter: large, with a large gradient. Of the outputs, the gradient alone counts.
        score = np.abs(stage.da) if stage is stages[-1] else np.abs(stage.a * stage.da)
        places.append(largest(score, number))
    found = {
        "units.0": places[0] + 1,
        "a.0": stages[0].x[places[0]],
        "da.0": stages[0].dx[places[0]],
        "sizes": np.array([len(stages[0].x), *(len(stage.a) for stage in stages)]),
        "activations": np.array([stage.activation for stage in stages]),
        "path": path_through(stages, places),
    }
    for number, (stage, before, here) in enumerate(zip(stages, places, places[1:], strict=False), 1):
        found[f"units.{number}"] = here + 1
        for name in ("b", "z", "a", "dz", "da", "slope"):
            found[f"{name}.{number}"] = getattr(stage, name)[here]
        for name in ("w", "dw"):
            found[f"{name}.{number}"] = getattr(stage, name)[np.ix_(before, here)]
    return found


def path_through(stages: list[Stage], places: list[np.ndarray]) -> np.ndarray:
    """The place of a unit in each layer: from the weight with the largest gradient, along the largest products, to the loss."""
    dw = np.abs(stages[0].dw[np.ix_(places[0], places[1])])
    path = [*map(int, np.unravel_index(np.argmax(dw), dw.shape))]
    for stage, before, here in zip(stages[1:], places[1:], places[2:], strict=False):
        products = stage.w[before[path[-1]], here] * stage.dz[here]
        path.append(int(np.argmax(np.abs(products))))
    return np.array(path)


def what_is_drawn(found: Arrays) -> list[str]:
    """The small text: which sample, what the numbers are, and which units are left out."""
    sizes, layers = found["sizes"].tolist(), len(found["activations"])
    shown = [len(found[f"units.{number}"]) for number in range(layers + 1)]
    target = f", class {shortened(printable(found['target']), 20)}" if str(found["target"]) else ""
    text = (
        f"sample {int(found['sample'][0]):,} of the training split{target}; in the circles values, on the lines weights; "
        "∂ is the slope of the loss with respect to each"
    )
    if before := int(found["before"]):
        text += f"; the {counted(before, 'layer')} before are not drawn"
    if shown == sizes:
        return [text]
    parts = [f"{some} of {size:,}" for some, size in zip(shown, sizes, strict=True)]
    return [text, f"drawn: {', '.join(parts)} units, those with the largest value × slope"]
