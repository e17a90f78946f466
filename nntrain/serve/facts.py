"""Facts: what a server tells about its model, without any path of the machine."""

import re
from pathlib import PureWindowsPath
from typing import Any

import nntrain
from nntrain.config.relocation import with_paths
from nntrain.network.size import network_size
from nntrain.serve.limits import Limits
from nntrain.serve.served import Column, Served

ABSOLUTE = re.compile(r"(/|~|\$\w|\$\{|[A-Za-z]:[\\/]|\\\\|file:)")


def metadata(served: Served, limits: Limits) -> dict[str, Any]:
    """For JSON; what does not apply is null."""
    data, picture = served.data, served.picture
    size = network_size(served.trained.graph(), 1, served.trained.config.train.precision, backward=False)
    known_tokens = data.unit == "character"
    return {
        "name": served.name,
        "nntrain": nntrain.__version__,
        "takes": served.kind,
        "input_shape": list(data.input_shape),
        "missing_values": data.fill is not None,
        "columns": [column_facts(column) for column in served.columns] or None,
        "image": None
        if picture is None
        else {
            "height": picture.height,
            "width": picture.width,
            "channels": picture.channels,
            "white": picture.white,
            "files": served.form is not None,
        },
        "text": {"unit": data.unit, "characters": list(data.classes) if known_tokens else None}
        if data.unit
        else None,
        "tokens": data.vocabulary or None,
        "classes": list(served.classes) or None,
        "targets": [*served.targets, *served.head_names] or None,
        "probabilities": served.probabilistic,
        "prediction_per_step": data.per_step and not data.unit,
        "parameters": size.parameters,
        "limits": {
            "body_bytes": limits.body,
            "rows": limits.rows,
            "seconds": limits.seconds,
            "waiting": limits.waiting,
        },
        "config": config_facts(served),
    }


def column_facts(column: Column) -> dict[str, Any]:
    if column.text is not None:
        return {"name": column.name, "type": "category", "categories": list(column.text.categories)}
    if column.moment:
        return {"name": column.name, "type": column.moment}
    if column.words is not None:
        return {"name": column.name, "type": "text"}
    known = {} if column.mean is None else {"mean": column.mean, "std": column.std}
    return {"name": column.name, "type": "number", **known}


def config_facts(served: Served) -> dict[str, Any]:
    """The config with the names of files in place of their paths."""
    options = with_paths(served.trained.config, file_name).model_dump(mode="json")
    found = without_paths(options)
    assert isinstance(found, dict)
    return found


def without_paths(value: Any) -> Any:
    """Whatever begins as an absolute path does, also in options that are not known to be paths, by the last name in it."""
    if isinstance(value, dict):
        return {key: without_paths(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_paths(entry) for entry in value]
    return file_name(value) if isinstance(value, str) and ABSOLUTE.match(value) else value


def file_name(path: str) -> str:
    """The last name in a path of any system."""
    return PureWindowsPath(path).name or "..."
