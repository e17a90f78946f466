"""The run folder: what `fit` writes."""

import csv
import itertools
import json
import socket
import sys

import numpy as np
import pytest
from safetensors import safe_open

from nntrain.config import load
from nntrain.report.pictures import registry
from nntrain.run.folder import RunFolder
from nntrain.training import loop
from tests.conftest import MOONS, TABLE, contents


def test_fit_leaves_everything_in_its_folder(shell, pictures):
    text = "# a comment, and lines that end as on Windows\r\n" + MOONS.replace("\n", "\r\n")
    path = shell.folder / "config.yaml"
    path.write_bytes(text.encode())
    (shell.folder / "matplotlib.py").write_text(
        "raise ImportError('a file of the user, which is none of our business')"
    )
    assert "warning" not in shell.run("fit", path, "--set", "train.epochs=2", "--name", "run").stderr
    run = shell.folder / "runs/run"
    files = {str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()}
    assert files >= {"loss.png", "loss.svg", "plots/regions.npz", "plots/regions.png"}
    assert files - set(registry.file_names()) == {
        "config.yaml",
        "config.resolved.yaml",
        "run.json",
        "metrics.csv",
        "steps.csv",
        "times.csv",
        "train.log",
        "split.npz",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
        "checkpoints/previous.safetensors",
        ".lock",
    }
    assert (run / "config.yaml").read_bytes() == text.encode()
    assert (run / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (run / "loss.svg").read_text()


def test_resolved_config_trains_to_the_same_bytes(shell):
    run = shell.fit(
        MOONS, "--set", "train.epochs=2", "--set", "optimizer={sgd: {lr: 0.1, momentum: 0.9}}", name="a"
    )
    again = shell.fit((run / "config.resolved.yaml").read_text(), name="b")
    assert contents(run) == contents(again)
    assert (run / "config.resolved.yaml").read_bytes() == (again / "config.resolved.yaml").read_bytes()
    assert load(run / "config.resolved.yaml")[0].train.epochs == 2


def test_run_json_says_what_the_run_was_made_of(shell):
    run = shell.fit(MOONS, "--set", "seed=7", "--threads", 1)
    info = json.loads((run / "run.json").read_text())
    assert info.keys() >= {
        "command",
        "versions",
        "cpu",
        "cores",
        "threads",
        "seed",
        "data_sha256",
        "git",
        "status",
        "resumed_from_steps",
        "started",
        "config",
        "overrides",
        "scores",
    }
    assert (info["status"], info["seed"], info["threads"], info["resumed_from_steps"]) == (
        "finished",
        7,
        1,
        [],
    )
    assert info["overrides"] == ["seed=7"]
    assert info["config"] == str(shell.folder / "config.yaml")
    assert info["versions"].keys() >= {"nntrain", "python", "numpy", "numba"}
    assert {name: len(digest) for name, digest in info["data_sha256"].items()} == {
        "train": 64,
        "validation": 64,
        "test": 64,
    }
    assert info["scores"]["test"] == pytest.approx(
        {name: shell.scores(run)[name] for name in ("loss", "accuracy")}
    )


def test_tables_hold_every_digit(shell):
    run = shell.fit()
    with (run / "metrics.csv").open() as file:
        metrics = list(csv.DictReader(file))
    assert list(metrics[0]) == [
        "step",
        "epoch",
        "lr",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "best",
    ]
    with (run / "steps.csv").open() as file:
        steps = list(csv.DictReader(file))
    assert list(steps[0]) == ["step", "epoch", "loss", "lr"]
    assert [int(row["step"]) for row in steps] == list(range(1, 21))
    assert [int(row["epoch"]) for row in steps] == [1 + step // 5 for step in range(20)]
    for row in [*metrics, *steps]:
        for value in row.values():
            assert value == repr(int(value) if value.isdigit() else float(value))
    assert max(len(row["loss"]) for row in steps) > 15
    # The mean of an epoch's steps, all of which have 20 rows but the last with 16.
    weights = [20, 20, 20, 20, 16]
    losses = [float(row["loss"]) for row in steps[:5]]
    assert float(metrics[0]["train_loss"]) == pytest.approx(np.average(losses, weights=weights))


def test_splits_are_disjoint_and_cover_the_source(table):
    run = table.fit(TABLE.replace("test: 0.25", "test: 0.25, validation: 0.2"))
    with np.load(run / "split.npz") as split:
        parts = {name: split[name] for name in split}
    assert {name: len(part) for name, part in parts.items()} == {"train": 24, "validation": 6, "test": 10}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(40))


def test_a_checkpoint_says_nothing_of_where_and_when_it_was_made(shell):
    run = shell.fit(MOONS, "--threads", 1)
    for name in ("last", "best"):
        with safe_open(run / f"checkpoints/{name}.safetensors", "np") as file:
            metadata, names = file.metadata(), set(file.keys())
        assert list(metadata) == ["nntrain"]
        facts = json.loads(metadata["nntrain"])
        assert facts.keys() == {"config", "data", "format", "sha256", "training"}
        assert metadata["nntrain"] == json.dumps(facts, sort_keys=True)
        for secret in (str(shell.folder), socket.gethostname(), sys.executable, "threads", "started"):
            assert secret not in metadata["nntrain"]
        assert {"parameter.dense_1.weight", "parameter.dense_2.bias", "optimizer.mean", "data.shift"} <= names


def test_the_log_is_what_was_shown(shell):
    result = shell.run("fit", shell.write(MOONS), "--name", "run")
    shown = result.stderr + result.stdout
    log = (shell.folder / "runs/run/train.log").read_text()
    assert shown.endswith(log)
    assert log.count("\nepoch ") == 4


def test_so_many_checkpoints_are_kept_beside_best_and_last(shell):
    run = shell.fit(MOONS.replace("batch_size: 20", "batch_size: 20, checkpoint: {keep: 3, every_steps: 4}"))
    kept = sorted(path.name for path in (run / "checkpoints").glob("step-*"))
    assert kept == [f"step-{step:08d}.safetensors" for step in (15, 16, 20)]
    last = run / "checkpoints/last.safetensors"
    assert (run / "checkpoints" / kept[-1]).read_bytes() == last.read_bytes()
    assert shell.scores(run / "checkpoints" / kept[0]) != shell.scores(last)
    again = shell.fit(MOONS, "--overwrite")
    assert list((again / "checkpoints").glob("step-*")) == []


def test_a_checkpoint_is_saved_after_some_minutes(shell, monkeypatch):
    saved, clock = [], itertools.count()
    monkeypatch.setattr(loop.time, "monotonic", lambda: 20.0 * next(clock))  # once a step
    save = RunFolder.save
    monkeypatch.setattr(RunFolder, "save", lambda *given: saved.append(given[0]) or save(*given))
    shell.fit(MOONS.replace("batch_size: 20", "batch_size: 20, checkpoint: {every_minutes: 1}"))
    assert 4 < len(saved) < 20
