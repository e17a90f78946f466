"""Export to ONNX: the networks of the shipped configs, with initial weights, and what the command prints."""

import os
from pathlib import Path

import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.config import load
from nntrain.export.export import export
from tests.support import ROOT
from tests.support.programs import untrained

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
ON_DISK = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
SLOW = {"mnist", "fashion_mnist", "cifar10", "text"}  # sources that take a second or more


def images(folder: Path, shape: tuple[int, ...]) -> tuple[str, ...]:
    """In place of data that are not on this machine."""
    x = np.random.default_rng(0).integers(0, 256, (50, *shape)).astype(np.uint8)
    np.savez(folder / "images.npz", x=x, y=np.arange(50) % 10)
    return (f"data.source={{npz: {folder / 'images.npz'}}}",)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=path.stem, marks=[pytest.mark.slow] * (load(path)[0].data.source.yaml_name in SLOW)
        )
        for path in CONFIGS
    ],
)
def test_the_network_of_a_config_equals_predict(path, tmp_path):
    source = load(path)[0].data.source.yaml_name
    missing = source in ON_DISK and not Path(os.environ.get("NNTRAIN_DATA", ""), source).is_dir()
    setup, _ = load_setup(path, images(tmp_path, ON_DISK[source]) if missing else ())
    for logits in (False, True):
        report = export(untrained(setup), "onnx", tmp_path / f"{path.stem}.onnx", logits=logits)
        assert report.difference is not None
        assert report.difference < 1e-5
        assert report.files == (tmp_path / f"{path.stem}.onnx",)
