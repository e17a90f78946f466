"""Export to Python: the networks of the shipped configs, and a fresh environment with NumPy alone."""

import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest

from nntrain.api.model import Model
from nntrain.export.export import export
from tests.support import ROOT
from tests.support.programs import untrained
from tests.support.shipped import configs_as_parameters, setup_with_data
from tests.support.style import assert_styled


@pytest.mark.parametrize("path", configs_as_parameters())
def test_the_network_of_a_config_equals_predict(path, tmp_path):
    report = export(untrained(setup_with_data(path, tmp_path)), "python", tmp_path / f"{path.stem}.py")
    assert report.difference is not None
    assert report.difference < 1e-5
    assert_styled(report.files[0])


@pytest.mark.slow
def test_numpy_alone_runs_it(tmp_path):
    """In an environment that has no other package, with warnings as errors."""
    venv.create(tmp_path / "fresh", symlinks=True)
    python = tmp_path / "fresh" / "bin" / "python"
    packages = next((tmp_path / "fresh" / "lib").glob("python*")) / "site-packages"
    for folder in Path(np.__file__).parents[1].glob("numpy*"):
        (packages / folder.name).symlink_to(folder)
    model = Model(untrained(setup_with_data(ROOT / "configs" / "digits_cnn.yaml", tmp_path)))
    model.export("python", tmp_path / "digits_cnn.py")
    x = np.random.default_rng(0).uniform(0, 16, (20, 64))
    np.savetxt(tmp_path / "rows.csv", x, delimiter=",")
    command = [python, "-I", "-W", "error", tmp_path / "digits_cnn.py", tmp_path / "rows.csv"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["class", *model.predict(x)]
    alone = subprocess.run(
        [python, "-I", "-c", "import nntrain"], capture_output=True, text=True, check=False
    )
    assert "No module named 'nntrain'" in alone.stderr
