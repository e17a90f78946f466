"""A full disk, and a folder that is gone: what happened, to which file, what is saved, and how to continue."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from nntrain.run.folder import RunFolder
from tests.conftest import MOONS, Shell, contents
from tests.support import ROOT
from tests.support.machine import files_of_at_most


def status(run) -> str:
    return json.loads((run / "run.json").read_text())["status"]


def at_step(monkeypatch, step, action) -> None:
    original = RunFolder.add_step

    def acting(self, done, *rest):
        if done == step:
            action(self)
        original(self, done, *rest)

    monkeypatch.setattr(RunFolder, "add_step", acting)


@pytest.mark.parametrize("size", [300, 3000], ids=["a table", "a checkpoint"])
def test_a_file_that_cannot_grow_stops_the_run_which_can_be_resumed(shell, monkeypatch, wording, size):
    straight = contents(shell.fit(name="straight"))
    limit = files_of_at_most(size)
    with monkeypatch.context() as patch:
        at_step(patch, 7, lambda folder: limit.__enter__())
        try:
            result = shell.run("fit", "config.yaml", "--name", "run", "--quiet", code=1)
        finally:
            limit.__exit__(None, None, None)
    wording(result.stderr)
    run = shell.folder / "runs/run"
    assert [path.name for path in run.rglob("*.tmp")] == []
    # run.json takes about a kilobyte: where it cannot be written anew, the status is changed in place.
    assert status(run) == "failed"
    shell.fit(MOONS, "--resume")
    assert contents(run) == straight


@pytest.mark.parametrize("folder", ["", "checkpoints"])
def test_a_folder_that_is_removed_stops_the_run(shell, monkeypatch, wording, folder):
    at_step(monkeypatch, 7, lambda run: shutil.rmtree(run.path / folder))
    result = shell.run("fit", shell.write(MOONS), "--name", "run", "--quiet", code=1)
    wording(result.stderr)
    run = shell.folder / "runs/run"
    assert result.stderr.startswith(f"error: runs/run{'/' if folder else ''}{folder}: ")
    assert run.exists() == bool(folder)
    if folder:
        assert status(run) == "failed"


SMALL_DISK = "mount --make-rprivate / && mount -t tmpfs -o size={size} tmpfs {folder} && "
UNSHARE = ["unshare", "-m", "sh", "-c"]
FIT = f"{sys.executable} -m nntrain fit config.yaml --name run --quiet"


def with_mounts(shell: Shell, command: str) -> subprocess.CompletedProcess:
    """Runs a shell command that mounts something, which ends with it; skips the test where that is not allowed."""
    try:
        allowed = subprocess.run([*UNSHARE, "mount --make-rprivate /"], capture_output=True, check=False)
    except OSError:
        allowed = None
    if allowed is None or allowed.returncode:
        pytest.skip("mounting a file system takes the rights of root")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f"mount --make-rprivate / && {command}"
    arguments = [*UNSHARE, command]
    return subprocess.run(
        arguments, cwd=shell.folder, env=environment, capture_output=True, text=True, check=True
    )


def test_a_full_disk_stops_the_run_and_damages_nothing(shell, wording):
    shell.write(MOONS.replace("units: 8", "units: 4000").replace("epochs: 4", "epochs: 40"))
    disk = "mkdir runs && mount -t tmpfs -o size=600k tmpfs runs"
    done = with_mounts(shell, f"{disk} && ({FIT}; echo $?; cp -r runs copy)")
    assert done.stdout == "1\n"
    wording(done.stderr)
    run = shell.folder / "copy/run"
    assert status(run) == "failed"
    assert [path.name for path in run.rglob("*.tmp")] == []
    shell.run("eval", run / "checkpoints/last.safetensors")


def test_a_run_in_a_folder_that_is_read_only_is_refused(shell, wording):
    run = shell.fit()
    read_only = f"mount --bind {run} {run} && mount -o remount,ro,bind {run}"
    done = with_mounts(shell, f"{read_only} && ({FIT} --resume --set train.epochs=5; echo $?)")
    assert done.stdout == "2\n"
    wording(done.stderr)
