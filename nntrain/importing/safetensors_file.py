"""Safetensors: files of PyTorch's names, and nntrain's own checkpoints."""

import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize

from nntrain.errors import UserError
from nntrain.importing import state_dict
from nntrain.importing.module import Module, Source, Tensor
from nntrain.importing.pytorch import widened
from nntrain.importing.refusal import Refused
from nntrain.network.snapshot import AVERAGE, PARAMETER, STATE
from nntrain.run.pretrained import named_arrays

TYPES = {
    "F16": "f2", "F32": "f4", "F64": "f8", "BF16": "u2", "BOOL": "u1",
    "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
}  # fmt: skip
NAMES = {"F16": "float16", "F32": "float32", "F64": "float64", "BF16": "bfloat16"}


def read_safetensors(path: Path, data: bytes) -> Source:
    """Raises UserError."""
    try:
        entries = deserialize(data)
    except (SafetensorError, ValueError) as error:
        raise Refused("not a safetensors file, or truncated") from error
    names = [name for name, _ in entries]
    if AVERAGE in names or any(name.startswith((PARAMETER, STATE)) for name in names):
        return own_checkpoint(path)
    tensors = {
        name: tensor(name, entry) for name, entry in sorted(entries, key=lambda each: natural(each[0]))
    }
    return state_dict.source_of(tensors, is_ordered=False)


def tensor(name: str, entry: dict) -> Tensor:
    kind, shape = entry["dtype"], tuple(entry["shape"])
    if kind not in TYPES:
        raise Refused(f"{name} has numbers of a type that is not read: {kind}")
    array = np.frombuffer(entry["data"], np.dtype(TYPES[kind]).newbyteorder("<")).reshape(shape)
    load = (lambda: widened(array)) if kind == "BF16" else (lambda: array)
    return Tensor(name, shape, NAMES.get(kind, str(array.dtype)), load)


def own_checkpoint(path: Path) -> Source:
    """A run's parameters, or their averages, and states; they need no turning."""
    modules: dict[str, Module] = {}
    for name, array in named_arrays(path).items():
        layer, _, key = name.rpartition(".")
        modules.setdefault(layer, Module(layer, {})).tensors[key] = Tensor.of(name, array)
    if not modules:
        raise UserError("the checkpoint holds no parameters")
    return Source("nntrain", list(modules.values()), "nntrain", is_ordered=False)


def natural(name: str) -> list[tuple[int, int, str]]:
    """For sorting: `layers.2` before `layers.10`. Safetensors files keep no order of their own."""
    return [
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part
    ]
