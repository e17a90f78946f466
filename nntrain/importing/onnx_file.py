"""ONNX files: initializers by the nodes that use them, in the order of the graph. The extra `onnx` installs the package that reads them."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.importing.module import Module, Source, Tensor
from nntrain.importing.onnx_graph import OnnxGraph
from nntrain.importing.refusal import Refused

# The activations of ONNX by our names.
ACTIVATIONS = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "LeakyRelu": "leaky_relu", "Elu": "elu", "Selu": "selu",
    "Softplus": "softplus", "Softsign": "softsign", "HardSigmoid": "hard_sigmoid", "HardSwish": "hard_swish",
    "Gelu": "gelu", "Mish": "mish", "PRelu": "prelu",
}  # fmt: skip
QUANTIZED = (
    "DequantizeLinear",
    "QuantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "MatMulInteger",
    "ConvInteger",
)
NORMS = frozenset({"layer_norm", "group_norm", "rms_norm", "batch_norm"})
GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}  # ours i f g o of i o f c; r z n of z r h
RECURRENT = {"LSTM": "lstm", "GRU": "gru", "RNN": "simple_rnn"}
DEFAULTS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"]}


def read_onnx(path: Path) -> Source:
    """Raises UserError."""
    if importlib.util.find_spec("onnx") is None:
        raise UserError("the package onnx is not installed", "Install it with `pip install 'nntrain[onnx]'`.")
    import onnx

    try:
        model = onnx.load(str(path))
        graph = OnnxGraph(model.graph)
        modules = list(_Reader(graph, model.producer_name == "nntrain").modules())
    except UserError:
        raise
    except (
        Exception
    ) as error:  # onnx raises many kinds of errors for damaged models, and for missing files beside them
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise Refused(f"not an ONNX file, or corrupt: {reason}") from error
    if not modules:
        raise UserError("the file holds no weights of layers that are known")
    return Source("ONNX", modules, "pytorch", is_ordered=True)


class _Reader:
    """One pass over the nodes."""

    def __init__(self, graph: OnnxGraph, is_ours: bool):
        self.graph = graph
        # Only of our own files it is known in which order they keep the pieces of maxout.
        self.products = frozenset({"dense", "multi_head_attention", *(["maxout"] if is_ours else [])})
        self.done: set[int] = set()  # nodes that belong to the module of another

    def modules(self) -> Iterator[Module]:
        for node in self.graph.nodes:
            if node.op_type in QUANTIZED:
                raise Refused(f"it is quantized: it has the operator {node.op_type}")
            if id(node) in self.done:
                continue
            read = getattr(self, f"_{node.op_type.lower()}", None)
            for module in (read(node) if read is not None else ()) or ():
                if module.activation is None:
                    module.activation = self._activation(node)
                yield module

    def _tensor(self, name: str, array: np.ndarray) -> Tensor:
        return Tensor.of(name, array)

    def _module(self, node: Any, arrays: dict[str, int], **more: Any) -> Module | None:
        """The constant inputs by key; None where the first is none."""
        found = {}
        for key, at in arrays.items():
            name = node.input[at] if at < len(node.input) else ""
            if name in self.graph.constants:
                found[key] = self._tensor(name, self.graph.constants[name])
        if next(iter(arrays)) not in found:
            return None
        first = not self.graph.flattens_channels_last(node.input[0])
        return Module(self.graph.label(node), found, channels_first=first, **more)

    def _one(self, module: Module | None) -> Iterator[Module]:
        if module is not None:
            yield module

    def _conv(self, node: Any) -> Iterator[Module]:
        kinds = frozenset({"conv1d", "conv2d", "depthwise_conv2d", "dense"})
        module = self._module(node, {"weight": 1, "bias": 2}, kinds=kinds)
        if module is not None:
            module.options = self._window(node)
            yield module

    def _convtranspose(self, node: Any) -> Iterator[Module]:
        kinds = frozenset({"conv2d_transpose"})
        yield from self._one(self._module(node, {"weight": 1, "bias": 2}, kinds=kinds))

    def _window(self, node: Any) -> dict[str, object]:
        """Options by our names, with the padding before the image, which is ours only for a given size."""
        attributes, axes = self.graph.attributes(node), len(self.graph.constants[node.input[1]].shape) - 2
        options: dict[str, object] = {"groups": attributes.get("group", 1)}
        for ours, theirs in {"stride": "strides", "dilation": "dilations"}.items():
            value = tuple(attributes.get(theirs, [1] * axes))
            options[ours] = value if axes > 1 else value[0]
        if attributes.get("auto_pad", b"NOTSET") == b"NOTSET":
            options["before"] = tuple(attributes.get("pads", [0] * 2 * axes)[:axes])
        return options

    def _gemm(self, node: Any) -> Iterator[Module]:
        module = self._module(node, {"weight": 1, "bias": 2}, kinds=self.products)
        if module is None:
            return
        attributes = self.graph.attributes(node)
        if (
            attributes.get("transA", 0)
            or attributes.get("alpha", 1.0) != 1
            or attributes.get("beta", 1.0) != 1
        ):
            module.refusal = f"{module.name} is a Gemm with transA, alpha or beta"
        if not attributes.get("transB", 0):
            module.tensors["weight"] = self._turned(module.tensors["weight"])
        if "bias" in module.tensors:
            module.tensors["bias"] = self._flat(module.tensors["bias"])
        yield module

    def _matmul(self, node: Any) -> Iterator[Module]:
        module = self._module(node, {"weight": 1}, kinds=self.products)
        if module is None or len(module.tensors["weight"].shape) != 2:
            return
        added = self.graph.next_with_constant(node, "Add", module.tensors["weight"].shape[1])
        if added is not None:
            self.done.add(id(added[0]))
            module.tensors["bias"] = self._flat(self._tensor(added[1], self.graph.constants[added[1]]))
            module.activation = self._activation(added[0])
        module.tensors["weight"] = self._turned(module.tensors["weight"])
        yield module

    def _turned(self, tensor: Tensor) -> Tensor:
        """(units, inputs), as PyTorch keeps it."""
        array = tensor.load()
        return Tensor(tensor.name, array.shape[::-1], tensor.dtype, lambda: array.T)

    def _flat(self, tensor: Tensor) -> Tensor:
        """One axis of those of which all others have one place."""
        return Tensor.of(tensor.name, tensor.load().reshape(-1))

    def _batchnormalization(self, node: Any) -> Iterator[Module]:
        arrays = {"weight": 1, "bias": 2, "running_mean": 3, "running_var": 4}
        yield from self._one(
            self._module(node, arrays, kinds=frozenset({"batch_norm"}), options=self._eps(node))
        )

    def _layernormalization(self, node: Any) -> Iterator[Module]:
        kinds = frozenset({"layer_norm"})
        yield from self._one(
            self._module(node, {"weight": 1, "bias": 2}, kinds=kinds, options=self._eps(node))
        )

    def _groupnormalization(self, node: Any) -> Iterator[Module]:
        kinds = frozenset({"group_norm"})
        yield from self._one(
            self._module(node, {"weight": 1, "bias": 2}, kinds=kinds, options=self._eps(node))
        )

    def _instancenormalization(self, node: Any) -> Iterator[Module]:
        module = self._module(node, {"weight": 1, "bias": 2}, kinds=frozenset({"group_norm"}))
        # Exporters write a group norm as one without scale and shift, which follow as a product and a sum.
        if module is not None and not np.all(module.tensors["weight"].load() == 1):
            yield module

    def _rmsnormalization(self, node: Any) -> Iterator[Module]:
        kinds = frozenset({"rms_norm"})
        yield from self._one(self._module(node, {"weight": 1}, kinds=kinds, options=self._eps(node)))

    def _eps(self, node: Any) -> dict[str, object]:
        return {"eps": float(self.graph.attributes(node).get("epsilon", 1e-5))}

    def _prelu(self, node: Any) -> Iterator[Module]:
        module = self._module(node, {"weight": 1}, kinds=frozenset({"prelu"}), activation="")
        if module is not None:
            module.tensors["weight"] = self._flat(module.tensors["weight"])
            yield module

    def _gather(self, node: Any) -> Iterator[Module]:
        is_table = (
            self.graph.attributes(node).get("axis", 0) == 0 and node.input[1] not in self.graph.constants
        )
        module = self._module(node, {"weight": 0}, kinds=frozenset({"embedding"})) if is_table else None
        if module is not None and len(module.tensors["weight"].shape) == 2:
            yield module

    def _mul(self, node: Any) -> Iterator[Module]:
        """The scale of a norm that is written as several nodes; a sum that follows is its shift."""
        constant = self.graph.constant_of(node)
        if (
            constant is None
            or max(self.graph.constants[constant].shape) < self.graph.constants[constant].size
        ):
            return  # such as rotary positions, of several steps and features
        weight = self._flat(self._tensor(constant, self.graph.constants[constant]))
        module = Module(self.graph.label(node), {"weight": weight}, NORMS)
        module.channels_first = not self.graph.flattens_channels_last(self.graph.variable_of(node))
        module.is_optional = self.graph.is_preparation(node)
        added = self.graph.next_with_constant(node, "Add", weight.shape[0])
        if added is not None:
            self.done.add(id(added[0]))
            module.tensors["bias"] = self._flat(self._tensor(added[1], self.graph.constants[added[1]]))
        yield module

    def _add(self, node: Any) -> Iterator[Module]:
        """Positions, which are added to each step of a sequence."""
        constant = self.graph.constant_of(node)
        if constant is None:
            return
        array = self.graph.constants[constant]
        kinds = frozenset({"learned_positions"})
        module = Module(self.graph.label(node), {"weight": self._tensor(constant, array)}, kinds)
        module.is_optional = self.graph.is_preparation(node)
        yield module

    def _lstm(self, node: Any) -> Iterator[Module]:
        return self._recurrent(node)

    def _gru(self, node: Any) -> Iterator[Module]:
        return self._recurrent(node)

    def _rnn(self, node: Any) -> Iterator[Module]:
        return self._recurrent(node)

    def _recurrent(self, node: Any) -> Iterator[Module]:
        """A module for each direction, its gates in PyTorch's order."""
        constants, attributes = self.graph.constants, self.graph.attributes(node)
        if any(name not in constants for name in node.input[1:3]):
            return
        direction = attributes.get("direction", b"forward")
        order = list(GATES[node.op_type])

        def gates(array: np.ndarray) -> np.ndarray:
            parts = np.split(array, len(order))
            return np.concatenate([parts[gate] for gate in order])

        label = self.graph.label(node)
        for at in range(2 if direction == b"bidirectional" else 1):
            arrays = {"weight_ih": (node.input[1], gates(constants[node.input[1]][at]))}
            arrays["weight_hh"] = (node.input[2], gates(constants[node.input[2]][at]))
            if len(node.input) > 3 and node.input[3] in constants:
                first, second = np.split(constants[node.input[3]][at], 2)
                arrays["bias_ih"], arrays["bias_hh"] = (
                    (node.input[3], gates(part)) for part in (first, second)
                )
            tensors = {key: self._tensor(name, array) for key, (name, array) in arrays.items()}
            reverse = at == 1 or direction == b"reverse"
            kinds = frozenset({RECURRENT[node.op_type]})
            module = Module(label + ("/reverse" if at else ""), tensors, kinds, reverse, channels_first=True)
            module.refusal = self._unlike_ours(node, module.name, attributes)
            module.activation = ""
            if node.op_type == "RNN":
                chosen = [name.decode().lower() for name in attributes.get("activations", [b"Tanh"])]
                module.options = {"activation": chosen[0]}
            yield module

    def _unlike_ours(self, node: Any, name: str, attributes: dict[str, Any]) -> str:
        """Why no layer of ours computes the same; empty where one does."""
        if node.op_type == "GRU" and not attributes.get("linear_before_reset", 0):
            return f"{name} has linear_before_reset=0: its reset gate acts before the product, that of gru after it"
        if (
            attributes.get("clip")
            or attributes.get("input_forget")
            or (len(node.input) > 7 and node.input[7])
        ):
            return f"{name} has a clip, input_forget or peepholes, which ours has not"
        usual = DEFAULTS.get(node.op_type)
        chosen = [each.decode().lower() for each in attributes.get("activations", ())]
        if usual and chosen and any(each != usual[at % len(usual)] for at, each in enumerate(chosen)):
            return f"{name} has the activations {', '.join(chosen)}, which ours has not"
        return ""

    def _activation(self, node: Any) -> str | None:
        """The activation that follows; empty where something else does that cannot hide one."""
        following = self.graph.consumers_of(node)
        if len(following) != 1:
            return None
        kind = following[0].op_type
        return ACTIVATIONS.get(kind, "" if kind in ("Conv", "Gemm", "MatMul", "Flatten") else None)
