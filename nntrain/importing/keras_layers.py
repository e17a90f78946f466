"""Keras layers: the arrays of one layer by their numbers or names, as modules, and what its config says of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.importing.module import Module, Tensor

KINDS = {  # the class in snake case -> the layers of nntrain that it can be, and its arrays in their order
    "dense": ("dense", ["kernel", "bias"]),
    "conv1d": ("conv1d", ["kernel", "bias"]),
    "conv2d": ("conv2d dense", ["kernel", "bias"]),
    "conv2d_transpose": ("conv2d_transpose", ["kernel", "bias"]),
    "depthwise_conv2d": ("depthwise_conv2d", ["kernel", "bias"]),
    "batch_normalization": ("batch_norm", ["gamma", "beta", "moving_mean", "moving_variance"]),
    "layer_normalization": ("layer_norm", ["gamma", "beta"]),
    "group_normalization": ("group_norm", ["gamma", "beta"]),
    "rms_normalization": ("rms_norm", ["scale"]),
    "embedding": ("embedding", ["embeddings"]),
    "p_re_lu": ("prelu", ["alpha"]),
    "simple_rnn": ("simple_rnn", ["kernel", "recurrent_kernel", "bias"]),
    "lstm": ("lstm", ["kernel", "recurrent_kernel", "bias"]),
    "gru": ("gru", ["kernel", "recurrent_kernel", "bias"]),
}
NAMES = frozenset(name for _, names in KINDS.values() for name in names) | {"depthwise_kernel"}
SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
RECURRENT = ("simple_rnn", "lstm", "gru")
EPS = ("batch_normalization", "layer_normalization", "group_normalization", "rms_normalization")
ACTIVATIONS = {
    "swish": "silu",
    "linear": "",
    "leaky_re_lu": "leaky_relu",
    "re_lu": "relu",
    "p_re_lu": "prelu",
}


@dataclass
class KerasLayer:
    """One layer of a file. `arrays`: by path below the layer; `entry`: of the model's config, where the file has it."""

    name: str
    kind: str  # its class in snake case; empty where the file does not say
    arrays: dict[str, Tensor]
    entry: Mapping[str, Any] | None = None
    keys: frozenset[str] = frozenset()  # names of arrays, in files whose paths end in them and not in numbers

    @property
    def config(self) -> Mapping[str, Any]:
        found = self.entry.get("config") if self.entry else None
        return found if isinstance(found, Mapping) else {}

    def modules(self) -> Iterator[Module]:
        if self.kind == "bidirectional" or any(path.startswith("forward_layer/") for path in self.arrays):
            kind, config = self._wrapped()
            for word in ("forward", "backward"):
                yield self._recurrent(
                    f"{self.name}/{word}", kind, config, f"{word}_layer/", word == "backward"
                )
        elif any(path.startswith("query_dense/") for path in self.arrays):
            yield from self._attention()
        elif self.kind in ("separable_conv2d", "separable_conv1d"):
            yield from self._separable()
        elif self.kind == "time_distributed":
            kind, config = self._wrapped()
            yield KerasLayer(
                self.name, kind, below(self.arrays, "layer/"), {"config": config}, self.keys
            )._plain()
        elif self.kind in RECURRENT or "recurrent_kernel" in self.arrays or "cell/vars/1" in self.arrays:
            yield self._recurrent(self.name, self.kind, self.config, "", None)
        elif self.arrays:
            yield self._plain()

    def _plain(self) -> Module:
        kinds, names = KINDS.get(self.kind, ("", []))
        module = Module(self.name, self._keyed(self.arrays, self._present(names)), frozenset(kinds.split()))
        module.options = dict(self._options())
        module.activation = self._activation()
        if self.kind == "normalization":
            module.refusal = f"{self.name} holds statistics of the data, which come from the config's data"
        return module

    def _present(self, names: Sequence[str]) -> Sequence[str]:
        """The names without those that the config leaves out."""
        config = self.config
        off = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
        chosen = [name for name in names if config.get(off.get(name, ""), True) is not False]
        if self.kind == "batch_normalization" and not config:
            count = len(self.arrays)  # without a config, three arrays may lack either
            return {2: names[2:], 4: names}.get(count, [])
        return chosen

    def _keyed(self, arrays: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
        """By Keras' names of them."""
        if self.keys:
            renamed = {"depthwise_kernel": "kernel"} if self.kind == "depthwise_conv2d" else {}
            return {renamed.get(path, path): each for path, each in arrays.items()}
        found = {}
        for path, array in arrays.items():
            number = path.rpartition("/")[2]
            known = number.isdigit() and int(number) < len(names)
            key = names[int(number)] if known else path
            found[key] = Tensor(f"{self.name}/{key}", array.shape, array.dtype, array.load)
        return found

    def _recurrent(
        self, name: str, kind: str, config: Mapping[str, Any], path: str, reverse: bool | None
    ) -> Module:
        kinds, names = KINDS.get(kind, ("", KINDS["lstm"][1]))
        layer = KerasLayer(name, kind, below(self.arrays, path), {"config": config}, self.keys)
        module = Module(name, layer._keyed(layer.arrays, names), frozenset(kinds.split() or RECURRENT))
        backwards = config.get("go_backwards")
        module.reverse = (
            reverse if reverse is not None else bool(backwards) if backwards is not None else None
        )
        gate, state = config.get("recurrent_activation", "sigmoid"), config.get("activation", "tanh")
        if gate != "sigmoid" or state not in (("tanh", "relu") if kind == "simple_rnn" else ("tanh",)):
            module.refusal = f"{name} has the activations {state} and {gate}, which {kind} has not"
        elif config.get("reset_after") is False:
            module.refusal = (
                f"{name} has reset_after=False: its reset gate acts before the product, that of gru after it"
            )
        elif kind == "simple_rnn":
            module.options = {"activation": state}
        return module

    def _attention(self) -> Iterator[Module]:
        def keyed(words: Sequence[str], prefix: bool) -> dict[str, Tensor]:
            found = {}
            for word in words:
                for path, array in below(self.arrays, f"{word}_dense/").items():
                    last = path.rpartition("/")[2]
                    key = {"0": "kernel", "1": "bias"}.get(last, last)
                    name = f"{word}/{key}" if prefix else key
                    found[name] = Tensor(f"{self.name}/{word}/{key}", array.shape, array.dtype, array.load)
            return found

        kinds = frozenset({"multi_head_attention"})
        yield Module(f"{self.name}/query/key/value", keyed(("query", "key", "value"), True), kinds)
        yield Module(f"{self.name}/output", keyed(("output",), False), kinds)

    def _separable(self) -> Iterator[Module]:
        """A depthwise convolution, and one of 1×1 that has the bias."""
        tensors = self._keyed(self.arrays, SEPARABLE)
        first = {"kernel": tensors.pop("depthwise_kernel")} if "depthwise_kernel" in tensors else {}
        kernel = tensors.pop("pointwise_kernel", None)
        second = {**({"kernel": kernel} if kernel else {}), **tensors}
        options = dict(self._options())
        yield Module(f"{self.name}/depthwise", first, frozenset({"depthwise_conv2d"}), options=options)
        pointwise = Module(f"{self.name}/pointwise", second, frozenset({"conv2d", "dense"}))
        pointwise.activation = self._activation()
        yield pointwise

    def _wrapped(self) -> tuple[str, Mapping[str, Any]]:
        """The class and the config of the layer that it wraps."""
        inner = self.config.get("layer")
        if not isinstance(inner, Mapping) or not isinstance(inner.get("config"), Mapping):
            return "", {}
        return snake_case(str(inner.get("class_name"))), inner["config"]

    def _options(self) -> Iterator[tuple[str, object]]:
        """What the config says, by our names of the options."""
        config = self.config
        if self.kind in EPS and isinstance(config.get("epsilon"), float):
            yield "eps", config["epsilon"]
        if self.kind == "batch_normalization" and isinstance(config.get("momentum"), float):
            yield "momentum", 1 - config["momentum"]
        if "conv" in self.kind:
            for ours, theirs in {"stride": "strides", "dilation": "dilation_rate"}.items():
                value = tuple(config[theirs]) if isinstance(config.get(theirs), list) else ()
                if value and all(isinstance(each, int) for each in value):
                    yield ours, value if len(value) > 1 else value[0]
            if isinstance(config.get("padding"), str):
                yield "padding", config["padding"]
        if self.kind == "group_normalization" and isinstance(config.get("groups"), int):
            yield "groups", config["groups"]

    def _activation(self) -> str | None:
        """By our name; None where the config does not say, or leaves it to a layer of its own."""
        found = self.config.get("activation")
        if not isinstance(found, str) or found == "linear":
            return None
        return ACTIVATIONS.get(found, found)


def below(arrays: Mapping[str, Tensor], path: str) -> dict[str, Tensor]:
    return {name.removeprefix(path): array for name, array in arrays.items() if name.startswith(path)}


def snake_case(name: str) -> str:
    """As Keras turns the names of classes into those of groups."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
