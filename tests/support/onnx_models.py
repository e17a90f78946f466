"""Programs exported to ONNX, and run."""

from pathlib import Path

import numpy as np
import onnx

from nntrain.export.onnx import target
from nntrain.export.onnx.model import graph_of
from nntrain.export.onnx.target import Onnx, feeds
from nntrain.export.program import Program
from nntrain.export.target import Request
from nntrain.layers.layer import Layer
from nntrain.network.network import Network
from tests.support.programs import outputs_of


def written(program: Program) -> onnx.ModelProto:
    return onnx.load_from_string(Onnx().write(Request(program, "model")).files["model.onnx"])


def run(program: Program, inputs: dict[str, np.ndarray], folder: Path) -> list[np.ndarray]:
    """All outputs of the exported program."""
    path = folder / "model.onnx"
    path.write_bytes(Onnx().write(Request(program, "model")).files["model.onnx"])
    found: list[np.ndarray] = target.session(path).run(None, inputs)
    return found


def layers_of(*configs: object) -> list[Layer]:
    return [Layer.parse(config) for config in configs]


def exported_and_own(
    program: Program, network: Network, x: np.ndarray, folder: Path, lengths: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(what the exported program gives, what the network gives)"""
    return run(program, feeds(program, x, lengths), folder)[0], outputs_of(network, x, lengths)


def unread(program: Program) -> list[str]:
    """The nodes whose output nothing reads."""
    graph = graph_of(program)
    read = {name for node in graph.nodes for name in node.inputs} | {info.name for info in graph.outputs}
    return [node.name for node in graph.nodes if not read & {*node.outputs}]
