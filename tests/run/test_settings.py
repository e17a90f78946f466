"""The options in which runs differ."""

import pytest

from nntrain.config import Document, dump
from nntrain.config.validate import checked
from nntrain.run.settings import ABSENT, differing, labels, read_settings
from tests.support import ROOT

SGD = {
    "optimizer": {"sgd": {"lr": 0.1, "momentum": 0.9}},
    "model": {"layers": [{"dense": {"units": 4}}, {"relu": {}}]},
}


def changed(**options):
    return {**SGD, **options}


def test_values_components_and_lists_are_compared():
    adam = changed(optimizer={"adam": {"lr": 0.01, "eps": 1e-8}})
    assert differing([SGD, adam]) == {("optimizer",): ["sgd", "adam"], ("optimizer", "lr"): [0.1, 0.01]}
    wide = changed(model={"layers": [{"dense": {"units": 8}}, {"relu": {}}]})
    assert differing([SGD, wide, SGD]) == {("model", "layers", 0, "dense", "units"): [4, 8, 4]}
    deep = changed(model={"layers": [{"dense": {"units": 4}}]})
    assert list(differing([SGD, deep])) == [("model", "layers")]
    assert differing([SGD, SGD]) == {}
    assert differing([{"a": 1}, {"a": True}]) == {
        ("a",): [1, True]
    }  # not the same, although Python finds them equal


def test_options_of_components_of_one_kind_are_compared_beside_another_kind():
    rnn, other = (
        {"model": {"layers": [{"simple_rnn": {"units": 4, "activation": name}}]}} for name in ("relu", "tanh")
    )
    lstm = {"model": {"layers": [{"lstm": {"units": 4}}]}}
    assert differing([lstm, rnn, other]) == {
        ("model", "layers", 0): ["lstm", "simple_rnn", "simple_rnn"],
        ("model", "layers", 0, "simple_rnn", "activation"): [ABSENT, "relu", "tanh"],
    }
    assert labels(["a", "b", "c"], [lstm, rnn, other]) == [
        "lstm",
        "simple_rnn, activation relu",
        "simple_rnn, activation tanh",
    ]


def test_labels_are_short_and_tell_the_runs_apart():
    adam = changed(optimizer={"adam": {"lr": 0.01, "eps": 1e-8}})
    assert labels(["a", "b"], [SGD, adam]) == ["optimizer sgd, lr 0.1", "optimizer adam, lr 0.01"]
    assert labels(["a", "b", "c"], [SGD, adam, adam])[1:] == [
        "b: optimizer adam, lr 0.01",
        "c: optimizer adam, lr 0.01",
    ]
    assert labels(["a", "b"], [SGD, SGD]) == ["a", "b"]
    assert labels(["a", "b"], [SGD, {}]) == ["a", "b"]  # a run without its config
    tanh = changed(model={"layers": [{"dense": {"units": 4}}, {"tanh": {}}]})
    assert labels(["a", "b"], [SGD, tanh]) == ["relu", "tanh"]
    units = [
        changed(model={"layers": [{"dense": {"units": n}}, {"dense": {"units": m}}]})
        for n, m in ((4, 5), (6, 7))
    ]
    assert labels(["a", "b"], units)[0] == "layers[0].dense.units 4, layers[1].dense.units 5"


def test_the_settings_of_a_run_are_read_or_empty(shell):
    run = shell.fit()
    assert read_settings(run)["train"]["batch_size"] > 0
    (run / "config.resolved.yaml").write_text("[")
    assert read_settings(run) == {}
    assert read_settings(run / "nothing") == {}


def test_small_numbers_are_numbers(tmp_path):
    """`1e-05` is text in YAML 1.1, which PyYAML reads."""
    text = "seed: 3\noptimizer:\n  sgd:\n    lr: 1e-05\ntrain:\n  epochs: 3\n"
    (tmp_path / "config.resolved.yaml").write_text(text)
    assert read_settings(tmp_path) == {"seed": 3, "optimizer": {"sgd": {"lr": 1e-5}}, "train": {"epochs": 3}}


@pytest.mark.parametrize("file", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_resolved_config_read_by_sections_is_the_whole(file, tmp_path):
    config, _ = checked(Document.read(file))
    tree = config.model_dump(mode="json")
    tree["data"] = {
        "augment": [{"flip": {}}],
        **tree["data"],
        "after": 1,
    }  # a list that is not the last of its section
    text = dump(tree | {"name": "two: words\n  - and\nlines: here"})
    (tmp_path / "config.resolved.yaml").write_text(text)
    assert read_settings(tmp_path) == Document.parse(text).tree
