"""What several tests use: small configs in folders of their own, and the command line in this process.

Pictures take a second each, so that runs here leave them out, except where a test asks for `pictures`.
"""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nntrain.cli.main import main
from nntrain.report import watching
from nntrain.report.drawing import Drawing

os.environ["NNTRAIN_OFFLINE"] = "1"  # no test fetches anything from anywhere
os.environ.setdefault("GOMP_SPINCOUNT", "0")  # several workers share the cores: a thread that waits had better sleep

MOONS = """
data: {source: {synthetic: {kind: two_moons, samples: 120, noise: 0.1}}, validation: 0.2}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dropout: 0.2}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 4, batch_size: 20}
"""


class Shell:
    """A folder with configs, and `nntrain` called in it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, text: str, name: str = "config.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *arguments: object, code: int = 0) -> Result:
        """Calls `nntrain ARGUMENTS`, and holds it to its exit code."""
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(main, words, prog_name="nntrain", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    def fit(self, config: str = MOONS, *arguments: object, name: str = "run", code: int = 0) -> Path:
        """Trains and gives the run's folder."""
        path = self.write(config)
        self.run("fit", path, "--runs-dir", self.folder / "runs", "--name", name, "--quiet", *arguments, code=code)
        return self.folder / "runs" / name

    def scores(self, *arguments: object) -> dict:
        return json.loads(self.run("eval", *arguments, "--json").stdout)


@pytest.fixture
def shell(request, tmp_path, monkeypatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    if "pictures" not in request.fixturenames:
        monkeypatch.setattr(Drawing, "_begin", lambda self: None)
        monkeypatch.setattr(Drawing, "_reap", lambda self: None)
        monkeypatch.setattr(watching, "draw_learned", lambda *_: None)
    return Shell(tmp_path)


@pytest.fixture
def pictures() -> None:
    """Asks for the pictures that a run draws."""
