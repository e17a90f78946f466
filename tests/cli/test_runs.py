"""`nntrain runs`: a line for each run of a folder."""

import json
import subprocess
import sys
import time

import pytest

from tests.conftest import MOONS
from tests.support import ROOT
from tests.support.run_folders import write_folder

ENDLESS = MOONS.replace("epochs: 4", "epochs: 1000000")


def listed(shell, *arguments):
    return json.loads(shell.run("runs", *arguments, "--json").stdout)


def wait_for(condition, process):
    """Until a running process has come so far; the limit is for a process that never does."""
    end = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_is_listed_while_it_is_trained_and_right_after_a_sigkill(shell):
    config = shell.write(ENDLESS)
    command = [sys.executable, "-m", "nntrain", "fit", str(config), "--quiet", "--name", "run"]
    process = subprocess.Popen(command, cwd=shell.folder, stderr=subprocess.PIPE, text=True)
    try:
        metrics = shell.folder / "runs" / "run" / "metrics.csv"
        wait_for(lambda: metrics.exists() and metrics.read_bytes().count(b"\n") > 3, process)
        (going,) = listed(shell)
        assert going["status"] == "running"
        assert 2 < going["epoch"] < going["epochs"] == 1_000_000
        assert going["best"] > 0
        assert going["ended"] is None
    finally:
        process.kill()
        process.communicate()
    (killed,) = listed(shell)
    assert killed["status"] == "killed"
    assert killed["epoch"] >= going["epoch"]
    assert killed["best"] <= going["best"]


def test_runs_from_start_to_end(shell, wording):
    shell.fit(name="first")
    shell.fit(MOONS, "--set", "optimizer.adam.lr=1e-5", name="second")
    failing = MOONS.replace("loss: cross_entropy", "loss: sse").replace("adam: {lr: 0.02}", "sgd: {lr: 1e30}")
    shell.fit(failing, name="third", code=1)
    first, second, third = listed(shell)
    assert [run["status"] for run in (first, second, third)] == ["finished", "finished", "failed"]
    assert (first["epoch"], first["epochs"], first["monitor"]) == (4, 4, "validation_loss")
    assert first["best"] == shell.scores("runs/first", "--split", "validation")["loss"]
    assert second["differs"]["optimizer.lr"] == 1e-5
    assert third["error"].startswith("the loss is not finite")
    text = shell.run("runs").stdout
    assert [line.split()[0] for line in text.splitlines()[3:6]] == ["first", "second", "third"]
    assert "3 runs: 2 finished, 1 failed" in text
    assert "third: the loss is not finite" in text
    wording(shell.run("runs", "--help").stdout)


@pytest.fixture
def folders(shell):
    accuracies = {"a": 0.7, "b": 0.9, "c": 0.8}
    for day, (name, accuracy) in enumerate(accuracies.items(), 1):
        scores = {"validation": {"loss": 0.5, "accuracy": accuracy}}
        write_folder(shell.folder / "runs" / name, scores=scores, started=f"2026-01-0{day}T10:00:00+00:00")
    write_folder(
        shell.folder / "runs" / "d", status="stopped early", started="2026-01-04T10:00:00+00:00", scores=None
    )
    return shell


def names(shell, *arguments):
    return [run["name"] for run in listed(shell, *arguments)]


def test_runs_are_sorted_filtered_and_limited(folders):
    assert names(folders) == ["a", "b", "c", "d"]
    assert names(folders, "--limit", "2") == ["c", "d"]
    assert names(folders, "--sort", "validation_accuracy") == ["b", "c", "a", "d"]
    assert names(folders, "--sort", "accuracy", "--limit", "1") == ["b"]
    assert names(folders, "--status", "stopped early") == ["d"]
    assert names(folders, "--status", "stopped-early", "--status", "finished") == ["a", "b", "c", "d"]
    assert names(folders, "runs") == names(folders, "runs/")
    assert "2 runs of 4: 2 finished" in folders.run("runs", "--sort", "accuracy", "--limit", "2").stdout


def test_mistakes_are_explained(folders, wording):
    for arguments in (
        ("nothing",),
        ("a",),
        ("--sort", "acuracy"),
        ("--status", "done"),
        ("runs/a/run.json",),
    ):
        wording(folders.run("runs", *arguments, code=2).stderr)


def test_a_folder_without_runs_is_no_mistake(folders, wording):
    (folders.folder / "empty").mkdir()
    for arguments in (("empty",), (".",), ("--status", "failed"), ("runs/a", "--status", "failed")):
        done = folders.run("runs", *arguments)
        assert done.stdout == ""
        wording(done.stderr)
    assert listed(folders, "empty") == []


def test_numbers_that_json_does_not_have_are_null(shell):
    write_folder(shell.folder / "runs" / "run", scores={"validation": {"loss": None}})
    (run,) = listed(shell)
    assert run["best"] is None
    assert run["scores"] == {"validation": {"loss": None}}
    assert "NaN" in shell.run("runs").stdout


def test_listing_loads_neither_numba_nor_matplotlib_nor_the_network(folders):
    code = (
        "import sys; from nntrain.cli.main import main; main(['runs'], standalone_mode=False); "
        "print([name for name in ('numba', 'matplotlib', 'optuna', 'nntrain.layers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folders.folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "4 runs" in done.stdout


def test_two_runs_are_compared(shell, wording):
    shell.fit(name="first")
    shell.fit(MOONS, "--set", "optimizer.adam.lr=0.01", name="second")
    text = shell.run("runs", "diff", "first", "runs/second").stdout
    assert "optimizer.adam.lr  0.02   0.01" in text
    assert "data: the same" in text
    assert text.splitlines()[-1].startswith("1 option differs; ")
    found = json.loads(shell.run("runs", "diff", "first", "second", "--json").stdout)
    assert found["config"] == [{"name": "optimizer.adam.lr", "a": 0.02, "b": 0.01}]
    assert (found["identical"], found["same_data"]) == (False, True)
    wording(shell.run("runs", "diff", "first", "secnd", code=2).stderr)
    wording(shell.run("runs", "diff", "--help").stdout)
    shell.run("runs", "diff", "first", code=2)


def test_folders_with_the_names_of_subcommands_can_be_listed(folders):
    for name in ("diff", "list"):
        write_folder(folders.folder / name / "run")
        assert names(folders, f"./{name}") == ["run"]
    assert "runs list" not in folders.run("runs", "--limit", "0", code=2).stderr
