"""Export to ONNX: the networks of the shipped configs, with initial weights, and random ones."""

from random import Random

import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.export.export import export
from tests.properties.networks import ConfigDrawer
from tests.support.programs import untrained
from tests.support.shipped import configs_as_parameters, setup_with_data


@pytest.mark.parametrize("path", configs_as_parameters())
def test_the_network_of_a_config_equals_predict(path, tmp_path):
    trained = untrained(setup_with_data(path, tmp_path))
    for logits in (False, True):
        report = export(trained, "onnx", tmp_path / f"{path.stem}.onnx", logits=logits)
        assert report.difference is not None
        assert report.difference < 1e-5
        assert report.files == (tmp_path / f"{path.stem}.onnx",)


@pytest.mark.parametrize(
    "seeds",
    [range(12), *(pytest.param(range(first, first + 40), marks=pytest.mark.slow) for first in (12, 52))],
)
def test_a_random_network_equals_predict(seeds, tmp_path):
    for seed in seeds:
        setup, _ = load_setup(ConfigDrawer(Random(seed)).config())
        trained, random = untrained(setup), np.random.default_rng(seed)
        for name, array in trained.snapshot.tensors.items():
            if name.startswith("state."):
                array[...] = random.uniform(0.5, 1.5, array.shape)
            elif name.endswith(("bias", "shift")):
                array[...] = random.normal(0, 0.3, array.shape)
        report = export(trained, "onnx", tmp_path / "net.onnx")
        assert report.difference is not None
        assert report.difference < 1e-5, seed
