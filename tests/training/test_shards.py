"""Shards: a batch computed in parts has the gradient of the whole, and the same bits on any number of threads and after a resume."""

import json

import numpy as np
import pytest

from nntrain.api.setup import load_setup
from nntrain.distributed.ranks import ALONE
from nntrain.distributed.tree_sum import TreeSum
from nntrain.inference.evaluate import Tally
from nntrain.run.checkpoint import read
from nntrain.training.loop import Trainer
from nntrain.training.sharded_step import _tree_total
from tests.conftest import contents, interrupt_at

SMOOTH = {  # nothing in it depends on which samples share a shard, so that its shards sum to the whole batch
    "data": {"source": {"random": {"input": [6, 6, 2], "classes": 5, "samples": 70}}},
    "model": {
        "layers": [
            {"conv2d": {"filters": 4, "kernel_size": 3, "activation": "tanh"}},
            "flatten",
            {"dense": {"units": 9, "activation": "sigmoid"}},
            {"dense": 5},
        ]
    },
    "loss": "cross_entropy",
    "metrics": ["accuracy", "f1"],
    "optimizer": {"sgd": {"lr": 0.1}},
    "train": {"epochs": 1, "batch_size": 24, "precision": "float64"},
}
WINDOWS = {
    "data": {"source": {"text": {"path": "text.txt", "window": 8, "consecutive": True}}},
    "model": {
        "layers": [
            {"embedding": 6},
            {"gru": {"units": 7, "return_sequences": True, "stateful": True}},
            {"dense": 10},
        ]
    },
    "loss": "cross_entropy",
    "optimizer": {"sgd": {"lr": 0.5}},
    "train": {"epochs": 2, "batch_size": 12},
}
EVERYTHING = """
data: {source: {random: {input: [40], classes: 4, samples: 90}}, validation: 0.2}
model:
  layers:
    - dense: {units: 260, activation: relu}
    - batch_norm
    - dropout: 0.3
    - gaussian_noise: 0.1
    - dense: 4
loss: {cross_entropy: {class_weights: [1, 2, 1, 0.5]}}
metrics: [accuracy, auc, confusion_matrix]
optimizer: {adam: {lr: 1e-2}}
train:
  epochs: 3
  batch_size: 24
  shards: 6
  grad_clip: {norm: 0.5}
  gradient_noise: {eta: 0.01}
  regularize: {l2: 1e-4}
  ema: {decay: 0.9}
"""


def trained(config: dict, shards: int, folder, steps: int = 3) -> tuple[Trainer, list[float]]:
    """A trainer after some steps, the last of an epoch of three batches among them, and their losses."""
    path = folder / "config.json"
    path.write_text(json.dumps(config | {"train": config["train"] | {"shards": shards}}))
    trainer = Trainer(load_setup(path)[0])
    trainer.network.initialize()
    tally = Tally(trainer.config.loss, trainer.config.metrics)
    losses = []
    for step in range(steps):
        batch = trainer.loader.batch(*divmod(step, len(trainer.batches)))
        fresh = step == 0 or not trainer.data.consecutive
        losses.append(trainer.step(batch, step + 1, 0.1, tally, fresh=fresh))
    trainer.step.collect(tally)
    trainer.state.sums = tally.sums
    return trainer, losses


@pytest.mark.parametrize("shards", [2, 3, 8, 24])
def test_the_shards_of_a_batch_have_its_gradient(shards, tmp_path):
    """The last batch of 22 samples leaves one shard short, or empty."""
    whole, losses = trained(SMOOTH, 1, tmp_path)
    cut, same = trained(SMOOTH, shards, tmp_path)
    assert np.allclose(losses, same, rtol=1e-13)
    assert np.allclose(whole.network.grad, cut.network.grad, rtol=1e-9, atol=1e-14)
    assert np.allclose(whole.network.theta, cut.network.theta, rtol=1e-12)
    assert whole.state.sums["metrics"]["accuracy"] == cut.state.sums["metrics"]["accuracy"]


@pytest.mark.parametrize("loss", ["mse", {"cross_entropy": {"class_weights": [0, 1, 2, 0.1, 3]}}, "sse"])
def test_shards_count_by_the_weight_of_their_samples(loss, tmp_path):
    whole, losses = trained(SMOOTH | {"loss": loss}, 1, tmp_path)
    cut, same = trained(SMOOTH | {"loss": loss}, 4, tmp_path)
    assert np.allclose(losses, same, rtol=1e-13)
    assert np.allclose(whole.network.theta, cut.network.theta, rtol=1e-12)


def test_a_batch_needs_the_memory_of_one_shard(tmp_path):
    whole, _ = trained(SMOOTH | {"train": SMOOTH["train"] | {"batch_size": 64}}, 1, tmp_path, 1)
    cut, _ = trained(SMOOTH | {"train": SMOOTH["train"] | {"batch_size": 64}}, 2, tmp_path, 1)
    assert (whole.network.rows, cut.network.rows) == (64, 32)


def test_stateful_layers_carry_the_state_of_each_row(tmp_path):
    (tmp_path / "text.txt").write_text("abcdefghij" * 130)
    config = WINDOWS | {"train": WINDOWS["train"] | {"precision": "float64"}}
    whole, losses = trained(config, 1, tmp_path, 6)
    cut, same = trained(config, 3, tmp_path, 6)
    assert np.allclose(losses, same, rtol=1e-12)
    assert np.allclose(whole.network.theta, cut.network.theta, rtol=1e-11)


def test_tied_weights_get_the_gradient_of_both_uses_from_all_shards(tmp_path):
    (tmp_path / "text.txt").write_text("abcdefghij" * 130)
    gru = {"gru": {"units": 6, "return_sequences": True, "stateful": True}}
    layers = [{"embedding": 6}, gru, {"dense": {"tied_to": "embedding_1"}}]
    train = WINDOWS["train"] | {"precision": "float64"}
    config = WINDOWS | {"model": {"layers": layers}, "train": train}
    whole, losses = trained(config, 1, tmp_path)
    cut, same = trained(config, 3, tmp_path)
    assert np.allclose(losses, same, rtol=1e-12)
    assert np.allclose(whole.network.grad, cut.network.grad, rtol=1e-9, atol=1e-13)


def test_each_shard_has_a_dropout_mask_of_its_own(tmp_path):
    config = SMOOTH | {
        "data": {"source": {"random": {"input": [200], "classes": 5, "samples": 70}}},
        "model": {"layers": [{"dropout": 0.5}, {"dense": 5}]},
    }
    trainer, _ = trained(config, 2, tmp_path, 0)
    masks = []
    for shard, feed in trainer.loader.batch(0, 0):
        trainer.network.info.shard = shard
        feed.forward(training=True)
        masks.append(feed.executor.contexts["dropout_1"].kept.copy())
    assert 0.3 < np.mean(masks[0] == masks[1]) < 0.7


def test_running_statistics_are_the_mean_over_the_shards(tmp_path):
    config = SMOOTH | {"model": {"layers": ["flatten", "batch_norm", {"dense": 5}]}}
    trainer, _ = trained(config, 2, tmp_path, 1)
    batch = trainer.loader.batch(0, 0)
    means = [feed.batch.x.reshape(feed.rows, -1).mean(axis=0) for _, feed in batch]
    assert np.allclose(trainer.network.state["batch_norm_1.running_mean"], 0.1 * np.mean(means, axis=0))


def test_an_interrupted_and_resumed_run_equals_the_straight_one(shell, monkeypatch):
    straight = contents(shell.fit(EVERYTHING, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        run = shell.fit(EVERYTHING, name="broken", code=130)
    assert read(run / "checkpoints/last.safetensors").facts["training"]["step"] == 5
    shell.fit(EVERYTHING, "--resume", name="broken")
    assert contents(run) == straight


def test_one_thread_and_two_give_the_same_bytes(shell):
    assert contents(shell.fit(EVERYTHING, "--threads", 1, name="a")) == contents(
        shell.fit(EVERYTHING, "--threads", 2, name="b")
    )


def test_a_resumed_run_with_stateful_layers_equals_the_straight_one(shell, monkeypatch):
    (shell.folder / "text.txt").write_text("abcdefghij" * 130)
    config = json.dumps(WINDOWS | {"train": WINDOWS["train"] | {"shards": 3}})
    straight = contents(shell.fit(config, name="straight"))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        run = shell.fit(config, name="broken", code=130)
    shell.fit(config, "--resume", name="broken")
    assert contents(run) == straight


def test_a_single_shard_is_the_batch(shell):
    without = EVERYTHING.replace("  shards: 6\n", "")
    one = EVERYTHING.replace("shards: 6", "shards: 1")
    assert contents(shell.fit(without, name="a")) == contents(shell.fit(one, name="b"))


@pytest.mark.parametrize("answer", ["skip", "rollback"])
def test_a_nan_in_one_shard_skips_the_whole_step(shell, answer):
    rows = ["a,b,t", *(f"{i},{i * i % 7},{i % 3}" for i in range(48))]
    rows[20] = "3e38,3e38,1"
    (shell.folder / "table.csv").write_text("\n".join(rows))
    config = f"""
data: {{csv: {{path: table.csv, target: t, task: classification}}}}
model: {{layers: [{{dense: {{units: 16, activation: relu}}}}, {{dense: 3}}]}}
loss: cross_entropy
optimizer: {{sgd: {{lr: 0.1}}}}
train: {{epochs: 2, batch_size: 16, shards: 4, on_nan: {answer}}}
"""
    run = shell.fit(config, name="a")
    facts = read(run / "checkpoints/last.safetensors").facts["training"]
    assert facts["skipped"] + facts["rollbacks"] >= 1


def test_a_divergence_names_the_samples_of_its_shard(shell):
    config = EVERYTHING.replace("lr: 1e-2", "lr: 1e30").replace("  grad_clip: {norm: 0.5}\n", "")
    result = shell.run("fit", shell.write(config), code=1)
    assert "not finite" in result.stderr


ERRORS = {
    "shards: 5": "train.shards: expected a number that divides `batch_size`, 24, into equal parts. Received: 5",
    "shards: 24": "needs at least 2 samples in every shard, but the last shard of an epoch has 1",
    "shards: 0": "expected a number of at least 1",
}


@pytest.mark.parametrize("option", ERRORS)
def test_impossible_shards_are_errors(shell, option):
    result = shell.run("fit", shell.write(EVERYTHING.replace("shards: 6", option)), code=2)
    assert ERRORS[option] in " ".join(result.stderr.split())


def test_more_shards_than_samples_are_an_error(shell):
    config = EVERYTHING.replace("batch_size: 24", "batch_size: full").replace("shards: 6", "shards: 80")
    result = shell.run("fit", shell.write(config), code=2)
    assert "a batch of 72 samples has 72 shards of equal size at most" in " ".join(result.stderr.split())


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 11, 16])
def test_losses_are_summed_in_the_same_tree(count):
    rows = np.random.default_rng(count).normal(size=(count, 2)) * 10.0 ** np.arange(-count, count, 2)[:, None]
    sums, total = TreeSum(), np.empty(2)
    for index, row in enumerate(rows):
        sums.add_leaf(index, row)
    sums.total(total)
    assert _tree_total(rows).tobytes() == total.tobytes()


def test_one_process_is_a_rank_of_its_own():
    assert (ALONE.rank, ALONE.size, ALONE.any(True, False), ALONE.gathered(3)) == (0, 1, (True, False), [3])
