"""Unroll: a recurrent layer step by step, its gates over a real sequence, and how far back its gradient reaches."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import counted, printable, short
from nntrain.report.pictures.computing.cells import chosen, gates_of, reaches, recurrent_layers
from nntrain.report.pictures.computing.layer_names import by
from nntrain.report.pictures.computing.layers import sample_of
from nntrain.report.pictures.computing.tracing import plain_graph
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.unrolled import DIAGRAM, draw_gates, draw_reach, draw_steps, gates_height
from nntrain.report.pictures.learned.features import token_names
from nntrain.report.pictures.picture import Arrays, Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.network.node import Node

UNITS = 24  # rows of a heat map
ROWS = 32  # samples that the gradient is averaged over
WIDTH, REACH = 10.0, 3.1  # inches


class Unroll(Picture, name="unroll"):
    title = "A recurrent layer unrolled over its steps, its gates, and how far back its gradient reaches."
    takes = ("config", "run")
    costly = True
    applies_to = "networks with simple_rnn, lstm or gru"

    layer: str | None = option(None, "name of a recurrent layer; by default the first")
    sample: int = option(
        0, "number of the sample in the test split (without one: validation, training), from 0"
    )

    def applies(self, subject: Subject) -> bool:
        return bool(recurrent_layers(subject.setup.graph))

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """gate.NAME (steps, UNITS) and x (steps, features) of the sample; tokens; reach.KIND (steps,); and texts."""
        setup, data = subject.setup, subject.judged_data
        index = sample_of(data, subject.judged, self.sample, "sample")
        graph = plain_graph(setup)
        node = chosen(graph, self.layer)
        network = subject.learner(1, precision="float64", graph=graph)
        gates = gates_of(network, node.name, data, index)
        x = gates.pop("x")
        units = gates["h"].shape[1]
        shown = np.sort(np.argsort(-gates["h"].std(axis=0), kind="stable")[:UNITS])
        raw = np.asarray(data.x[index])[0]
        tokens = (
            token_names(data, raw[: len(x)])
            if data.vocabulary and len(raw) == node.input_shapes[0][0]
            else []
        )
        return {
            **{f"gate.{name}": values[:, shown] for name, values in gates.items()},
            "x": x,
            "tokens": np.array(tokens, dtype=str),
            **{f"reach.{kind}": values for kind, values in reaches(subject, node.name, ROWS).items()},
            "texts": np.array(
                [node.name, node.layer.yaml_name, parameters_of(node), f"{self.sample:,}", subject.judged]
            ),
            "sizes": np.array(
                [node.input_shapes[0][0], node.input_shapes[0][1], units, len(node.shape) == 2]
            ),
            "reverse": np.array(node.layer.reverse),  # type: ignore[attr-defined]
        }

    def figure(self, drawn: Drawn) -> Any:
        found = drawn.arrays
        middle = gates_height(found)
        page = Page(drawn.name, sentence_of(found), below=DIAGRAM + middle + REACH, width=WIDTH)
        draw_steps(page, found)
        draw_gates(page, found, DIAGRAM)
        draw_reach(page, found, DIAGRAM + middle)
        return page.figure


def parameters_of(node: "Node") -> str:
    """ "weight 2×256, recurrent_weight 64×256, bias 256: 17,152 parameters"."""
    shapes = {name: param.shape for name, param in node.parameters.items()}
    sizes = ", ".join(f"{name} {by(shape)}" for name, shape in shapes.items())
    return f"{sizes}: {counted(sum(int(np.prod(shape)) for shape in shapes.values()), 'parameter')}"


def sentence_of(found: Arrays) -> str:
    """What is left of the gradient at the first step."""
    name, kind, *_ = (str(text) for text in found["texts"])
    own = next(
        (found[f"reach.{key}"] for key in ("trained", "own") if f"reach.{key}" in found),
        found[f"reach.{kind}"],
    )
    steps = len(own) - 1
    trained = "after training" if "reach.trained" in found else "before training"
    return (
        f"{printable(name)} applies the same weights at each of {int(found['sizes'][0]):,} steps; {trained}, "
        f"the gradient {counted(steps, 'step')} back is {short(float(f'{own[-1]:.2g}'))} times that at the last step"
    )
