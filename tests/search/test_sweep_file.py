"""Sweep files: every mistake is found before the first trial, at its place."""

import pytest

from nntrain.config.document import Document
from nntrain.errors import UserError
from nntrain.search.sweep.plan import Plan
from tests.support import ROOT
from tests.support.sweeps import SWEEP


def plan(text: str, *overrides: str) -> Plan:
    return Plan.read(Document.parse(text, "sweep.yaml"), overrides)


def error(text: str, *overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        plan(text, *overrides)
    return str(caught.value)


def with_parameter(line: str, text: str = SWEEP) -> str:
    return f"{text}  {line}\n"


def test_a_config_in_place_of_a_sweep_file_is_one_error():
    text = (ROOT / "configs/digits.yaml").read_text()
    assert error(text).startswith("sweep.yaml: a config, not a sweep file")


# A wrong line below `parameters`, and what its error says: the column of the mistake on line 16, and words of it.
WRONG_PARAMETERS = {
    "not a range": ("train.batch_size: 10", 21, "expected a list of choices or a range"),
    "unknown range": ("train.batch_size: {itn: [10, 20]}", 22, "Did you mean 'int'?"),
    "a range of another tool": (
        "train.regularize.l2: {loguniform: [1, 2]}",
        25,
        "In nntrain this is 'log_uniform'",
    ),
    "falling": ("train.batch_size: {int: [20, 10]}", 22, "low < high"),
    "three numbers": ("train.batch_size: {int: [10, 20, 30]}", 22, "low < high"),
    "from zero": ("train.regularize.l2: {log_uniform: [0, 1]}", 25, "begins above 0"),
    "step": ("train.batch_size: {int: {bounds: [10, 20], step: 3}}", 27, "a multiple of `step`"),
    "no choice": ("train.batch_size: []", 21, "at least 1"),
    "equal choices": ("train.batch_size: [10, 20, 10]", 21, "the same choice twice: 10"),
    "no name": ("train..batch_size: [10, 20]", 22, "expected the name of an option"),
    "unknown option": ("train.bach_size: [10, 20]", 3, "Did you mean 'batch_size'?"),
    "unknown section": ("trian.batch_size: [10, 20]", 3, "Did you mean 'train'?"),
    "no such layer": ("model.layers[7].dense.units: [10, 20]", 3, "[0] to [1]"),
    "another component": ("model.layers[0].conv2d.filters: [1, 2]", 3, "is 'dense' in the config"),
    "a fraction for an integer": ("train.batch_size: {uniform: [10, 20]}", 21, "expected an integer"),
    "beyond the low end": ("train.batch_size: {int: [0, 20]}", 28, "of at least 1"),
    "beyond the high end": ("train.regularize.l2: [0.1, much]", 30, "expected a number"),
    "a wrong name in a choice": ("schedule: [constant, cosin]", 24, "unknown schedule 'cosin'"),
    "a wrong range in a choice": (
        "schedule: [constant, {exponential: {gamma: {uniform: [1, 0]}}}]",
        47,
        "low < high",
    ),
    "a range beyond an option": (
        "model.layers[0]: [{dropout: {rate: {uniform: [0, 7]}}}, {dense: 8}]",
        52,
        "Received: 7",
    ),
    "a shape": ("model.layers[1]: [{dense: 2}, {dense: 3}]", 41, "2 classes"),
    "a nested option of another choice": (
        "optimizer.adam.eps: [1e-8, 1e-7]",
        3,
        "no such option with `optimizer: sgd`",
    ),
    "varied twice": ("optimizer.adam.lr: [1e-8, 1e-7]", 22, "is varied twice"),
}


@pytest.mark.parametrize("name", WRONG_PARAMETERS)
def test_a_wrong_parameter_is_an_error_at_its_place(name):
    line, column, words = WRONG_PARAMETERS[name]
    message = error(with_parameter(line))
    assert f"sweep.yaml:16:{column}: " in message
    assert words in message


WRONG_OPTIONS = {
    "misspelt": ("methd=grid", "Did you mean 'method'?"),
    "an option of another tool": ("n_trials=4", "In nntrain this is 'trials'"),
    "a direction": ("direction=maximize", "known from the metric"),
    "unknown method": ("method=bayes", "'cmaes', 'grid', 'qmc', 'random' or 'tpe'"),
    "unknown metric": ("objective=acuracy", "Did you mean 'accuracy'?"),
    "a metric that the config lacks": ("objective=f1", "Add `f1` to `metrics` of the config"),
    "of the test split": ("objective=test_accuracy", "`objective: validation_accuracy`"),
    "a grid of ranges": ("method=grid", "a grid needs a list of values"),
    "cmaes of one number": ("method=cmaes", "at least two ranges"),
    "nothing to prune": ("config.train.epochs=1", "a single evaluation"),
    "group without folds": ("group=age", "`group` requires `folds`"),
    "a wrong config": ("config.train.epoch=1", "In nntrain this is 'epochs'"),
}


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_a_wrong_option_is_an_error(name):
    override, words = WRONG_OPTIONS[name]
    assert words in error(SWEEP, "pruning=median", override)


def test_all_mistakes_of_a_phase_are_reported_at_once():
    text = with_parameter("train.bach_size: [10, 20]", with_parameter("train.batch_size: {int: [0, 20]}"))
    message = error(text)
    assert "sweep.yaml:16:28" in message
    assert "sweep.yaml:17:3" in message


def test_a_sweep_without_an_end_is_an_error():
    assert "expected `trials` or `time_limit`" in error(SWEEP.replace("trials: 4\n", ""))
    assert plan(SWEEP.replace("trials: 4", "time_limit: {minutes: 2}")).total is None


def test_a_sweep_without_validation_data_is_an_error():
    text = SWEEP.replace(", validation: 0.25", "")
    assert "no validation split" in error(text)
    assert plan(text, "objective=train_loss").objective.column == "train_loss"


def test_values_of_different_losses_are_not_compared():
    text = with_parameter("loss: [cross_entropy, {cross_entropy: {label_smoothing: 0.1}}]")
    assert "`loss` is varied" in error(text)
    assert plan(text, "objective=accuracy").objective.higher_is_better


def test_the_default_objective_is_what_the_config_monitors():
    assert plan(SWEEP).objective.column == "validation_loss"
    assert plan(SWEEP, "config.train.monitor=validation_accuracy").objective.column == "validation_accuracy"
    assert plan(SWEEP, "objective=accuracy").objective.column == "validation_accuracy"


def test_a_config_file_is_found_beside_the_sweep_file(tmp_path):
    (tmp_path / "base.yaml").write_text(
        "data: {source: digits, validation: 0.2}\nmodel: {layers: [{dense: 10}]}\n"
        "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
    )
    (tmp_path / "sweep.yaml").write_text(
        "config: base.yaml\ntrials: 2\nparameters: {optimizer.sgd.lr: [0.1, 0.2]}\n"
    )
    found = Plan.read(Document.read(tmp_path / "sweep.yaml"))
    assert found.setup.config.optimizer.yaml_name == "sgd"
    assert found.space.overrides({"optimizer.sgd.lr": 0.2}) == ("optimizer.sgd.lr=0.2",)


def test_an_error_in_the_config_file_has_its_place_there(tmp_path):
    (tmp_path / "base.yaml").write_text("data: digits\nmodel: {layers: [{dense: 10}]}\nlos: mse\n")
    (tmp_path / "sweep.yaml").write_text("config: base.yaml\ntrials: 2\nparameters: {seed: [0, 1]}\n")
    with pytest.raises(UserError) as caught:
        Plan.read(Document.read(tmp_path / "sweep.yaml"))
    assert "base.yaml:3:1: los" in str(caught.value)
    (tmp_path / "base.yaml").unlink()
    with pytest.raises(UserError) as caught:
        Plan.read(Document.read(tmp_path / "sweep.yaml"))
    assert "sweep.yaml:1:9: config" in str(caught.value)


def test_choices_of_components_have_their_names_where_these_differ():
    def labels(line: str) -> list:
        return [choice.label for choice in plan(with_parameter(line)).space.parameters[-1].choices]

    assert labels("schedule: [constant, {exponential: {gamma: 0.9}}]") == ["constant", "exponential"]
    assert labels("schedule: [{exponential: {gamma: 0.9}}, {exponential: {gamma: 0.8}}]") == [
        "{exponential: {gamma: 0.9}}",
        "{exponential: {gamma: 0.8}}",
    ]
    assert labels("train.grad_clip: [null, {norm: 1}]") == [None, "{norm: 1}"]


def test_a_range_in_a_choice_is_none_where_the_config_has_a_component_of_that_name():
    line = "model.layers[0].dense.weight_initializer: [{uniform: {low: -0.1, high: 0.1}}, zeros]"
    parameter = plan(with_parameter(line)).space.parameters[-1]
    assert not parameter.choices[0].inner


def test_overrides_give_the_values_of_a_trial_exactly():
    found = plan(with_parameter("model.layers[1]: [{dense: {units: 2, use_bias: false}}, {dense: 2}]"))
    values = {
        "optimizer": "sgd",
        "optimizer.sgd.lr": 0.1 + 0.2,
        "model.layers[0].dense.units": 7,
        "model.layers[1]": "{dense: {units: 2, use_bias: false}}",
    }
    overrides = found.space.overrides(values)
    assert overrides == (
        "optimizer={sgd: {lr: 0.30000000000000004, momentum: 0.9}}",
        "model.layers[0].dense.units=7",
        "model.layers[1]={dense: {units: 2, use_bias: false}}",
    )
    config, _ = found.config_with(overrides)
    assert config.optimizer.lr == 0.1 + 0.2
    assert [layer.units for layer in config.model.layers] == [7, 2]


def test_trials_on_different_samples_are_warned_of():
    assert plan(SWEEP).warnings == []
    assert plan(with_parameter("data.standardize: [true, false]")).warnings == []
    assert "different samples" in plan(with_parameter("data.validation: [0.1, 0.2]")).warnings[0]
    assert "`seeds: 3`" in plan(with_parameter("seed: [0, 1]")).warnings[0]


@pytest.mark.parametrize("file", sorted((ROOT / "configs/sweeps").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_sweeps_of_the_gallery_fit_their_configs(file):
    assert Plan.read(Document.read(file)).warnings == []


def test_a_grid_has_every_combination_once():
    text = with_parameter(
        "model.layers[0].dense.units: [4, 8]", SWEEP.split("parameters:")[0] + "parameters:\n"
    )
    text = with_parameter("optimizer: [{sgd: {lr: {uniform: {bounds: [0.1, 0.3], step: 0.1}}}}, adam]", text)
    found = plan(text, "method=grid", "trials=null")
    assert found.total == 8
    assert [tuple(values.values()) for values in found.combinations[:4]] == [
        (4, "sgd", 0.1),
        (4, "sgd", 0.2),
        (4, "sgd", 0.3),
        (4, "adam"),
    ]
    assert "of which the first 4" in plan(text, "method=grid", "trials=4").warnings[-1]
    assert "no more trials are run" in plan(text, "method=grid", "trials=40").warnings[-1]
