"""Training: runs repeat bit for bit, go on where they stopped, and stop where numbers do."""

import csv
import json
import os
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file

from nntrain.errors import UserError
from nntrain.report.progress_observer import ProgressObserver
from nntrain.run.checkpoint import read
from nntrain.run.folder import RunFolder
from nntrain.run.session import Session
from nntrain.training import loop
from tests.conftest import MOONS, contents, interrupt_at


def rows_of(path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_runs_of_one_seed_are_the_same_bytes(shell):
    assert contents(shell.fit(name="a")) == contents(shell.fit(name="b"))


def test_another_seed_is_another_run(shell):
    assert contents(shell.fit(name="a")) != contents(shell.fit(MOONS, "--set", "seed=1", name="b"))


WIDE = """
data: {source: {random: {input: [300], classes: 10, samples: 700}}}
model:
  layers:
    - dense: {units: 260, activation: relu}
    - batch_norm
    - dropout: 0.3
    - dense: {units: 200, activation: sigmoid}
    - dense: 10
loss: cross_entropy
optimizer: {adam: {lr: 1e-3}}
train: {epochs: 2, batch_size: 128, regularize: {l1: 1e-5}, grad_clip: {norm: 0.5}}
"""


@pytest.mark.skipif(os.cpu_count() < 2, reason="one core only")
def test_one_thread_and_two_give_the_same_bytes(shell):
    assert contents(shell.fit(WIDE, "--threads", 1, name="a")) == contents(
        shell.fit(WIDE, "--threads", 2, name="b")
    )


@pytest.mark.parametrize("step", [1, 5, 7, 10, 19])  # five steps an epoch: within one, and at its end
def test_an_interrupted_and_resumed_run_equals_the_straight_one(shell, monkeypatch, step):
    straight = contents(shell.fit(name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        run = shell.fit(name="broken", code=130)
    assert read(run / "checkpoints/last.safetensors").facts["training"]["step"] == step
    shell.fit(MOONS, "--resume", name="broken")
    assert contents(run) == straight
    assert json.loads((run / "run.json").read_text())["resumed_from_steps"] == [step]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_interrupted_while_kernels_are_compiled_can_be_resumed(shell, monkeypatch, number):
    straight = contents(shell.fit(name="straight"))
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "warm_up", lambda self: signal.raise_signal(number))
        run = shell.fit(name="broken", code=130)
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    shell.fit(MOONS, "--resume", name="broken")
    assert contents(run) == straight


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU])
def test_other_signals_are_as_good_as_ctrl_c(shell, monkeypatch, number):
    interrupt_at(monkeypatch, 7, number)
    run = shell.fit(code=130)
    assert read(run / "checkpoints/last.safetensors").facts["training"]["step"] == 7


def test_a_signal_that_nohup_ignores_interrupts_nothing(shell, monkeypatch):
    interrupt_at(monkeypatch, 7, signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        shell.fit(code=0)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_stops_at_once_with_the_last_checkpoint_whole(shell, monkeypatch, wording):
    straight = contents(shell.fit(name="straight"))
    add_step = RunFolder.add_step

    def twice(self, step, *rest):
        if step == 7:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
        add_step(self, step, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "add_step", twice)
        result = shell.run("fit", "config.yaml", "--name", "broken", code=130)
    wording("\n".join(line for line in result.stderr.splitlines() if "interrupted" in line))
    run = shell.folder / "runs/broken"
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert (
        read(run / "checkpoints/last.safetensors").facts["training"]["step"] == 5
    )  # of the end of the epoch
    shell.fit(MOONS, "--resume", name="broken")
    assert contents(run) == straight


def test_a_signal_while_the_status_is_written_waits(shell, monkeypatch):
    replace_info = RunFolder.replace_info

    def interrupted(self, facts):
        if facts["status"] == "failed":
            signal.raise_signal(signal.SIGINT)
        replace_info(self, facts)

    monkeypatch.setattr(RunFolder, "replace_info", interrupted)
    monkeypatch.setattr(loop.Trainer, "warm_up", lambda self: 1 / 0)
    run = shell.fit(code=130)
    assert json.loads((run / "run.json").read_text())["status"] == "failed"


def test_what_a_crash_left_behind_the_checkpoint_is_cut_back(shell, monkeypatch):
    straight = contents(shell.fit(name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 10)
        run = shell.fit(name="broken", code=130)
    with (run / "steps.csv").open("a") as file:
        file.write("11,3,0.5,0.02\n12,3,0.4")  # a line that never got its end
    shell.fit(MOONS, "--resume", name="broken")
    assert contents(run) == straight


def test_a_crash_that_left_half_a_header_is_mended(shell, monkeypatch):
    straight = contents(shell.fit(name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        run = shell.fit(name="broken", code=130)
    (run / "metrics.csv").write_text("step,ep")
    shell.fit(MOONS, "--resume", name="broken")
    assert contents(run) == straight


def test_a_finished_run_says_so_and_stays_as_it_is(shell, wording):
    run = shell.fit()
    before = {path: path.read_bytes() for path in run.rglob("*.*")}
    result = shell.run("fit", "config.yaml", "--name", "run", "--resume")
    wording(result.stdout)
    assert {path: path.read_bytes() for path in run.rglob("*.*")} == before


def test_a_run_that_crashed_while_it_was_scored_is_scored_on_resume(shell, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Session, "best_network", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            shell.fit()
    shell.fit(MOONS, "--resume")
    info = json.loads((shell.folder / "runs/run/run.json").read_text())
    assert info["status"] == "finished"
    assert set(info["scores"]) == {"train", "validation", "test"}


def test_a_run_that_was_stopped_while_it_was_drawn_is_finished_and_drawn_on_resume(shell, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressObserver, "ended", interrupted)
        run = shell.fit(code=130)
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "finished"
    assert set(info["scores"]) == {"train", "validation", "test"}
    ended = []
    monkeypatch.setattr(ProgressObserver, "ended", lambda *_: ended.append(True))
    shell.fit(MOONS, "--resume")
    assert ended == [True]
    shell.fit(MOONS, "--resume")
    assert ended == [True]


def test_a_finished_run_can_be_given_more_epochs(shell):
    longer = MOONS.replace("epochs: 4", "epochs: 6")
    straight = shell.fit(longer, name="straight")
    shell.fit(name="extended")
    run = shell.fit(longer, "--resume", name="extended")
    weights = [load_file(folder / "checkpoints/last.safetensors") for folder in (straight, run)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_resume_refuses_another_config(shell, wording):
    shell.fit()
    shell.write(MOONS.replace("0.02", "0.03"))
    result = shell.run("fit", "config.yaml", "--name", "run", "--resume", code=2)
    assert "optimizer.adam.lr" in result.stderr
    wording(result.stderr)


def test_resume_of_a_folder_without_a_checkpoint_starts_afresh(shell):
    straight = contents(shell.fit(name="straight"))
    (shell.folder / "runs/empty").mkdir()
    assert contents(shell.fit(MOONS, "--resume", name="empty")) == straight


def test_a_diverging_run_stops_and_names_the_place(shell):
    wild = MOONS.replace("adam: {lr: 0.02}", "sgd: {lr: 1e30}").replace(
        "activation: tanh", "activation: relu"
    )
    path = shell.write(wild)
    result = shell.run("fit", path, "--name", "wild", code=1)
    assert "is not finite in step" in result.stderr
    assert "dense" in result.stderr
    assert "learning rate 1e+30" in result.stderr
    assert json.loads((shell.folder / "runs/wild/run.json").read_text())["status"] == "failed"
    checkpoint = shell.folder / "runs/wild/checkpoints/last.safetensors"
    if checkpoint.exists():
        assert all(np.isfinite(array).all() for array in load_file(checkpoint).values())


def test_a_run_that_starts_with_infinite_weights_says_so(shell, wording):
    wild = MOONS.replace("activation: tanh", "weight_initializer: {normal: {std: 1e300}}")
    result = shell.run("fit", shell.write(wild), code=1)
    assert "'dense_1.weight'" in result.stderr
    wording(result.stderr[result.stderr.index("error: ") :])


def test_a_batch_in_which_nothing_counts_teaches_nothing(shell):
    one_counts = MOONS.replace("cross_entropy", "{cross_entropy: {class_weights: [1, 0]}}")
    run = shell.fit(one_counts.replace("batch_size: 20", "batch_size: 1"))
    losses = [float(row["loss"]) for row in rows_of(run / "steps.csv")]
    assert 0 < losses.count(0.0) < len(losses)
    assert all(np.isfinite(array).all() for array in load_file(run / "checkpoints/last.safetensors").values())


def test_early_stopping_ends_the_run(shell):
    stopping = MOONS.replace("epochs: 4", "epochs: 50, early_stopping: {patience: 2, min_delta: 10}")
    rows = rows_of(shell.fit(stopping) / "metrics.csv")
    assert len(rows) == 3  # two after the first do not improve by 10


def test_evaluation_can_go_by_steps(shell):
    rows = rows_of(
        shell.fit(MOONS.replace("epochs: 4", "epochs: 4, evaluate_every: {steps: 3}")) / "metrics.csv"
    )
    assert [int(row["step"]) for row in rows] == [3, 6, 9, 12, 15, 18, 20]


def test_test_loss_is_watched_on_request_and_never_chooses_best(shell):
    assert "test_loss" not in rows_of(shell.fit(name="a") / "metrics.csv")[0]
    rows = rows_of(
        shell.fit(MOONS.replace("epochs: 4", "epochs: 4, watch_test: true"), name="b") / "metrics.csv"
    )
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    assert [row for row in rows if row["best"] == "1"][-1] == best
    assert float(rows[0]["test_loss"]) > 0


@pytest.mark.parametrize("size", [1, 7, "full"])
def test_any_batch_size_sees_every_sample_once_an_epoch(shell, size):
    run = shell.fit(MOONS.replace("batch_size: 20", f"batch_size: {size}").replace("epochs: 4", "epochs: 2"))
    samples = 96
    steps = 1 if size == "full" else -(-samples // size)
    assert len(rows_of(run / "steps.csv")) == 2 * steps


def test_eval_of_a_checkpoint_alone_equals_eval_of_the_run(shell):
    run = shell.fit()
    alone = shell.folder / "alone.safetensors"
    alone.write_bytes((run / "checkpoints/best.safetensors").read_bytes())
    assert shell.scores(alone) == shell.scores(run)


def test_eval_repeats_the_scores_of_training(shell):
    run = shell.fit()
    rows = rows_of(run / "metrics.csv")
    best = next(row for row in reversed(rows) if row["best"] == "1")
    scores = shell.scores(run, "--split", "validation")
    assert scores["loss"] == pytest.approx(float(best["validation_loss"]), rel=1e-6)
    assert scores["accuracy"] == float(best["validation_accuracy"])
    assert scores["samples"] == 24


def test_frozen_parameters_stay_as_they_start(shell):
    frozen = MOONS.replace("{units: 8, activation: tanh}", "{units: 8, activation: tanh, freeze: true}")
    short = shell.fit(frozen.replace("epochs: 4", "epochs: 1"), name="a")
    long = shell.fit(frozen, name="b")
    one, four = (load_file(run / "checkpoints/last.safetensors") for run in (short, long))
    assert np.array_equal(one["parameter.dense_1.weight"], four["parameter.dense_1.weight"])
    assert not np.array_equal(one["parameter.dense_2.weight"], four["parameter.dense_2.weight"])


def test_a_checkpoint_damaged_anywhere_is_refused(shell):
    file = shell.fit() / "checkpoints/last.safetensors"
    data = file.read_bytes()
    for place in np.random.default_rng(0).choice(len(data), 200, replace=False):
        file.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(UserError, match=r"is corrupt|not an nntrain checkpoint|has format"):
            read(file)
        file.write_bytes(data[:place])
        with pytest.raises(UserError, match="truncated"):
            read(file)


def test_a_damaged_checkpoint_is_refused(shell):
    run = shell.fit()
    file = run / "checkpoints/best.safetensors"
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(data)
    assert "its checksum does not match" in shell.run("eval", run, code=2).stderr
    file.write_bytes(data[:100])
    assert "truncated" in shell.run("eval", run, code=2).stderr
