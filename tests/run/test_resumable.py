"""What `--resume` compares: what changes the numbers of a run, and nothing else; its refusals are readable."""

import json
import shutil

import pytest

from nntrain.config import checked
from nntrain.config.document import Document
from nntrain.network.snapshot import Snapshot
from nntrain.run.changes import changes
from nntrain.run.checkpoint import encode, read
from nntrain.training.monitor import Monitor
from tests.conftest import MOONS, TABLE, Shell, contents, interrupt_at

RESUME = ("fit", "config.yaml", "--name", "run", "--resume", "--quiet")
LOSS = Monitor("validation_loss", False)


def changed(before: str, after: str, config: str = MOONS) -> list[str]:
    now = config.replace(before, after)
    assert now != config
    return changes(checked(Document.parse(config))[0], checked(Document.parse(now))[0], LOSS)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("lr: 0.02", "lr: 0.03", ["optimizer.adam.lr: 0.02 -> 0.03"]),
        ("units: 8", "units: 9", ["model.layers[0].dense.units: 8 -> 9"]),
        ("adam: {lr: 0.02}", "sgd: 0.02", ["optimizer: {adam: 0.02} -> {sgd: 0.02}"]),
        ("{dropout: 0.2}, ", "", ["model.layers[1]: {dropout: 0.2} -> nothing"]),
        ("{dropout: 0.2}", "{dropout: 0.2}, batch_norm", ["model.layers[2]: nothing -> batch_norm"]),
        (
            "batch_size: 20",
            "batch_size: 20, grad_clip: {norm: 1}",
            ["train.grad_clip: nothing -> {norm: 1.0}"],
        ),
        ("metrics: [accuracy]", "metrics: [accuracy, f1]", ["metrics[1]: nothing -> f1"]),
        ("{units: 8, activation: tanh}", "{units: 8}", ["model.layers[0].dense.activation: tanh -> nothing"]),
    ],
)
def test_a_change_is_one_readable_line(before, after, expected):
    assert changed(before, after) == expected


@pytest.mark.parametrize(
    "after",
    [
        "epochs: 9",
        "epochs: 4, schedule_epochs: 9",
        "epochs: 4, early_stopping: {patience: 3}",
        "epochs: 4, checkpoint: {every_steps: 3}",
        "epochs: 4, evaluate_every: {epochs: 1}",
    ],
)
def test_what_changes_no_number_is_passed_over(after):
    assert changed("epochs: 4", after) == []


def test_a_mode_that_follows_the_monitor_is_the_same_as_the_one_that_it_follows():
    config = MOONS + "schedule: {reduce_on_plateau: {patience: 2}}\n"
    assert changed("patience: 2", "patience: 2, mode: min", config) == []
    assert changed("patience: 2", "patience: 2, mode: max", config) != []


def test_a_refusal_names_what_changed_and_the_ways_on(shell, wording):
    shell.fit()
    many = ["optimizer=sgd", "seed=1", "loss=mse", "model.layers[0].dense.units=9", "train.batch_size=10"]
    many += [
        "train.regularize.l2=1",
        "model.layers[1].dropout.rate=0.1",
        "train.ema.decay=0.5",
        "metrics=[f1]",
    ]
    many += ["train.precision=float64", "schedule=cosine", "optimizer.sgd.lr=0.1", "model.initializer=zeros"]
    wording(shell.run(*RESUME, *(word for change in many for word in ("--set", change)), code=2).stderr)


@pytest.fixture
def stopped(table, monkeypatch) -> Shell:
    """A shell with a run on table.csv that was interrupted, and `straight`, which was not."""
    shell = table
    config = TABLE.replace("epochs: 1", "epochs: 4")
    shell.fit(config, name="straight")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 6)
        shell.fit(config, code=130)
    return shell


def arrays_of(shell: Shell, name: str) -> dict[str, bytes]:
    snapshot = read(shell.folder / "runs" / name / "checkpoints/last.safetensors")
    return {key: array.tobytes() for key, array in snapshot.tensors.items()}


def test_data_is_compared_by_its_contents_and_not_by_its_path(stopped):
    shutil.move(stopped.folder / "table.csv", stopped.folder / "moved.csv")
    stopped.run(*RESUME, "--set", "data.source.csv.path=moved.csv")
    assert arrays_of(stopped, "run") == arrays_of(stopped, "straight")


def test_other_samples_are_refused(stopped, wording):
    lines = (stopped.folder / "table.csv").read_text().splitlines(keepends=True)
    (stopped.folder / "table.csv").write_text("".join(lines[::-1]))
    wording(stopped.run(*RESUME, code=2).stderr)
    (stopped.folder / "table.csv").write_text("".join(lines))
    wording(stopped.run(*RESUME, "--set", "data.test=0.5", code=2).stderr)
    wording(stopped.run(*RESUME, "--set", "data.standardize=false", code=2).stderr)


def test_an_option_that_the_checkpoint_does_not_know_counts_by_its_default(shell, monkeypatch, wording):
    straight = contents(shell.fit(name="straight"))
    interrupt_at(monkeypatch, 8)
    run = shell.fit(code=130)
    monkeypatch.undo()
    monkeypatch.chdir(shell.folder)
    snapshot = read(run / "checkpoints/last.safetensors")
    del snapshot.facts["config"]["train"]["watch_test"]
    (run / "checkpoints/last.safetensors").write_bytes(encode(Snapshot(snapshot.tensors, snapshot.facts)))
    wording(shell.run(*RESUME, "--set", "train.watch_test=true", code=2).stderr)
    shell.run(*RESUME)
    assert contents(run) == straight


def test_a_diverged_run_keeps_its_reason_until_it_is_resumed(shell):
    wild = MOONS.replace("tanh", "relu").replace(
        "train: {", "schedule: {multi_step: {milestones: [2], gamma: 1e25}}\ntrain: {"
    )
    result = shell.run("fit", shell.write(wild), "--name", "run", code=1)
    run = shell.folder / "runs/run"
    assert f"`model.initializer.pretrained: {run}`" in result.stderr
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "failed"
    assert "is not finite in step" in info["error"]
    assert "is not finite in step" in (run / "train.log").read_text()
