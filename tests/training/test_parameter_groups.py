"""Parameter groups: each is trained by its own options, as PyTorch trains param groups; and what a group means elsewhere."""

import json

import numpy as np
import pytest

import nntrain
from nntrain.api.setup import load_setup
from nntrain.gradient_check.network import NetworkCheck
from nntrain.inference.evaluate import Tally
from nntrain.run.checkpoint import read
from nntrain.training.groups import other_rates, parameter_rows
from nntrain.training.loop import Trainer
from tests.conftest import contents, interrupt_at
from tests.support import VECTORS
from tests.support.parameter_groups import CASES, LR, STEPS, data, start

RECORDED = dict(np.load(VECTORS / "groups.npz"))
LAYERS = [
    {"dense": {"units": 6, "activation": "tanh"}},
    {"dense": {"units": 5, "activation": "tanh"}},
    {"dense": 3},
]
GROUPED = """
data: {source: {synthetic: {kind: two_moons, samples: 120, noise: 0.1}}, validation: 0.2}
model:
  layers:
    - dense: {units: 8, activation: tanh}
    - batch_norm
    - dense: {units: 6, activation: relu}
    - dense: {units: 5, activation: tanh}
    - dense: 2
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.02, weight_decay: 0.01}}
parameter_groups:
  - {match: "dense_1.weight", freeze: true}
  - {match: "batch_norm_*", lr_scale: 0.5}
  - {match: ["dense_2.*", "dense_4.weight"], optimizer: {sgd: {lr: 0.1, momentum: 0.9}}}
  - {match: "dense_3.*", freeze: true}
schedule: {cosine: {warmup: {steps: 5}}}
train: {epochs: 4, batch_size: 24, shards: 4, regularize: {l2: 1e-3}}
"""


def config_of(case, tmp_path, **changes):
    x, target = data()
    np.savez(tmp_path / "data.npz", x=x, y=target)
    (kind, options), clip = case["optimizer"], case["clip"]
    config = {
        "data": {"source": {"npz": str(tmp_path / "data.npz")}},
        "model": {"layers": LAYERS},
        "loss": "cross_entropy",
        "optimizer": {kind: {"lr": LR, **options}},
        "parameter_groups": case["groups"],
        "schedule": {"cosine": {}},
        "train": {"epochs": STEPS, "batch_size": "full", "precision": "float64", "grad_clip": {"norm": clip}},
    }
    return config | changes


def losses_of(config, steps=STEPS):
    trainer = Trainer(load_setup(config)[0])
    for name, values in start().items():
        trainer.network.arena.parameters[name][...] = values
    tally, losses = Tally(trainer.config.loss, ()), []
    trainer.step.begin()
    for step in range(steps):
        batch = trainer.loader.batch(step, 0)
        losses.append(trainer.step(batch, step + 1, trainer.learning_rate(), tally))
        trainer.state.step += 1
    return losses, trainer.network.arena.parameters


@pytest.mark.parametrize("name", CASES)
def test_the_trajectory_is_pytorchs(name, tmp_path):
    losses, parameters = losses_of(config_of(CASES[name], tmp_path))
    np.testing.assert_allclose(losses, RECORDED[f"{name}/losses"], rtol=1e-9)
    for parameter, values in parameters.items():
        np.testing.assert_allclose(values, RECORDED[f"{name}/{parameter}"], rtol=1e-8, atol=1e-11)


def test_groups_that_change_nothing_change_no_value(tmp_path):
    """Only the order of the parameters in memory, and so that of sums over all of them, is another one."""
    case = CASES["sgd"] | {"groups": []}
    groups = [{"match": "dense_2.*", "lr": LR}, {"match": "*.weight", "lr_scale": 1.0}]
    plain, _ = losses_of(config_of(case, tmp_path))
    grouped, _ = losses_of(config_of(case, tmp_path, parameter_groups=groups))
    np.testing.assert_allclose(grouped, plain, rtol=1e-12)


def test_each_group_has_a_segment_of_its_weights_and_the_rest(tmp_path):
    network = load_setup(config_of(CASES["sgd"], tmp_path))[0].network(12)
    assert [tuple(segment) for segment in network.arena.segments] == [
        (None, 0, 30, 33),
        (0, 33, 57, 63),
        (1, 63, 78, 83),
    ]
    assert network.arena.gradients["dense_3.weight"].base is network.grad.base or network.grad.size == 83


def test_a_layer_frozen_by_a_group_is_frozen_as_by_its_option(tmp_path):
    case = CASES["sgd"]
    frozen = [{"dense": {"units": 6, "activation": "tanh", "freeze": True}}, *LAYERS[1:]]
    by_option = config_of(case, tmp_path, model={"layers": frozen}, parameter_groups=[])
    by_group = config_of(case, tmp_path, parameter_groups=[{"match": "dense_1.*", "freeze": True}])
    (losses, parameters), (same, others) = losses_of(by_option), losses_of(by_group)
    assert losses == same
    assert all((parameters[name] == others[name]).all() for name in parameters)
    sizes = [load_setup(config)[0].network(12).theta.size for config in (by_option, by_group)]
    assert sizes[0] == sizes[1]


def test_an_interrupted_and_resumed_run_with_groups_equals_the_straight_one(shell, monkeypatch):
    straight = shell.fit(GROUPED, name="straight")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        shell.fit(GROUPED, name="run", code=130)
    shell.fit(GROUPED, "--resume")
    assert contents(straight) == contents(shell.folder / "runs/run")


def test_frozen_parameters_of_a_group_stay(shell):
    folder = shell.fit(GROUPED)
    trained = read(folder / "checkpoints/last.safetensors").tensors
    setup = load_setup(folder / "config.resolved.yaml")[0]
    initial = setup.network(8).arena.parameters
    stays = {name for name, values in initial.items() if (trained[f"parameter.{name}"] == values).all()}
    assert stays == {"dense_1.weight", "dense_3.weight", "dense_3.bias"}


@pytest.mark.parametrize(
    "change", ["train.ema={decay: 0.9}", "train.grad_clip={norm: 0.1}", "train.on_nan=rollback"]
)
def test_a_run_with_groups_is_evaluated_as_it_was_trained(shell, change):
    folder = shell.fit(GROUPED, "--set", change)
    info, scores = json.loads((folder / "run.json").read_text()), shell.scores(folder)
    assert scores["loss"] == pytest.approx(info["scores"][scores["split"]]["loss"], rel=1e-6)
    assert nntrain.load(folder).summary().count("frozen") >= 3


def test_the_gradients_of_a_network_with_groups_are_right(tmp_path):
    checks = list(NetworkCheck(load_setup(nntrain_config(GROUPED, tmp_path))[0], rows=8).run())
    assert {check.status for check in checks} == {"PASS"}
    assert {f"{check.component}.{check.tensor}" for check in checks} == {
        "dense_1.bias",
        "batch_norm_1.scale",
        "batch_norm_1.shift",
        "dense_2.weight",
        "dense_2.bias",
        "dense_4.weight",
        "dense_4.bias",
    }


def nntrain_config(text, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_the_schedule_changes_all_rates_by_the_same_factor(tmp_path):
    trainer = Trainer(load_setup(nntrain_config(GROUPED, tmp_path))[0])
    step = trainer.step
    rates = [[rule.rate(lr, step.reached) for rule in step.rules.values()] for lr in (0.02, 0.005)]
    np.testing.assert_allclose(rates[0], [0.02, 0.01, 0.1])
    np.testing.assert_allclose(np.array(rates[1]) * 4, rates[0])


def test_another_rate_leaves_the_groups_own_rate_alone(tmp_path):
    """As a range test needs it, whose suggestion replaces the optimizer's rate alone."""
    step = Trainer(load_setup(nntrain_config(GROUPED, tmp_path))[0]).step
    with step.reaching(7.0):
        assert [rule.rate(7.0, step.reached) for rule in step.rules.values()] == [7.0, 3.5, 0.1]
    assert step.reached == 0.02


def test_a_rate_of_one_cycle_is_that_of_its_peak(tmp_path):
    config = config_of(CASES["adam"], tmp_path, schedule={"one_cycle": {"max_lr": 0.6}})
    assert other_rates(load_setup(config)[0].config) == {"dense_?.bias": pytest.approx(0.5)}


def test_the_rows_of_a_table_say_what_each_parameter_gets(tmp_path):
    setup = load_setup(nntrain_config(GROUPED, tmp_path))[0]
    rows = {row.name: row for row in parameter_rows(setup.config, setup.graph)}
    assert rows["dense_1.weight"].lr is None
    assert (rows["dense_1.bias"].lr, rows["dense_1.bias"].weight_decay) == (0.02, 0.0)
    assert (rows["batch_norm_1.scale"].lr, rows["batch_norm_1.scale"].group) == (0.01, 1)
    assert (rows["dense_4.weight"].optimizer, rows["dense_4.weight"].lr) == ("sgd", 0.1)


PROBLEMS = {
    "no such name": '[{match: "dens_1.*", lr: 1}]',
    "one of several": '[{match: ["*.bias", "foo"], lr: 1}]',
    "taken by another": '[{match: "*", lr: 1}, {match: "*.bias", lr: 2}]',
    "nothing set": '[{match: "*"}]',
    "two rates": '[{match: "*", lr: 1, lr_scale: 1}]',
    "freeze and a rate": '[{match: "*", freeze: true, lr: 1}]',
    "optimizer and a rate": '[{match: "*", optimizer: {adam: 1e-3}, lr: 1}]',
    "biases do not decay": '[{match: "*.bias", weight_decay: 0.1}]',
    "unknown option": '[{match: "*", momentum: 0.5}]',
    "another tool's": '[{match: "*", lr_mult: 0.5}]',
    "nothing learns": '[{match: "*", freeze: true}]',
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_mistake_is_reported_with_its_place(shell, wording, name):
    text = shell.write(GROUPED[: GROUPED.index("parameter_groups")] + f"parameter_groups: {PROBLEMS[name]}\n")
    wording(shell.run("summary", text, code=2).stderr)


def test_a_group_of_layers_that_are_frozen_is_a_mistake(shell, wording):
    text = GROUPED.replace("units: 8, activation: tanh", "units: 8, freeze: true").replace(
        'freeze: true}\n  - {match: "batch', 'lr: 1}\n  - {match: "batch'
    )
    wording(shell.run("summary", shell.write(text), code=2).stderr)


def test_the_summary_shows_groups_and_parameters(shell, wording):
    text = shell.run("summary", shell.write(GROUPED), "--parameters").stdout
    assert "all others" in text
    assert "partly frozen" in text
    wording(text)
