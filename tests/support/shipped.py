"""The shipped configs with their data, or with random images in place of data that are not on this machine."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.config import load
from nntrain.training.setup import Setup
from tests.support import ROOT

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
ON_DISK = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
SLOW = {"mnist", "fashion_mnist", "cifar10", "text"}  # sources that take a second or more


def configs_as_parameters() -> list[Any]:
    """Every config; those of large data are slow tests."""
    return [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * is_large(path)) for path in CONFIGS]


def is_large(path: Path) -> bool:
    return load(path)[0].data.source.yaml_name in SLOW


def setup_with_data(path: Path, folder: Path) -> Setup:
    source = load(path)[0].data.source.yaml_name
    missing = source in ON_DISK and not Path(os.environ.get("NNTRAIN_DATA", ""), source).is_dir()
    return load_setup(path, images(folder, ON_DISK[source]) if missing else ())[0]


def images(folder: Path, shape: tuple[int, ...]) -> tuple[str, ...]:
    """In place of data that are not on this machine."""
    x = np.random.default_rng(0).integers(0, 256, (50, *shape)).astype(np.uint8)
    np.savez(folder / "images.npz", x=x, y=np.arange(50) % 10)
    return (f"data.source={{npz: {folder / 'images.npz'}}}",)
