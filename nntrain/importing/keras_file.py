"""Keras files: `.keras`, `.weights.h5`, and the `.h5` of whole models before Keras 3. The extra `keras` installs h5py, which reads them."""

import importlib.util
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from nntrain.errors import UserError
from nntrain.importing.keras_layers import NAMES, KerasLayer, snake_case
from nntrain.importing.module import Source, Tensor
from nntrain.importing.refusal import Refused
from nntrain.importing.safetensors_file import natural

WEIGHTS, CONFIG = "model.weights.h5", "config.json"
DEEPEST = 20  # groups within groups
# Groups that hold no weights: states of random numbers, of the optimizer, of metrics.
IGNORED = ("seed_generator", "optimizer", "_dropout_layer", "_softmax", "metrics", "loss_tracker")


def read_keras(name: str, data: bytes) -> Source:
    """Raises UserError."""
    if importlib.util.find_spec("h5py") is None:
        raise UserError(
            "the package h5py is not installed", "Install it with `pip install 'nntrain[keras]'`."
        )
    import h5py

    config: dict[str, Any] | None = None
    if data.startswith(b"PK"):
        data, config = _unzipped(data)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return _source(file, config)
    except UserError:
        raise
    except Exception as error:  # h5py has many kinds of errors for damaged files, some of them bare
        raise Refused("not a file of Keras, or corrupt") from error


def _unzipped(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """The weights and the config of a `.keras` file, which Keras does not compress."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.filename in (WEIGHTS, CONFIG) and info.file_size != info.compress_size:
                    raise Refused(f"its {info.filename} is compressed, which Keras never does")
            return archive.read(WEIGHTS), json.loads(archive.read(CONFIG))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise Refused("not a .keras file, or truncated") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise Refused("not a .keras file: its config or its weights are missing or corrupt") from error


def _source(file: Any, config: dict[str, Any] | None) -> Source:
    if "layer_names" in file.attrs or "model_weights" in file:  # before Keras 3
        layers = list(_legacy(file.get("model_weights", file), _json(file.attrs.get("model_config"))))
        ordered = True
    else:
        layers = list(_layers(file, config["config"] if config else None))
        ordered = config is not None
    modules = [module for layer in layers for module in layer.modules()]
    if not modules:
        raise UserError("the file holds no weights of layers")
    return Source("Keras", modules, "keras", ordered)


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if text is not None else None
    except (ValueError, TypeError, RecursionError):
        return None


def _layers(group: Any, config: Any, prefix: str = "", depth: int = 0) -> Iterator[KerasLayer]:
    """The layers of a Keras 3 model: in the order of its config, or of the names of their groups without one."""
    if depth > DEEPEST or "layers" not in group:
        return
    inner = group["layers"]
    if isinstance(config, Mapping) and isinstance(config.get("layers"), list):
        found: list[tuple[str, Mapping[str, Any] | None]] = list(_named(config["layers"]))
    else:
        found = [(name, None) for name in sorted(inner, key=natural)]
    for name, entry in found:
        if name not in inner:
            continue
        options = entry.get("config", {}) if isinstance(entry, Mapping) else {}
        own = str(options.get("name", name)) if options else name
        if "layers" in inner[name]:  # a model within a model
            yield from _layers(inner[name], options, f"{prefix}{own}/", depth + 1)
        else:
            kind = snake_case(str(entry.get("class_name"))) if entry else re.sub(r"_\d+$", "", name)
            yield KerasLayer(f"{prefix}{own}", kind, dict(_arrays(inner[name], f"{prefix}{own}")), entry)


def _named(layers: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The group of each layer: its class, with a number from the second of a class on."""
    counts: dict[str, int] = {}
    for entry in layers:
        if isinstance(entry, Mapping):
            name = snake_case(str(entry.get("class_name")))
            number = counts[name] = counts.get(name, -1) + 1
            yield (f"{name}_{number}" if number else name), entry


def _arrays(group: Any, place: str, path: str = "", depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """The arrays below a group by their path, such as `forward_layer/cell/vars/0`."""
    import h5py

    for name in sorted(group, key=natural):
        if name in IGNORED or depth > DEEPEST:
            continue
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Refused(f"{place} refers to another file or place")
        item, below = group[name], f"{path}{name}"
        if isinstance(item, h5py.Dataset):
            yield below, tensor(f"{place}/{below}", item)
        elif isinstance(item, h5py.Group):
            yield from _arrays(item, place, f"{below}/", depth + 1)


def tensor(name: str, item: Any) -> Tensor:
    """An array that lies in the file as a whole. Raises Refused for any other."""
    if item.external or item.is_virtual or item.shape is None:
        raise Refused(f"{name} refers to another file")
    if item.id.get_storage_size() != item.nbytes:  # Keras does not compress
        raise Refused(f"{name} declares {item.nbytes:,} bytes, and has {item.id.get_storage_size():,}")
    return Tensor.of(name, item[()])


def _legacy(group: Any, config: Any) -> Iterator[KerasLayer]:
    """The layers of a file before Keras 3, whose attributes list them in order, with the names of their arrays."""
    entries = config.get("config", {}).get("layers", []) if isinstance(config, Mapping) else []
    known = {entry["config"]["name"]: entry for entry in entries if "name" in entry.get("config", {})}
    for name in map(_text, group.attrs["layer_names"]):
        if name not in group:
            continue
        arrays: dict[str, Tensor] = {}
        for path in map(_text, group[name].attrs.get("weight_names", ())):
            arrays[path.removesuffix(":0")] = tensor(f"{name}/{path.split('/')[-1]}", group[name][path])
        entry = known.get(name)
        kind = snake_case(str(entry.get("class_name"))) if entry else ""
        keyed = {_key(path): each for path, each in arrays.items()}
        yield KerasLayer(name, kind, keyed, entry, NAMES)


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


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
