"""Training outlives its standard streams: those that were closed before it starts, and those whose reader goes."""

import errno
import io
import json
import os
import subprocess
import sys

import pytest

from nntrain.report.terminal.streams import lasting
from tests.conftest import MOONS
from tests.support import ROOT

FIT = f"{sys.executable} -m nntrain fit config.yaml --name run"


@pytest.mark.skipif(sys.platform == "win32", reason="no sh")
@pytest.mark.parametrize(
    "command",
    [
        f"({FIT}; echo $? > code) 2>&1 | true",
        f"{FIT} <&- >&- 2>&-; echo $? > code",
    ],
    ids=["a reader that goes", "streams that are closed"],
)
def test_training_goes_on_without_its_streams(shell, command):
    shell.write(MOONS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-c", command], cwd=shell.folder, env=environment, check=True)
    run = shell.folder / "runs/run"
    assert (shell.folder / "code").read_text() == "0\n"
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert (run / "train.log").read_text().splitlines()[0].startswith("run: 4 epochs")


class HungUp(io.StringIO):
    """A terminal that has closed."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_terminal_that_has_closed_is_written_to_without_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", closed := HungUp())
    with lasting():
        print("hello", flush=True)
        assert sys.stdout is not closed
    assert sys.stdout is closed
