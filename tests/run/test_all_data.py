"""`fit --on-all-data`: a second run on training and validation samples, for as many epochs as were best in the first one."""

import json
import shutil
import signal

import numpy as np
import pytest

import nntrain
from nntrain.data.dataset import Dataset
from nntrain.data.joined import joined
from nntrain.data.origin import TableRows
from nntrain.data.sequences.windows import Windows
from nntrain.run.folder import RunFolder
from tests.conftest import contents

CONFIG = """
data: {source: iris, standardize: true, validation: 0.25, test: 0.2}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 3}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.1}}
schedule: cosine
train: {epochs: 30, batch_size: 20, early_stopping: {patience: 4}}
"""


def info(run) -> dict:
    return json.loads((run / "run.json").read_text())


def both(shell, *arguments):
    run = shell.fit(CONFIG, "--on-all-data", *arguments)
    return run, run.with_name("run-all-data")


@pytest.fixture
def pair(shell):
    return shell, *both(shell)


def test_the_second_run_trains_on_all_but_the_test_samples_for_the_best_epochs(pair):
    _, first, second = pair
    before, after = nntrain.open_run(first), nntrain.open_run(second)
    assert after.status == "finished"
    assert info(second)["samples"] == {"train": 120, "test": 30}
    assert info(first)["data_sha256"]["test"] == info(second)["data_sha256"]["test"]
    best = int(before.history["epoch"][before.history["best"] == 1][-1])
    assert best < len(before.history["epoch"])
    assert list(after.history["epoch"]) == list(range(1, best + 1))
    np.testing.assert_array_equal(after.history["lr"], before.history["lr"][:best])
    assert after.epochs_from.path == first
    assert before.epochs_from is None
    assert before.warnings == after.warnings == []


def test_the_last_epoch_is_the_one_that_is_used(pair):
    shell, _, second = pair
    run = nntrain.open_run(second)
    assert (run.history["best"] == 1).all()
    np.testing.assert_array_equal(
        run.model.parameters["dense_1.weight"], run.last.parameters["dense_1.weight"]
    )
    assert shell.scores(second)["loss"] == pytest.approx(run.scores["test"]["loss"])
    listed = json.loads(shell.run("runs", "runs", "--json").stdout)
    assert [entry["name"] for entry in listed] == ["run", "run-all-data"]


def test_it_starts_from_the_same_initial_values(pair):
    shell, _, second = pair
    options = [word for override in info(second)["overrides"] for word in ("--set", override)]
    assert contents(shell.fit(CONFIG, *options, name="straight")) == contents(second)


def test_resuming_the_first_run_goes_on_with_the_second(pair):
    shell, first, second = pair
    straight = contents(second)
    shutil.rmtree(second)
    shell.run("fit", first, "--resume", "--quiet")
    assert contents(second) == straight
    assert shell.run("fit", first, "--resume", "--quiet").exit_code == 0  # nothing is left to do
    assert contents(second) == straight
    assert len(list(first.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("interrupted", "resumed"), [("run", "run"), ("run-all-data", "run"), ("run-all-data", "run-all-data")]
)
def test_an_interrupted_run_goes_on(pair, monkeypatch, interrupted, resumed):
    shell, _, second = pair
    straight = contents(second)
    original = RunFolder.add_step

    def interrupting(self, step, *rest):
        if step == 10 and self.path.name == interrupted:
            signal.raise_signal(signal.SIGINT)
        original(self, step, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "add_step", interrupting)
        shell.fit(CONFIG, "--on-all-data", "--overwrite", code=130)
    assert nntrain.open_run(shell.folder / "runs" / interrupted).status == "interrupted"
    shell.run("fit", shell.folder / "runs" / resumed, "--resume", "--quiet")
    assert contents(second) == straight


def test_overwriting_replaces_both(pair):
    shell, first, second = pair
    shell.fit(CONFIG, "--on-all-data", "--overwrite", "--set", "seed=1")
    assert nntrain.open_run(second).config["seed"] == 1
    assert sorted(path.name for path in first.parent.iterdir()) == ["run", "run-all-data"]


def test_a_run_of_that_name_is_kept(shell):
    kept = shell.fit(CONFIG, name="run-all-data")
    before = contents(kept)
    shell.fit(CONFIG, "--on-all-data")
    assert contents(kept) == before
    assert (shell.folder / "runs/run-all-data-2/run.json").is_file()


def test_files_of_both_splits_are_trained_on(shell):
    draw = np.random.default_rng(0)
    for name, rows in (("train", 40), ("validation", 12)):
        lines = [f"{x:.3f},{2 * x + 1:.3f}" for x in draw.normal(size=rows)]
        (shell.folder / f"{name}.csv").write_text("\n".join(["x,y", *lines]) + "\n")
    source = "data: {source: {csv: train.csv}, validation: {csv: validation.csv}, standardize: true}\n"
    config = source + "model: {layers: [{dense: 1}]}\nloss: mse\noptimizer: {adam: 0.1}\ntrain: {epochs: 5}\n"
    shell.fit(config, "--on-all-data")
    second = shell.folder / "runs/run-all-data"
    assert info(second)["samples"] == {"train": 52}
    files = [
        np.loadtxt(shell.folder / f"{name}.csv", delimiter=",", skiprows=1)
        for name in ("train", "validation")
    ]
    statistics = nntrain.load(second)._trained.snapshot.statistics()
    np.testing.assert_allclose(statistics["shift"], np.concatenate(files)[:, :1].mean(axis=0))


def test_it_works_in_memory():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, 3))
    config = {
        "model": {"layers": [{"dense": 1}]},
        "loss": "mse",
        "optimizer": {"adam": 0.1},
        "train": {"epochs": 8},
    }
    data = nntrain.Data(x[:40], x[:40].sum(axis=1), validation=(x[40:], x[40:].sum(axis=1)))
    run = nntrain.fit(config, data=data, runs_dir=None, on_all_data=True)
    assert run.path is None
    assert "validation" in run.epochs_from.scores
    assert set(run.scores) == {"train"}
    assert run.config["data"]["train_on_validation"]


@pytest.mark.parametrize(
    "changed",
    [
        ("validation: 0.25, ", ""),
        ("schedule: cosine", "schedule: reduce_on_plateau"),
        ("batch_size: 20", "monitor: last, batch_size: 20"),
        ("validation: 0.25, ", "train_on_validation: true, "),
    ],
)
def test_what_cannot_work_is_an_error_before_training(shell, wording, changed):
    path = shell.write(CONFIG.replace(*changed))
    assert changed[0] in CONFIG
    wording(shell.run("fit", path, "--on-all-data", code=2).stderr)
    assert not (shell.folder / "runs").exists()


def test_windows_and_places_of_two_splits_are_joined():
    first = Dataset(
        Windows(np.arange(10.0)[:, None], np.array([0, 3]), 3),
        np.zeros((2, 1)),
        series=np.array([0, 1]),
        origin=TableRows("a.csv", range(2, 12)),
    )
    second = Dataset(
        Windows(np.arange(20.0, 24.0)[:, None], np.array([1]), 3),
        np.ones((1, 1)),
        series=np.array([0]),
        origin=TableRows("b.csv", range(2, 6)),
    )
    found = joined(first, second)
    np.testing.assert_array_equal(np.asarray(found.x)[..., 0], [[0, 1, 2], [3, 4, 5], [21, 22, 23]])
    np.testing.assert_array_equal(found.target.ravel(), [0, 0, 1])
    assert list(found.series) == [0, 1, 2]
    assert [found.origin.place(row) for row in (9, 10)] == ["a.csv:11", "b.csv:2"]
    assert found.origin.select(np.array([10, 0])).place(0) == "b.csv:2"


def test_texts_of_both_splits_are_trained_on(shell):
    for name, texts in (
        ("train", ["good film", "bad film"] * 6),
        ("validation", ["good play", "bad play"] * 4),
    ):
        lines = [f"{text},{text.split()[0]}" for text in texts]
        (shell.folder / f"{name}.csv").write_text("\n".join(["review,label", *lines]) + "\n")
    columns = "text: review, label: label, min_count: 1"
    config = f"""
data:
  source: {{text_classes: {{path: train.csv, {columns}}}}}
  validation: {{text_classes: {{path: validation.csv, {columns}}}}}
model: {{layers: [{{embedding: 4}}, global_avg_pool, {{dense: 2}}]}}
loss: cross_entropy
optimizer: {{adam: 0.1}}
train: {{epochs: 4}}
"""
    shell.fit(config, "--on-all-data")
    second = shell.folder / "runs/run-all-data"
    assert info(second)["samples"] == {"train": 20}
    assert "play" in nntrain.load(second)._trained.trained_on.tokenizer.names
