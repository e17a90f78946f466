"""Keras files: `.keras`, `.weights.h5`, and the `.h5` of whole models before Keras 3."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from nntrain.errors import UserError
from nntrain.importing.hdf5 import DEEPEST, Hdf5, read_hdf5
from nntrain.importing.keras_layers import NAMES, KerasLayer, snake_case
from nntrain.importing.module import Source, Tensor
from nntrain.importing.refusal import Refused
from nntrain.importing.safetensors_file import natural

WEIGHTS, CONFIG = "model.weights.h5", "config.json"
# Groups that hold no weights: states of random numbers, of the optimizer, of metrics.
IGNORED = {"seed_generator", "optimizer", "_dropout_layer", "_softmax", "metrics", "loss_tracker"}


def read_keras(data: bytes) -> Source:
    """Raises UserError."""
    config: Mapping[str, Any] | None = None
    if data.startswith(b"PK"):
        data, config = _unzipped(data)
    file = read_hdf5(data)
    root = "model_weights" if "model_weights" in file.attributes else ""
    if "layer_names" in file.attributes.get(root, {}):  # before Keras 3
        layers = list(_legacy(file, root))
    else:
        layers = list(_layers(file.arrays, config))
    modules = [module for layer in layers for module in layer.modules()]
    if not modules:
        raise UserError("the file holds no weights of layers")
    return Source(
        "Keras", modules, "keras", config is not None or "layer_names" in file.attributes.get(root, {})
    )


def _unzipped(data: bytes) -> tuple[bytes, Mapping[str, Any]]:
    """The weights and the config of a `.keras` file, which Keras does not compress."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.filename in (WEIGHTS, CONFIG) and info.file_size != info.compress_size:
                    raise Refused(f"its {info.filename} is compressed, which Keras never does")
            return archive.read(WEIGHTS), mapping(mapping(json.loads(archive.read(CONFIG))).get("config"))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Refused("not a .keras file, or truncated") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise Refused("not a .keras file: its config or its weights are missing or corrupt") from error


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or nothing where a damaged config has something else in its place."""
    return value if isinstance(value, Mapping) else {}


def _layers(
    arrays: Mapping[str, Any], config: Mapping[str, Any] | None, prefix: str = "", depth: int = 0
) -> Iterator[KerasLayer]:
    """The layers of a Keras 3 model: in the order of its config, or of the names of their groups without one."""
    inner = _under(arrays, "layers/")
    names = {path.split("/")[0] for path in inner}
    listed = config.get("layers") if config else None
    if isinstance(listed, list):
        found = list(_named(listed))
    else:
        found = [(name, {}) for name in sorted(names, key=natural)]
    for name, entry in found:
        if name not in names or depth > DEEPEST:
            continue
        options = mapping(entry.get("config"))
        own = f"{prefix}{options.get('name', name)}"
        below = _under(inner, f"{name}/")
        if any(path.startswith("layers/") for path in below):  # a model within a model
            yield from _layers(below, options, f"{own}/", depth + 1)
        else:
            kind = snake_case(str(entry.get("class_name"))) if entry else re.sub(r"_\d+$", "", name)
            tensors = {
                path: Tensor.of(f"{own}/{path}", below[path])
                for path in sorted(below, key=natural)
                if not IGNORED & set(path.split("/"))
            }
            yield KerasLayer(own, kind, tensors, entry)


def _under(arrays: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {name.removeprefix(path): array for name, array in arrays.items() if name.startswith(path)}


def _named(layers: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The group of each layer: its class, with a number from the second of a class on."""
    counts: dict[str, int] = {}
    for entry in map(mapping, layers):
        name = snake_case(str(entry.get("class_name")))
        number = counts[name] = counts.get(name, -1) + 1
        yield (f"{name}_{number}" if number else name), entry


def _legacy(file: Hdf5, root: str) -> Iterator[KerasLayer]:
    """The layers of a file before Keras 3, whose attributes list them in order, with the names of their arrays."""
    known = _configs(file.attributes[""].get("model_config"))
    for name in file.attributes[root]["layer_names"]:
        group = f"{root}/{name}".lstrip("/")
        paths = file.attributes.get(group, {}).get("weight_names", ())
        tensors = {
            _key(path.removesuffix(":0")): Tensor.of(
                f"{name}/{path.split('/')[-1].removesuffix(':0')}", file.arrays[f"{group}/{path}"]
            )
            for path in paths
            if f"{group}/{path}" in file.arrays
        }
        entry = known.get(name, {})
        kind = snake_case(str(entry.get("class_name"))) if entry else ""
        yield KerasLayer(name, kind, tensors, entry, NAMES)


def _configs(text: Any) -> dict[str, Mapping[str, Any]]:
    """What the model's config says of its layers, by name; nothing where a file holds weights alone."""
    try:
        listed = mapping(mapping(json.loads(text or "{}")).get("config")).get("layers")
    except (ValueError, TypeError, RecursionError):
        return {}
    entries = [mapping(entry) for entry in listed] if isinstance(listed, list) else []
    return {str(mapping(entry.get("config")).get("name")): entry for entry in entries}


def _key(path: str) -> str:
    """`bidirectional/forward_lstm/lstm_cell/kernel` -> `forward_layer/kernel`; `attention/query/bias` -> `query_dense/bias`."""
    *parents, key = path.split("/")
    for word in ("forward", "backward"):
        if any(parent.startswith(word) for parent in parents):
            return f"{word}_layer/{key}"
    for word in ("query", "key", "value", "attention_output"):
        if len(parents) > 1 and parents[-1] == word:
            return f"{word.removeprefix('attention_')}_dense/{key}"
    return key
