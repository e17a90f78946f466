"""Exported: small runs on tables, and the Python modules that networks are exported to."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any


def table_config(source: dict[str, Any], lr: float, epochs: int) -> dict[str, Any]:
    """A config with one hidden layer that predicts a number of a table. source: options of `csv`."""
    return {
        "data": {"source": {"csv": source | {"task": "regression"}}, "test": 0.2, "standardize": True},
        "model": {"layers": [{"dense": {"units": 8, "activation": "tanh"}}, {"dense": 1}]},
        "loss": "mse",
        "optimizer": {"adam": lr},
        "train": {"epochs": epochs, "batch_size": 16},
    }


def module_of(file: Path) -> ModuleType:
    """The module in a Python file."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
