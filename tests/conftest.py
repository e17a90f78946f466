"""What several tests use: small configs in folders of their own, and the command line in this process.

Pictures take a second each, so that runs here leave them out, except where a test asks for `pictures`.
"""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import Phase, settings

from nntrain.cli.main import main
from nntrain.report.group_pictures import GroupPictures
from nntrain.report.observers import PictureObserver
from nntrain.run.folder import RunFolder
from tests.support import scale
from tests.support.people import PEOPLE, write_people

pytest_plugins = ["tests.support.wording"]

# The same examples each time, and no minutes spent on explaining a failure; `--thorough` draws new ones.
settings.register_profile("same", derandomize=True, phases=(Phase.explicit, Phase.generate, Phase.shrink))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-wording", action="store_true", help="record the messages in tests/wording.txt anew"
    )
    parser.addoption(
        "--thorough",
        action="store_true",
        help="many more random examples of the property tests, and more kills",
    )


def pytest_configure(config: pytest.Config) -> None:
    scale.thorough = config.getoption("--thorough")
    if not scale.thorough:
        settings.load_profile("same")


# A shell that starts the tests in the background has them ignore Ctrl-C, and nohup SIGHUP; some tests send both.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

os.environ["NNTRAIN_OFFLINE"] = "1"  # no test fetches anything from anywhere
os.environ.setdefault(
    "GOMP_SPINCOUNT", "0"
)  # several workers share the cores: a thread that waits had better sleep

MOONS = """
data: {source: {synthetic: {kind: two_moons, samples: 120, noise: 0.1}}, validation: 0.2}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dropout: 0.2}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 4, batch_size: 20}
"""


TABLE = """
data: {source: {csv: table.csv}, test: 0.25, standardize: true}
model: {layers: [{dense: 2}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 8}
"""


class Shell:
    """A folder with configs, and `nntrain` called in it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, text: str, name: str = "config.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, *arguments: object, code: int = 0, given: bytes | None = None) -> Result:
        """Calls `nntrain ARGUMENTS`, with `given` on stdin, and holds it to its exit code."""
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(main, words, given, prog_name="nntrain", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    def fit(self, config: str = MOONS, *arguments: object, name: str = "run", code: int = 0) -> Path:
        """Trains and gives the run's folder."""
        path = self.write(config)
        self.run(
            "fit", path, "--runs-dir", self.folder / "runs", "--name", name, "--quiet", *arguments, code=code
        )
        return self.folder / "runs" / name

    def scores(self, *arguments: object) -> dict:
        return json.loads(self.run("eval", *arguments, "--json").stdout)


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: int, number: int = signal.SIGINT) -> None:
    """Sends Ctrl-C, or another signal, to this process while `step` is under way."""
    original = RunFolder.add_step

    def noting(self, done, *rest):
        if done == step:
            signal.raise_signal(number)
        original(self, done, *rest)

    monkeypatch.setattr(RunFolder, "add_step", noting)


@pytest.fixture
def shell(request, tmp_path, monkeypatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    if "pictures" not in request.fixturenames:
        for moment in ("ready", "ended", "_refresh"):
            monkeypatch.setattr(PictureObserver, moment, lambda *_: None)
        monkeypatch.setattr(GroupPictures, "add", lambda *_: None)
        monkeypatch.setattr(GroupPictures, "finish", lambda *_: [])
    return Shell(tmp_path)


@pytest.fixture
def pictures() -> None:
    """Asks for the pictures that a run draws."""


def write_table(folder: Path, rows: int = 40, columns: int = 3) -> None:
    values = np.random.default_rng(0).normal(size=(rows, columns))
    (folder / "table.csv").write_text(
        "".join(f"{','.join(map(str, row))},{'yes' if row[0] > 0 else 'no'}\n" for row in values)
    )


def contents(run: Path) -> dict[str, bytes]:
    """What two runs must have in common to be the same."""
    names = ("checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.csv", "steps.csv")
    return {name: (run / name).read_bytes() for name in names}


@pytest.fixture
def table(shell) -> Shell:
    """A shell in a folder with the table that TABLE reads."""
    write_table(shell.folder)
    return shell


@pytest.fixture
def trained(shell) -> Shell:
    """A shell in a folder with the tables that PEOPLE reads, and `runs/run`, trained on them."""
    write_people(shell.folder)
    shell.fit(PEOPLE)
    return shell
