"""State dict: from tensors by PyTorch's names, such as `layer1.0.conv1.weight`, to modules."""

import re
from collections.abc import Iterable, Mapping

from nntrain.importing.module import Module, Source, Tensor

WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
IGNORED = ("num_batches_tracked", "_extra_state")
KEYS = {
    *(
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
        "in_proj_weight",
        "in_proj_bias",
    ),
    *("bias_k", "bias_v", "q_proj_weight", "k_proj_weight", "v_proj_weight"),
    *("weight_g", "weight_v", "weight_orig", "weight_u", "original0", "original1"),
}
RECURRENT = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d+)(_reverse)?)?")
RECURRENT_KINDS = frozenset({"simple_rnn", "lstm", "gru"})
ATTENTION = (
    ("q_proj", "k_proj", "v_proj"),
    ("query", "key", "value"),
    ("q", "k", "v"),
)  # of separate products
REPARAMETRIZED = {
    "weight_g": "weight_norm",
    "original0": "a parametrization, such as weight_norm",
    "weight_orig": "spectral_norm or pruning",
}


def modules_of(tensors: Mapping[str, Tensor]) -> tuple[list[Module], tuple[str, ...]]:
    """The modules in the order of their first tensors, and the names of what is not needed."""
    ignored, found = [], dict[str, Module]()
    for name, tensor in tensors.items():
        short = without_wrappers(name)
        parent, _, key = short.rpartition(".")
        if key in IGNORED:
            ignored.append(name)
        elif match := RECURRENT.fullmatch(key):
            kind, layer, backward = match.groups()
            part = f"{parent}.l{layer}{backward or ''}" if layer is not None else parent
            module = found.setdefault(part, Module(part, {}, RECURRENT_KINDS, channels_first=True))
            module.reverse = bool(backward)
            module.tensors[kind] = tensor
        elif key in KEYS:
            if ".parametrizations." in f".{parent}":
                parent = re.sub(r"(^|\.)parametrizations\..*", "", parent)
            found.setdefault(parent, Module(parent, {}, channels_first=True)).tensors[key] = tensor
        else:  # a parameter that belongs to no layer of PyTorch, such as `pos_embedding`
            found[short] = Module(short, {"weight": tensor}, channels_first=True)
    for module in found.values():
        for key, what in REPARAMETRIZED.items():
            if key in module.tensors:
                module.refusal = (
                    f"{module.name} has {what}: remove it in PyTorch first, such as by `remove_weight_norm`"
                )
    return list(with_attention(found)), tuple(ignored)


def without_wrappers(name: str) -> str:
    """The name as it is without DataParallel, torch.compile and the like."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS) or name


def with_attention(modules: Mapping[str, Module]) -> Iterable[Module]:
    """The modules, those of attention as two: the products of queries, keys and values together, and that of the output."""
    joined: dict[str, str] = {}  # the modules that are part of another
    for name in modules:
        parent, _, last = name.rpartition(".")
        for names in ATTENTION:
            whole = [f"{parent}.{each}".lstrip(".") for each in names]
            if last == names[0] and all(each in modules for each in whole):
                joined |= dict.fromkeys(whole, name)
    for name, module in modules.items():
        if joined.get(name, name) != name:
            continue
        if name in joined:
            parent = name.rpartition(".")[0]
            whole = [other for other, first in joined.items() if first == name]
            parts = {
                f"{letter}_{key}": tensor
                for letter, other in zip("qkv", whole, strict=True)
                for key, tensor in modules[other].tensors.items()
            }
            last = "/".join(other.rpartition(".")[2] for other in whole)
            yield Module(f"{parent}.{last}".lstrip("."), parts, channels_first=True)
        elif "in_proj_weight" in module.tensors:
            keys = {"in_proj_weight": "weight", "in_proj_bias": "bias"}
            module.tensors = {keys.get(key, key): tensor for key, tensor in module.tensors.items()}
            module.kinds = frozenset({"multi_head_attention"})
            yield module
        else:
            yield module


def source_of(
    tensors: Mapping[str, Tensor], notes: tuple[str, ...] = (), *, is_ordered: bool = True
) -> Source:
    modules, ignored = modules_of(tensors)
    return Source("PyTorch", modules, "pytorch", is_ordered, notes, ignored)
