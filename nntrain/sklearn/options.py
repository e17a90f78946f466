"""Options: the config that an estimator's parameters describe, for the data that it is fitted to."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from nntrain.api.setup import document_of
from nntrain.config.extends import extended
from nntrain.config.schema import Config
from nntrain.config.validate import problems
from nntrain.losses import Loss
from nntrain.sklearn.errors import InvalidInput
from nntrain.sklearn.size import Size

OUTPUT = "output"  # the name of the layer that an estimator adds
PATIENCE = 10  # of `early_stopping=True`
HELD_OUT = 0.1  # for early stopping, where `validation` does not say
PLACES = {  # parameters that are options of a config
    "loss": "loss",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "epochs": "train.epochs",
    "batch_size": "train.batch_size",
    "standardize": "data.standardize",
    "initializer": "model.initializer",
}


def base_of(config: Any) -> dict[str, Any]:
    """The `config` of an estimator as a dictionary: one given, or a YAML file; without the source of its data."""
    if config is None:
        return {}
    if isinstance(config, Mapping):
        found = copy.deepcopy(dict(config))
    elif isinstance(config, (str, Path)):
        found = dict(extended(document_of(config), Config).root.tree())
    else:
        expected = "expected a YAML file, or its contents as a dictionary"
        raise InvalidInput(f"{expected}. Received: {type(config).__name__}", place="config")
    data = found.get("data")
    if data is not None:
        kept = ("standardize", "augment", "validation")
        is_section = isinstance(data, Mapping) and "source" in data
        found["data"] = {name: data[name] for name in kept if name in data} if is_section else {}
    return found


def loss_of(parameters: Mapping[str, Any], default: str) -> Loss:
    """The loss of an estimator. Raises ConfigError."""
    spelling = plain(parameters["loss"] or base_of(parameters["config"]).get("loss", default))
    try:
        return TypeAdapter(Loss).validate_python(spelling)
    except ValidationError as error:
        raise problems(error, Loss).below("loss") from None


def adds_output(parameters: Mapping[str, Any]) -> bool:
    """Whether the layers are hidden ones, after which the estimator adds the output: unless `config` has the whole network."""
    return parameters["layers"] is not None or "layers" not in base_of(parameters["config"]).get("model", {})


def config_of(
    parameters: Mapping[str, Any], defaults: Mapping[str, Any], size: Size, outputs: int, seed: int
) -> dict[str, Any]:
    """The config. Parameters that are set override those of `config`, which override the defaults of estimators."""
    config = base_of(parameters["config"])
    stops = parameters["early_stopping"]
    proposed = {
        **defaults,
        "optimizer": size.optimizer,
        "schedule": "constant" if stops else {"cosine": {"unit": "step"}},
        "train.epochs": size.epochs,
        "train.batch_size": size.batch_size,
        "data.standardize": size.standardize,
    }
    for place, value in proposed.items():
        put(config, place, value, over=False)
    for name, place in PLACES.items():
        if parameters[name] is not None:
            put(config, place, parameters[name])
    if parameters["lr"] is not None:
        put(config, "optimizer", with_rate(config["optimizer"], parameters["lr"]))
    if stops:
        patience = PATIENCE if stops is True else stops
        put(config, "train.early_stopping", {"patience": patience})
    if adds_output(parameters):
        put(
            config, "model.layers", [*hidden(parameters, size), {"dense": {"units": outputs, "name": OUTPUT}}]
        )
    put(config, "seed", seed)
    return plain(config)


def validation_of(parameters: Mapping[str, Any]) -> Any:
    """The fraction or the arrays to validate on, if any."""
    if parameters["validation"] is None and parameters["early_stopping"]:
        return base_of(parameters["config"]).get("data", {}).get("validation", HELD_OUT)
    return parameters["validation"]


def hidden(parameters: Mapping[str, Any], size: Size) -> list[Any]:
    """The hidden layers: numbers are widths of dense layers with the activation, after what suits the samples."""
    layers = size.widths if parameters["layers"] is None else parameters["layers"]
    if isinstance(layers, (str, bytes, Mapping)) or not hasattr(layers, "__iter__"):
        expected = "expected a list of widths or layers, such as (64, 32)"
        raise InvalidInput(f"{expected}. Received: {layers!r}", place="layers")
    layers, activation = list(layers), parameters["activation"] or "relu"
    found = [
        {"dense": {"units": plain(layer), "activation": plain(activation)}}
        if is_width(layer)
        else plain(layer)
        for layer in layers
    ]
    return [*size.inputs, *found] if all(map(is_width, layers)) else found


def is_width(layer: Any) -> bool:
    return isinstance(layer, (int, np.integer)) and not isinstance(layer, bool)


def with_rate(optimizer: Any, lr: float) -> dict[str, Any]:
    """The optimizer with another learning rate."""
    if isinstance(optimizer, str):
        return {optimizer: {"lr": lr}}
    ((name, options),) = optimizer.items()
    return {name: {**(options if isinstance(options, Mapping) else {}), "lr": lr}}


def put(config: dict[str, Any], place: str, value: Any, over: bool = True) -> None:
    """Sets the option at a dotted place; unless `over`, only where there is none."""
    *sections, name = place.split(".")
    for section in sections:
        config = config.setdefault(section, {})
    if over or name not in config:
        config[name] = value


def plain(value: Any) -> Any:
    """NumPy's numbers and tuples, as a grid search brings them, as values of YAML."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return value
