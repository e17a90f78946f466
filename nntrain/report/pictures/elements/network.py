"""Network: the layers of a config's model as a diagram, with shapes, parameters, skips and blocks."""

import dataclasses
import json
from typing import Any

import numpy as np

from nntrain.report.formats import count, counted
from nntrain.report.pictures.computing.layer_names import by
from nntrain.report.pictures.computing.parts import Part, from_dict, parts_of
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.diagram import Diagram
from nntrain.report.pictures.drawing.flow import Flow, chain_extent, in_columns
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

PROPORTION = 1.1  # width / height of all columns
COLUMN_GAP, SKIP_GAP = 0.45, 0.5  # between columns, and more of it where there are skips by name
NARROWEST = 6.0
LEFT, BELOW = 0.5, 0.25
MOST = 60  # parts; of more, the first and the last are drawn


class Network(Picture, name="network"):
    title = "The layers as a diagram, with shapes, parameter counts, skips and repeated blocks."
    takes = ("config",)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """parts: JSON of the parts from the data to the loss; layers, parameters: how many there are."""
        setup = subject.setup
        graph, train = setup.graph, setup.splits.train
        what = f"{by(train.input_shape)}{' tokens' if train.vocabulary else ''}"
        parts = [
            Part(graph.input.name, [f"input {what}"], "data", what),
            *parts_of(graph),
            Part("", [setup.config.loss.yaml_name], "loss"),
        ]
        total = sum(int(np.prod(param.shape)) for node in graph.layers for param in node.parameters.values())
        return {
            "parts": np.array(json.dumps([dataclasses.asdict(part) for part in shortened(parts)])),
            "layers": np.array(sum(part.layers() for part in parts[1:-1])),
            "parameters": np.array(total),
            "shapes": np.array([what, by(graph.output.shape)]),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        parts = [from_dict(values) for values in json.loads(str(arrays["parts"]))]
        columns = in_columns(parts, PROPORTION)
        every = [inner for part in parts for inner in part.walk()]
        skips = any(part.sources for part in every)
        gap = COLUMN_GAP + SKIP_GAP * skips
        reaches = [chain_extent(column) for column in columns]
        across = 2 * LEFT + sum(reach.width for reach in reaches) + gap * len(columns) - COLUMN_GAP
        sentence = sentence_of(int(arrays["layers"]), int(arrays["parameters"]), *arrays["shapes"].tolist())
        if skips or any([] in part.branches for part in every):
            sentence += "; orange arrows skip layers"
        width = max(across, NARROWEST)
        lines = len(canvas.wrapped(sentence, int(12.4 * (width - 1))))
        top = 0.44 + 0.21 * lines + (0.4 if len(columns) > 1 else 0.2)
        figure = canvas.new_figure(width, top + max(reach.height for reach in reaches) + BELOW)
        canvas.title(figure, drawn.name, sentence=sentence)
        diagram = Diagram(figure)
        flow = Flow(diagram, int(arrays["parameters"]))
        flow.columns(columns, (width - across) / 2 + LEFT, top, gap)
        flow.skips(every)
        return figure


def sentence_of(layers: int, parameters: int, data: str, output: str) -> str:
    held = f"{parameters:,}" if parameters < 1e7 else count(parameters)
    bars = "; a bar is a layer's share of them" if parameters else ""
    return f"{counted(layers, 'layer')} turn an input of {data} into an output of {output} with {held} parameters{bars}"


def shortened(parts: list[Part]) -> list[Part]:
    """At most MOST parts: in the middle a box says how many are left out."""
    if len(parts) <= MOST:
        return parts
    half = MOST // 2
    left_out = parts[half:-half]
    more = Part(left_out[-1].name, [f"{len(left_out):,} more layers"], "more", left_out[-1].shape)
    return [*parts[:half], more, *parts[-half:]]
