"""Sessions: who gets which folder, and how a run that ends in any way says so."""

import datetime
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.metrics.classification import Accuracy
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import encode, read
from nntrain.run.folder import RunFolder
from nntrain.training.loop import Trainer
from tests.conftest import MOONS, Shell, interrupt_at
from tests.support import ROOT

SHORT = MOONS.replace("epochs: 4", "epochs: 1")


def started(shell: Shell, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "nntrain", "fit", "config.yaml", "--quiet", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=shell.folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def info_of(run: Path) -> dict:
    def refuse(text: str) -> None:
        raise ValueError(f"{text} is not JSON")

    return json.loads((run / "run.json").read_text(), parse_constant=refuse)


def test_five_processes_at_once_get_five_folders(shell):
    shell.write(SHORT)
    processes = [started(shell) for _ in range(5)]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * 5, outputs
    runs = sorted(path.name for path in (shell.folder / "runs").iterdir())
    assert runs == ["config", "config-2", "config-3", "config-4", "config-5"]
    assert {info_of(shell.folder / "runs" / run)["status"] for run in runs} == {"finished"}


def test_of_processes_that_ask_for_one_name_one_gets_it(shell):
    shell.write(SHORT)
    processes = [started(shell, "--name", "mine") for _ in range(3)]
    outputs = [process.communicate() for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2, 2], outputs
    assert [path.name for path in (shell.folder / "runs").iterdir()] == ["mine"]


LOCKING = """
import sys
from pathlib import Path
from nntrain.run.lock import RunLock
with RunLock(Path("runs/run")):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locked(shell):
    """A run of one epoch, and the process that holds its lock."""
    shell.fit(SHORT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", LOCKING]
    with subprocess.Popen(command, cwd=shell.folder, env=environment, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout.readline() == b"locked\n"
        yield holder
        holder.kill()


@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_a_run_that_another_process_trains_is_refused(shell, locked, option, wording):
    run = shell.folder / "runs/run"
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    since = json.loads((run / ".lock").read_text())["started"]
    shown = datetime.datetime.fromisoformat(since).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    refused = shell.run("fit", "config.yaml", "--name", "run", option, code=2)
    wording(refused.stderr, SINCE=shown, PROCESS=locked.pid)
    assert f"process {locked.pid} " in refused.stderr
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_lock_ends_with_its_process(shell, locked):
    locked.kill()
    locked.wait()
    run = shell.fit(SHORT.replace("epochs: 1", "epochs: 2"), "--resume")
    assert info_of(run)["status"] == "finished"


def test_a_file_system_without_locks_is_warned_of(shell, monkeypatch, wording):
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("nntrain.locking._lock", unsupported)
    result = shell.run("fit", shell.write(SHORT), "--quiet")
    wording(result.stderr)
    assert "No locks available" in result.stderr


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), ZeroDivisionError("oops")]
)
def test_a_run_that_fails_for_any_reason_says_so(shell, monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(RunFolder, "save", fail)
    if isinstance(error, OSError):
        shell.fit(SHORT, code=1)
    else:
        with pytest.raises(ZeroDivisionError):
            shell.fit(SHORT)
    info = info_of(shell.folder / "runs/run")
    assert info["status"] == "failed"
    assert str(error.args[-1]) in info["error"]


def test_a_run_that_fails_while_it_is_opened_says_so(shell, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nntrain.run.session.write_npz", full)
    shell.fit(SHORT, code=1)
    assert info_of(shell.folder / "runs/run")["status"] == "failed"


def test_a_disk_that_is_full_for_run_json_too_does_not_hide_the_error(shell, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail(self: Trainer) -> None:
        monkeypatch.setattr("nntrain.run.folder.write_json", full)
        full()

    monkeypatch.setattr(Trainer, "warm_up", fail)
    assert "No space left on device" in shell.run("fit", shell.write(SHORT), "--quiet", code=1).stderr


def test_scores_that_are_not_a_number_are_null_in_json(shell, monkeypatch):
    monkeypatch.setattr(Accuracy, "value", lambda *_: float("nan"))
    run = shell.fit(SHORT)
    assert info_of(run)["scores"]["test"]["accuracy"] is None
    assert shell.scores(run)["accuracy"] is None
    assert "nan" in (run / "metrics.csv").read_text()


def test_a_monitored_value_that_is_not_a_number_survives_resume(shell, monkeypatch):
    monitored = MOONS.replace("epochs: 4", "epochs: 2, monitor: validation_accuracy")
    monkeypatch.setattr(Accuracy, "value", lambda *_: float("nan"))
    shell.fit(monitored)
    run = shell.fit(monitored.replace("epochs: 2", "epochs: 3"), "--resume")
    assert len((run / "metrics.csv").read_text().splitlines()) == 4


def test_auc_of_many_samples_and_classes_keeps_the_header_small(shell, monkeypatch):
    many = """
data: {random: {input: [3], classes: 60, samples: 3000}}
model: {layers: [{dense: 60}]}
loss: cross_entropy
metrics: [auc]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 500}
"""
    interrupt_at(monkeypatch, 5)  # within the epoch, with the scores of 2,500 samples
    run = shell.fit(many, code=130)
    data = (run / "checkpoints/last.safetensors").read_bytes()
    assert len(data) > 2500 * 60 * 4
    assert int.from_bytes(data[:8], "little") < 20_000  # bytes of the header


def test_a_checkpoint_of_the_format_before_is_good_for_eval_but_not_to_resume(shell, wording):
    run = shell.fit(SHORT)
    expected = shell.scores(run)
    for file in (run / "checkpoints").iterdir():
        snapshot = read(file)
        file.write_bytes(encode(Snapshot(snapshot.tensors, {**snapshot.facts, "format": 1})))
    assert shell.scores(run) == expected
    wording(shell.run("fit", "config.yaml", "--name", "run", "--resume", code=2).stderr)
