"""Export to ONNX: the networks of the shipped configs, with initial weights, and what the command prints."""

import pytest

from nntrain.export.export import export
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
