"""Damaged files of a run are found before training: replaced where another file holds the same, else named."""

import json
from pathlib import Path

import pytest

from nntrain.run.checkpoint import read
from tests.conftest import contents

# Random classes: the first epochs are the best.
RANDOM = """
data: {source: {random: {input: [6], classes: 4, samples: 100}}, validation: 0.3}
model: {layers: [{dense: {units: 16, activation: relu}}, {dense: 4}]}
loss: cross_entropy
optimizer: {adam: 0.03}
train: {epochs: 4, batch_size: 16}
"""
LONGER = RANDOM.replace("epochs: 4", "epochs: 6")


@pytest.fixture
def run(shell) -> Path:
    """A run of four epochs, whose best is older than its last two."""
    run = shell.fit(RANDOM)
    best, previous, _ = (read(checkpoint(run, name)) for name in ("best", "previous", "last"))
    assert step_of(best) < step_of(previous) < 20
    return run


def step_of(snapshot) -> int:
    return snapshot.facts["training"]["step"]


def checkpoint(run: Path, name: str) -> Path:
    return run / f"checkpoints/{name}.safetensors"


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def everything(run: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


def resumed(shell, code=0):
    return shell.run("fit", shell.write(LONGER), "--name", "run", "--resume", "--quiet", code=code).stderr


@pytest.fixture
def extended(shell, run) -> dict[str, bytes]:
    """What an undamaged run leaves that is given two more epochs; `run` is as before."""
    before = everything(run)
    resumed(shell)
    found = contents(run)
    for path, data in before.items():
        path.write_bytes(data)
    return found


@pytest.mark.parametrize("fault", [damage, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_last_checkpoint_falls_back_to_the_one_before(shell, run, extended, fault, wording):
    fault(checkpoint(run, "last"))
    wording(resumed(shell))
    assert contents(run) == extended
    assert json.loads((run / "run.json").read_text())["resumed_from_steps"] == [15]


def test_a_run_without_a_whole_checkpoint_says_so_and_stays_as_it_is(shell, run, wording):
    for name in ("best", "previous", "last"):
        damage(checkpoint(run, name))
    before = everything(run)
    wording(resumed(shell, code=2))
    assert everything(run) == before


def test_a_damaged_best_checkpoint_is_found_before_training(shell, run, wording):
    damage(checkpoint(run, "best"))
    before = everything(run)
    wording(resumed(shell, code=2))
    assert everything(run) == before
    wording(shell.run("eval", run, code=2).stderr)


def test_without_its_best_checkpoint_a_run_goes_on(shell, run, wording):
    checkpoint(run, "best").unlink()
    wording(resumed(shell))
    assert step_of(read(checkpoint(run, "best"))) > 20
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


def test_a_damaged_best_checkpoint_is_replaced_by_another_of_its_step(shell, wording):
    kept = LONGER.replace("batch_size: 16", "batch_size: 16, checkpoint: {keep: 6}")
    run = shell.fit(kept.replace("epochs: 6", "epochs: 4"))
    best = checkpoint(run, "best").read_bytes()
    damage(checkpoint(run, "best"))
    wording(shell.run("fit", shell.write(kept), "--name", "run", "--resume", "--quiet").stderr)
    assert checkpoint(run, "best").read_bytes() == best


def test_empty_lines_of_a_table_are_dropped(shell, run, extended):
    for name in ("metrics.csv", "steps.csv"):
        lines = (run / name).read_text().splitlines(keepends=True)
        (run / name).write_text("".join([*lines[:2], "\n", *lines[2:], "\n"]))
    resumed(shell)
    assert contents(run) == extended


@pytest.mark.parametrize("name", ["metrics.csv", "steps.csv"])
@pytest.mark.parametrize("line", ["hello", "7,1", b"\xff\x00,2,3,4,5,6,7"])
def test_a_foreign_line_of_a_table_is_an_error_with_its_place(shell, run, name, line, wording):
    lines = (run / name).read_bytes().splitlines(keepends=True)
    lines.insert(3, (line if isinstance(line, bytes) else line.encode()) + b"\n")
    (run / name).write_bytes(b"".join(lines))
    before = everything(run)
    message = resumed(shell, code=2)
    assert message.startswith(f"error: runs/run/{name}:4: ")
    wording(message)
    assert everything(run) == before


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_damaged_run_json_is_written_anew(shell, run, extended, text):
    (run / "run.json").write_text(text)
    resumed(shell)
    assert contents(run) == extended
    info = json.loads((run / "run.json").read_text())
    assert (info["status"], info["seed"], info["resumed_from_steps"]) == ("finished", 0, [20])
