"""Model: from a program to the bytes of an ONNX file, with the package onnx."""

import importlib
import pkgutil
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nntrain import __version__
from nntrain.export.onnx import layers
from nntrain.export.onnx.graph import Graph, Info, Node, Size, Value
from nntrain.export.onnx.layers.steps import takes_any_steps, timeline
from nntrain.export.onnx.metadata import metadata
from nntrain.export.onnx.outcome import add_outputs
from nntrain.export.onnx.place import Place, write
from nntrain.export.onnx.preparation import prepared
from nntrain.export.program import INPUT, Program

# 17 (2022) is the first with LayerNormalization, and what PyTorch writes by default; runtimes of phones and browsers take it too.
IR_VERSION = 8
VERSIONS = {"": 17, "ai.onnx.ml": 3}
DOMAINS = {"OneHotEncoder": "ai.onnx.ml"}  # of the operators that are not in the first

for module in pkgutil.iter_modules(layers.__path__):
    importlib.import_module(f"{layers.__name__}.{module.name}")


def graph_of(program: Program, columns: bool = False) -> Graph:
    """The operators of the program; with `columns` an input for each column of its table. Raises UserError."""
    graph = Graph()
    graph.any_steps = takes_any_steps(program)
    x = prepared(graph, program, columns)
    values, lines = {INPUT: x}, {INPUT: Value(INPUT, x.axes)}
    for step in program.steps:
        xs = tuple(values[name] for name in step.inputs)
        before = tuple(lines[name] for name in step.inputs)
        place = Place(graph, step, step.layer, xs, step.input_shapes, step.shape, program, before[0])
        values[step.name] = y = write(place)
        # Where sequences are padded, no layer changes the number of steps.
        lines[step.name] = timeline(step.layer, before[0], y) if graph.lengths is None else before[0]
    shape = output_shape(program, graph.any_steps, lines[program.output])
    add_outputs(graph, values[program.output], program.outcome, len(program.data.classes), shape)
    return graph


def output_shape(program: Program, any_steps: bool, line: Value) -> tuple[Size, ...]:
    """Of one sample of the last step's output."""
    shape = program.by_name[program.output].shape if program.steps else program.data.input_shape
    if not any_steps or len(shape) < 2:
        return shape
    return ("steps" if line.name == INPUT else "output_steps", *shape[1:])


def model_of(program: Program, columns: bool = False) -> onnx.ModelProto:
    """The program as a model. Raises UserError."""
    graph = graph_of(program, columns)
    proto = helper.make_graph(
        [node_proto(node) for node in graph.nodes],
        program.name,
        [info_proto(info) for info in graph.inputs],
        [info_proto(info) for info in graph.outputs],
        [tensor_proto(name, array) for name, array in used(graph).items()],
    )
    model = helper.make_model(
        proto,
        producer_name="nntrain",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in opsets(graph).items()],
        ir_version=IR_VERSION,
        doc_string=documentation(program, graph),
    )
    helper.set_model_props(model, dict(metadata(program)))
    return model


def used(graph: Graph) -> Mapping[str, np.ndarray]:
    """The constants that a node reads."""
    read = {name for node in graph.nodes for name in node.inputs}
    return {name: array for name, array in graph.constants.items() if name in read}


def node_proto(node: Node) -> onnx.NodeProto:
    domain = DOMAINS.get(node.operator, "")
    return helper.make_node(
        node.operator, node.inputs, node.outputs, node.name, domain=domain, **node.attributes
    )


def opsets(graph: Graph) -> dict[str, int]:
    """The versions of the domains whose operators occur."""
    domains = {DOMAINS.get(node.operator, "") for node in graph.nodes}
    return {domain: version for domain, version in VERSIONS.items() if domain in domains}


def info_proto(info: Info) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(info.dtype)
    return helper.make_tensor_value_info(info.name, kind, info.shape, doc_string=info.text)


def tensor_proto(name: str, array: np.ndarray) -> onnx.TensorProto:
    """Parameters and statistics in float32, also those of a network that computes in float64."""
    if array.dtype == np.float64 and not name.startswith(f"{INPUT}."):
        array = array.astype(np.float32)
    return numpy_helper.from_array(np.ascontiguousarray(array), name)


def documentation(program: Program, graph: Graph) -> str:
    lines = [f"{info.name}: {info.text}" for info in (*graph.inputs, *graph.outputs)]
    return "\n".join([f"A network trained by nntrain {__version__}.", *lines])
