"""`nntrain crossval`: its table and files, going on where it stopped, and the same numbers for any number of jobs."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain import randomness
from nntrain.data.folds import allocation
from nntrain.run.folder import RunFolder
from nntrain.run.session import Session
from tests.conftest import contents, interrupt_at
from tests.support import ROOT
from tests.support.data import refused

IRIS = """
data: {source: iris, standardize: true}
model: {layers: [{dense: {units: 4, activation: tanh}}, {dropout: 0.2}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy, confusion_matrix]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 4, batch_size: 16}
"""
LONG = IRIS.replace("epochs: 4", "epochs: 300")


def scores_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "scores.csv").open() as file:
        return list(csv.DictReader(file))


def rows_of(run: Path) -> dict[str, np.ndarray]:
    """The rows of the source in each split."""
    with np.load(run / "split.npz") as rows:
        return dict(rows)


def same_runs(first: Path, second: Path, count: int) -> bool:
    names = [f"fold-{number}" for number in range(1, count + 1)]
    return all(contents(first / name) == contents(second / name) for name in names)


def test_it_trains_each_fold_and_prints_the_scores_on_what_it_held_out(shell):
    shell.write(IRIS, "iris.yaml")
    done = shell.run("crossval", "iris.yaml", "--folds", "3")
    folder = Path("runs/iris-crossval")
    assert (folder / "config.yaml").read_text() == IRIS
    rows = scores_of(folder)
    assert [row["name"] for row in rows] == ["fold-1", "fold-2", "fold-3"]
    for row in rows:
        run = nntrain.open_run(folder / row["name"])
        assert run.status == row["status"] == "finished"
        assert float(row["test_accuracy"]) == run.scores["test"]["accuracy"]
        assert f"{row['name']}: loss " in done.stderr
    values = np.array([float(row["test_accuracy"]) for row in rows])
    assert f"accuracy {values.mean():.4f} ± {values.std(ddof=1):.4f}" in done.stdout
    assert "next     nntrain fit iris.yaml" in done.stdout


def test_again_it_prints_the_table_and_trains_nothing(shell, monkeypatch):
    shell.write(IRIS, "iris.yaml")
    first = shell.run("crossval", "iris.yaml", "--folds", "2")
    monkeypatch.setattr(Session, "train", lambda *_: pytest.fail("trained again"))
    again = shell.run("crossval", "iris.yaml", "--folds", "2")
    assert again.stdout == first.stdout
    assert again.stderr == "2 of 2 runs are finished\n"


def test_json_is_one_object(shell):
    shell.write(IRIS, "iris.yaml")
    done = shell.run("crossval", "iris.yaml", "--folds", "2", "--seeds", "2", "--json", "--name", "own")
    found = json.loads(done.stdout)
    assert found["path"] == "runs/own"
    assert (found["folds"], found["seeds"], found["group"], found["status"]) == (2, 2, None, "finished")
    assert [(member["seed"], member["fold"]) for member in found["members"]] == [
        (0, 1),
        (0, 2),
        (1, 1),
        (1, 2),
    ]
    losses = [member["scores"]["test"]["loss"] for member in found["members"]]
    assert found["mean"]["loss"] == pytest.approx(np.mean(losses))
    assert found["standard_deviation"]["loss"] == pytest.approx(np.std(losses, ddof=1))
    assert len(set(losses)) == 4
    assert (Path("runs/own") / "seed-1-fold-2" / "run.json").is_file()


def test_a_seed_of_a_repetition_changes_the_folds(shell):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "2", "--seeds", "2", "--set", "seed=5", "--name", "c")
    held = [rows_of(Path(f"runs/c/seed-{seed}-fold-1"))["test"] for seed in (5, 6)]
    assert not np.array_equal(*held)


def test_two_jobs_give_the_bytes_of_one(shell):
    shell.write(IRIS, "iris.yaml")
    for jobs in ("1", "2"):
        shell.run("crossval", "iris.yaml", "--folds", "3", "--jobs", jobs, "--name", jobs)
    assert same_runs(Path("runs/1"), Path("runs/2"), 3)


@pytest.mark.slow
def test_plugins_are_loaded_in_every_process(shell):
    plugin = "from nntrain.schedules import Constant\n\nclass Mine(Constant, name='mine_of_folds'):\n    'A schedule.'\n"
    (shell.folder / "mine.py").write_text(plugin)
    shell.write(IRIS + "schedule: mine_of_folds\n", "iris.yaml")
    command = [sys.executable, "-m", "nntrain", "crossval", "iris.yaml", "--folds", "2", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, "--plugin", "mine.py"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert RunFolder(Path("runs/iris-crossval/fold-2")).read_info()["plugins"][0]["path"].endswith("mine.py")


def test_a_config_on_stdin_is_kept_in_the_folder(shell):
    given = IRIS.encode()
    done = shell.run("crossval", "-", "--folds", "2", given=given)
    assert Path("runs/stdin-crossval/config.yaml").read_bytes() == given
    assert "next     nntrain fit runs/stdin-crossval/config.yaml" in done.stdout


def test_the_config_in_its_folder_has_its_data_and_overrides(shell):
    """Its relative paths count from the folder of the config that was cross-validated."""
    rows = "".join(f"{row % 7},{row % 3 * 2},{'ab'[row % 2]}\n" for row in range(40))
    (shell.folder / "t.csv").write_text("u,v,y\n" + rows)
    table = IRIS.replace("source: iris", "source: {csv: t.csv}").replace("{dense: 3}", "{dense: 2}")
    shell.run("crossval", "-", "--folds", "2", "--set", "train.epochs=3", given=table.encode())
    shell.run("fit", "runs/stdin-crossval/config.yaml", "--name", "all")
    assert nntrain.open_run("runs/all").history["epoch"].tolist() == [1, 2, 3]


def test_a_folder_in_place_of_a_run_is_an_error_that_names_a_run(shell, wording):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "2", "--set", "train.epochs=1", "--name", "c")
    for verb in ("eval", "report"):
        wording(shell.run(verb, "runs/c", code=2).stderr)


def test_a_sweep_file_is_an_error(shell, wording):
    shell.write("config: iris.yaml\nparameters: {optimizer.sgd.lr: [0.1, 0.2]}\n", "sweep.yaml")
    for verb in ("crossval", "fit"):
        wording(shell.run(verb, "sweep.yaml", code=2).stderr)


def test_a_fold_is_an_ordinary_run(shell):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "3", "--name", "c")
    run = Path("runs/c/fold-2")
    expected = {"split": "test", "samples": 50, "classes": ["setosa", "versicolor", "virginica"]}
    assert shell.scores(run) == expected | nntrain.open_run(run).scores["test"]
    alone = shell.fit(IRIS, "--set", "data.fold={number: 2, of: 3}", name="alone")
    assert contents(alone) == contents(run)
    assert "fold 2 of 3: 50 of 150 samples" in shell.run("summary", run).stdout
    shell.run("predict", run, "iris")
    shell.run("check", run)
    assert "is finished" in shell.run("fit", run, "--resume").stdout
    assert (
        "data.fold.number: 2 -> 1"
        in shell.run("fit", run, "--set", "data.fold.number=1", "--resume", code=2).stderr
    )


def test_interrupted_within_a_fold_it_goes_on_to_the_same_end(shell, monkeypatch):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "3", "--name", "straight")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 20)
        stopped = shell.run("crossval", "iris.yaml", "--folds", "3", "--name", "stopped", code=130)
    assert stopped.stderr.splitlines()[-2:] == [
        "0 of 3 runs finished",
        "interrupted; the same command goes on where it stopped",
    ]
    assert RunFolder(Path("runs/stopped/fold-1")).read_info()["status"] == "interrupted"
    assert json.loads(Path("runs/stopped/crossval.json").read_text())["status"] == "interrupted"
    shell.run("crossval", "iris.yaml", "--folds", "3", "--name", "stopped")
    assert same_runs(Path("runs/straight"), Path("runs/stopped"), 3)


def test_a_run_that_fails_is_an_error_and_the_others_are_finished(shell, wording):
    labels = np.arange(40) % 2
    held_out = np.flatnonzero(allocation.by_class(labels, 2, randomness.key(0, "fold")) == 1)[0]
    rows = [f"{row * 7 % 5},{row if row == held_out else ''},{'ab'[row % 2]}\n" for row in range(40)]
    (shell.folder / "t.csv").write_text("x,z,y\n" + "".join(rows))  # z has one value, which fold 2 holds out
    config = IRIS.replace("source: iris", "source: {csv: {path: t.csv, impute: mean}}")
    shell.write(config.replace("{dense: 3}", "{dense: 2}"), "t.yaml")
    done = shell.run("crossval", "t.yaml", "--folds", "2", code=2)
    statuses = [row["status"] for row in scores_of(Path("runs/t-crossval"))]
    assert statuses == ["finished", "missing"]
    wording("\n".join(line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))))
    assert "mean of 1 of 2 runs" in done.stdout


def test_runs_that_diverge_are_one_error_and_the_table_says_that_they_failed(shell):
    shell.write(IRIS.replace("lr: 0.1", "lr: 1e38"), "iris.yaml")
    done = shell.run("crossval", "iris.yaml", "--folds", "3", code=1)
    assert "no run has scores" in done.stdout
    assert done.stderr.count("error: ") == 1
    assert "error: runs/iris-crossval/fold-1: the loss is not finite" in done.stderr
    assert "2 other runs failed: fold-2, fold-3" in done.stderr
    assert [row["status"] for row in scores_of(Path("runs/iris-crossval"))] == 3 * ["failed"]


@pytest.mark.parametrize(
    "options",
    [
        ["--folds", "1"],
        ["--folds", "51"],
        ["--seeds", "0"],
        ["--jobs", "0"],
        ["--group", "species"],
        ["--name", "a/b"],
        ["--set", "data.fold={number: 1, of: 2}"],
        ["--set", "train.epocs=3"],
        ["--set", "train.batch_size=0"],
    ],
)
def test_a_mistake_is_an_error_before_anything_is_written(shell, options, wording):
    shell.write(IRIS, "iris.yaml")
    wording(shell.run("crossval", "iris.yaml", *options, code=2).stderr)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "options",
    [["--folds", "3"], ["--seeds", "2"], ["--set", "train.epochs=5"], ["--set", "data.source=digits"]],
)
def test_another_cross_validation_in_its_folder_is_an_error_that_names_what_differs(shell, options, wording):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "2", "--set", "train.epochs=1")
    given = dict(zip(["--folds", "2", "--set", "train.epochs=1"][::2], ["2", "train.epochs=1"], strict=True))
    if options[0] != "--set":
        given[options[0]] = options[1]
        words = [word for pair in given.items() for word in pair]
    else:
        words = ["--folds", "2", "--set", "train.epochs=1", *options]
    if options[-1] == "data.source=digits":
        words += ["--set", "model.layers[2].dense.units=10"]
    wording(shell.run("crossval", "iris.yaml", *words, code=2).stderr)
    assert len(scores_of(Path("runs/iris-crossval"))) == 2


def test_other_data_under_the_same_config_are_an_error(shell, wording):
    rows = [f"{row % 7},{row % 3 * 2},{'ab'[row % 2]}\n" for row in range(40)]
    table = shell.folder / "t.csv"
    table.write_text("u,v,y\n" + "".join(rows))
    shell.write(
        IRIS.replace("source: iris", "source: {csv: t.csv}").replace("{dense: 3}", "{dense: 2}"), "t.yaml"
    )
    shell.run("crossval", "t.yaml", "--folds", "2")
    table.write_text("u,v,y\n" + "".join(reversed(rows)))
    wording(shell.run("crossval", "t.yaml", "--folds", "2", code=2).stderr)
    moved = shell.folder / "data"
    moved.mkdir()
    (moved / "t.csv").write_text("u,v,y\n" + "".join(rows))  # the same data at another place
    again = shell.run("crossval", "t.yaml", "--folds", "2", "--set", "data.source.csv.path=data/t.csv")
    assert "2 of 2 runs are finished" in again.stderr


def test_overwrite_starts_again_and_leaves_what_is_not_its_own(shell):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "3", "--name", "c")
    (shell.folder / "runs" / "c" / "mine.txt").write_text("mine")
    done = shell.run("crossval", "iris.yaml", "--folds", "2", "--name", "c", "--overwrite")
    assert "2 of 2" in done.stderr
    assert sorted(path.name for path in Path("runs/c").iterdir() if not path.name.startswith(".")) == [
        "config.yaml",
        "crossval.json",
        "fold-1",
        "fold-2",
        "mine.txt",
        "scores.csv",
    ]


def test_an_overwriting_that_is_interrupted_can_be_repeated(shell, monkeypatch):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "2")
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "clear", lambda *_: signal.raise_signal(signal.SIGINT))
        shell.run("crossval", "iris.yaml", "--folds", "3", "--overwrite", code=130)
    assert "folds: 2 -> 3" in shell.run("crossval", "iris.yaml", "--folds", "3", code=2).stderr
    shell.run("crossval", "iris.yaml", "--folds", "3", "--overwrite")
    assert len(scores_of(Path("runs/iris-crossval"))) == 3


def test_a_folder_of_something_else_is_left_alone(shell, wording):
    shell.write(IRIS, "iris.yaml")
    other = shell.folder / "runs" / "c"
    other.mkdir(parents=True)
    (other / "config.yaml").write_text("mine")
    wording(shell.run("crossval", "iris.yaml", "--name", "c", code=2).stderr)
    wording(shell.run("crossval", "iris.yaml", "--name", "c", "--overwrite", code=2).stderr)
    assert (other / "config.yaml").read_text() == "mine"
    assert refused(nntrain.crossval, "iris.yaml", name="c").startswith("runs/c: not the folder")


def test_groups_of_a_table_are_held_out_whole(shell):
    rows = [f"p{row % 6},{row * 7 % 5},{'ab'[row % 2]}\n" for row in range(60)]
    (shell.folder / "t.csv").write_text("person,x,y\n" + "".join(rows))
    shell.write(
        IRIS.replace("source: iris", "source: {csv: t.csv}").replace("{dense: 3}", "{dense: 2}"), "t.yaml"
    )
    for group in ("person", "1"):
        shell.run("crossval", "t.yaml", "--folds", "3", "--group", group, "--name", f"by-{group}")
        split = rows_of(Path(f"runs/by-{group}/fold-1"))
        assert not set(split["train"] % 6) & set(split["test"] % 6)


def test_warnings_of_folds_are_shown_once(shell):
    rows = [f"{row * 7 % 5}.5,{'rome' if row == 3 else 'oslo'},{'ab'[row % 2]}\n" for row in range(30)]
    (shell.folder / "t.csv").write_text("x,city,y\n" + "".join(rows))
    shell.write(
        IRIS.replace("source: iris", "source: {csv: t.csv}").replace("{dense: 3}", "{dense: 2}"), "t.yaml"
    )
    done = shell.run("crossval", "t.yaml", "--folds", "3")
    assert done.stderr.count("held-out samples is not tested") == 1


def test_pictures_are_the_losses_of_the_runs_and_one_of_all(shell, pictures):
    shell.write(IRIS, "iris.yaml")
    shell.run("crossval", "iris.yaml", "--folds", "2", "--name", "c")
    drawn = sorted(str(path.relative_to("runs/c")) for path in Path("runs/c").rglob("*.png"))
    assert drawn == ["crossval.png", "fold-1/loss.png", "fold-2/loss.png"]
    before = Path("runs/c/crossval.png").stat().st_mtime_ns
    shell.run("crossval", "iris.yaml", "--folds", "2", "--name", "c")
    assert Path("runs/c/crossval.png").stat().st_mtime_ns == before


def started(folder: Path, jobs: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nntrain", "crossval", str(folder / "long.yaml"), "--folds", "3"]
    options = ["--jobs", str(jobs), "--runs-dir", str(folder / "runs"), "--name", "killed"]
    return subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def steps_of(folder: Path) -> int:
    """The steps that the checkpoints of all runs have reached."""
    return sum(len(path.read_text().splitlines()) for path in folder.glob("runs/killed/*/metrics.csv"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_three_times_it_ends_as_if_it_had_not_been(shell, jobs):
    shell.write(LONG, "long.yaml")
    shell.run("crossval", "long.yaml", "--folds", "3", "--name", "straight")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        before = steps_of(shell.folder)
        process = started(shell.folder, jobs)
        deadline = time.monotonic() + 120
        while steps_of(shell.folder) < before + 60:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as the terminal does
        else:
            process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == (-number if number == signal.SIGKILL else 130), errors
        assert "Traceback" not in errors
    last = started(shell.folder, jobs)
    _, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors
    assert same_runs(Path("runs/straight"), Path("runs/killed"), 3)
    straight, killed = (
        [{key: row[key] for key in row if key != "seconds"} for row in scores_of(Path("runs") / name)]
        for name in ("straight", "killed")
    )
    assert straight == killed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_a_process_that_is_killed_is_one_error_and_the_other_folds_are_finished(shell):
    shell.write(LONG, "long.yaml")
    process = started(shell.folder, 2)
    run = RunFolder(shell.folder / "runs" / "killed" / "fold-2")
    deadline = time.monotonic() + 120
    while not run.metrics.is_file():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    holder = json.loads((run.path / ".lock").read_text())["process"]
    os.kill(holder, signal.SIGKILL)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    last = errors.splitlines()[-2:]
    assert last[0].endswith("killed/fold-2: its process was ended by SIGKILL")
    assert last[1].startswith("hint: ")
    assert [row["status"] for row in scores_of(run.path.parent)] == ["finished", "running", "finished"]
    again = started(shell.folder, 2)
    _, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert "2 of 3 runs are finished" in errors
