"""Training with optimizers that average, compute a second gradient or see matrices: states, evaluation, and what does not fit."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import nntrain
from nntrain.api.setup import load_setup
from nntrain.errors import UserError
from nntrain.inference.evaluate import Tally
from nntrain.training.loop import Trainer
from tests.conftest import MOONS, contents, interrupt_at

DEEP = MOONS.replace("{dropout: 0.2}", "{dropout: 0.2}, {dense: {units: 6, activation: tanh}}")
OPTIMIZERS = {
    "muon": "muon: {lr: 0.02, weight_decay: 0.1}",
    "schedule_free_sgd": "schedule_free_sgd: {lr: 0.5, warmup_steps: 7}",
    "schedule_free_adamw": "schedule_free_adamw: {lr: 0.02, weight_decay: 0.1}",
    "lamb": "lamb: {lr: 0.02}",
    "rprop": "rprop",
    "sam": "sam: {base: {sgd: {lr: 0.1, momentum: 0.9}}}",
    "lookahead": "lookahead: {k: 3, base: {adam: {lr: 0.02}}}",
    "all": "sam: {base: {lookahead: {base: {muon: {others: {rmsprop: 0.01}}}}}}",
}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def with_optimizer(optimizer, config=DEEP):
    return config.replace("adam: {lr: 0.02}", optimizer)


def trained(config, folder, steps=1, shards=1):
    """A trainer after some steps, with the loss and metrics of them all."""
    path = folder / "config.yaml"
    path.write_text(config.replace("batch_size: 20", f"batch_size: 20, shards: {shards}, precision: float64"))
    trainer = Trainer(load_setup(path)[0])
    trainer.network.initialize()
    trainer.step.begin()
    tally = Tally(trainer.config.loss, trainer.config.metrics)
    for step in range(steps):
        batch = trainer.loader.batch(*divmod(step, len(trainer.batches)))
        trainer.step(batch, step + 1, trainer.config.optimizer.lr, tally)
    trainer.step.collect(tally)
    return trainer, tally.scores()


@each_optimizer
def test_a_run_resumed_within_an_epoch_is_the_straight_one(optimizer, shell, monkeypatch):
    straight = shell.fit(with_optimizer(optimizer), name="straight")
    interrupt_at(monkeypatch, 8)
    shell.fit(with_optimizer(optimizer), name="run", code=130)
    resumed = shell.fit(with_optimizer(optimizer), "--resume", name="run")
    assert contents(resumed) == contents(straight)


@each_optimizer
def test_a_run_in_shards_learns(optimizer, tmp_path):
    _, first = trained(with_optimizer(optimizer), tmp_path, 1, shards=4)
    _, all_steps = trained(with_optimizer(optimizer), tmp_path, 40, shards=4)
    assert all_steps["loss"] < first["loss"]


@pytest.mark.parametrize("optimizer", ["schedule_free_sgd", "schedule_free_adamw", "lookahead"])
def test_evaluation_checkpoints_and_predictions_use_the_average(optimizer, shell):
    run = shell.fit(with_optimizer(OPTIMIZERS[optimizer]))
    stored = load_file(run / "checkpoints/last.safetensors")
    rows = (run / "metrics.csv").read_text().splitlines()
    last = dict(zip(rows[0].split(","), rows[-1].split(","), strict=True))
    scores = shell.scores(run / "checkpoints/last.safetensors", "--split", "validation")
    assert scores["loss"] == pytest.approx(float(last["validation_loss"]), rel=1e-6)
    weights = nntrain.load(run / "checkpoints/last.safetensors").parameters["dense_1.weight"]
    assert not np.array_equal(weights, stored["parameter.dense_1.weight"])
    assert np.array_equal(weights.ravel(), stored["average.theta"][: weights.size])


SAM = with_optimizer(
    "sam: {rho: 0.1, base: {sgd: {lr: 0.1, momentum: 0.9}}}", DEEP.replace("tanh}}]", "tanh}}, batch_norm]")
)
PLAIN = SAM.replace("sam: {rho: 0.1, base: {sgd: {lr: 0.1, momentum: 0.9}}}", "sgd: {lr: 0.1, momentum: 0.9}")


def test_sam_takes_the_gradient_at_the_worst_point_nearby_with_the_same_masks(tmp_path):
    sharp, _ = trained(SAM, tmp_path)
    plain, _ = trained(PLAIN, tmp_path, 0)
    batch = plain.loader.batch(0, 0)
    start = plain.network.theta.copy()
    plain.step(batch, 1, 1e-30, Tally(plain.config.loss, ()))
    first = plain.network.grad.copy()
    plain.network.theta[...] = start + 0.1 * first / np.linalg.norm(first)
    plain.step(batch, 1, 1e-30, Tally(plain.config.loss, ()))
    np.testing.assert_allclose(sharp.network.grad, plain.network.grad, rtol=1e-12, atol=1e-15)
    assert not np.allclose(sharp.network.grad, first)
    np.testing.assert_allclose(sharp.network.theta, start - 0.1 * plain.network.grad, rtol=1e-12)


def test_sam_counts_the_first_pass_in_loss_metrics_and_running_statistics(tmp_path):
    sharp, scores = trained(SAM, tmp_path)
    plain, expected = trained(PLAIN, tmp_path)
    assert scores == expected
    assert sharp.network.state.keys() == plain.network.state.keys()
    for name, state in sharp.network.state.items():
        assert state.tobytes() == plain.network.state[name].tobytes()


def test_sam_of_shards_is_the_mean_of_theirs(tmp_path):
    """Each shard has its own worst point."""
    config = with_optimizer("sam: {rho: 0.1, base: {sgd: {lr: 0.1}}}", MOONS.replace(", {dropout: 0.2}", ""))
    cut, _ = trained(config, tmp_path, shards=2)
    batch = cut.batches.indices(0, 0)
    gradients = []
    for rows in np.split(batch, 2):
        whole, _ = trained(config, tmp_path, 0)
        feed = whole.feeds.filled(whole.data, rows)
        whole.step.move(feed, 1, 1e-30)
        gradients.append(whole.network.grad.copy())
    np.testing.assert_allclose(cut.network.grad, np.mean(gradients, axis=0), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("optimizer", "more", "place"),
    [
        ("schedule_free_adamw", {"train": {"ema": {"decay": 0.9}}}, "train.ema"),
        ("lookahead: {base: adam}", {"train": {"ema": {"decay": 0.9}}}, "train.ema"),
        ("schedule_free_sgd", {"schedule": "cosine"}, "schedule"),
        ("sam: {base: schedule_free_sgd}", {"schedule": {"constant": {"warmup": {"epochs": 1}}}}, "schedule"),
        ("rprop", {"schedule": "cosine"}, "schedule"),
    ],
)
def test_what_contradicts_the_optimizer_is_an_error(optimizer, more, place, shell, wording):
    config = with_optimizer(optimizer).replace(
        "epochs: 4", "epochs: 4, ema: {decay: 0.9}" if "train" in more else "epochs: 4"
    )
    if "schedule" in more:
        config += f"schedule: {json.dumps(more['schedule'])}\n"
    shell.write(config)
    error = shell.run("fit", "config.yaml", code=2).stderr
    assert place.rpartition(".")[2] in error
    wording(error)


@pytest.mark.parametrize("optimizer", ["rprop", "muon"])
def test_what_trains_otherwise_than_intended_is_a_warning(optimizer, shell, wording):
    """Mini-batches for rprop; no hidden layer for muon."""
    shallow = MOONS.replace("{dense: {units: 8, activation: tanh}}, ", "")
    shell.write(with_optimizer(optimizer, shallow))
    wording(shell.run("summary", "config.yaml").stderr)
    silent = DEEP.replace("batch_size: 20", "batch_size: full")
    shell.write(with_optimizer(optimizer, silent))
    assert optimizer not in shell.run("summary", "config.yaml").stderr


def test_the_rate_of_a_wrapper_is_that_of_its_base(shell):
    config = shell.write(with_optimizer("lookahead: {base: {adam: {lr: 0.02}}}"))
    found = nntrain.find_lr(config, steps=60)
    assert found.key == "optimizer.lookahead.base.adam.lr"
    assert found.lr == 0.02
    assert found.yaml == f"optimizer: {{lookahead: {{base: {{adam: {{lr: {found.suggestion:g}}}}}}}}}"
    run = nntrain.fit(config, set={found.key: 0.5, "train.epochs": 1}, runs_dir=None)
    assert run.config["optimizer"]["lookahead"]["base"]["adam"]["lr"] == 0.5


def test_rprop_has_no_rate_to_find(shell, wording):
    with pytest.raises(UserError) as caught:
        nntrain.find_lr(shell.write(with_optimizer("rprop")))
    wording(str(caught.value))


def test_the_parameters_of_rollbacks_to_the_start_are_the_initial_ones(tmp_path):
    """The state that an optimizer starts from is in the arrays that a rollback restores."""
    rollback = with_optimizer("schedule_free_sgd: 0.5").replace(
        "batch_size: 20", "batch_size: 20, on_nan: rollback"
    )
    trainer, _ = trained(rollback, tmp_path, 0)
    trainer.set_anchor()
    trainer.step(trainer.loader.batch(0, 0), 1, 0.5, Tally(trainer.config.loss, ()))
    trainer.anchor.restore()
    np.testing.assert_array_equal(trainer.step.slots["z"], trainer.network.theta)
