"""From a config's text to its options: places of errors, overrides, and configs that extend another."""

import re

import pytest

from nntrain.config import Document, checked, load
from nntrain.errors import ConfigError, Problem, UserError
from tests.support.toy_config import GOOD, ToyConfig, check, complaint


def explained(text: str, *path: str | int, message: str = "is bad") -> str:
    """The line and column that an error at `path` points at."""
    placed = str(Document.parse(text).explain(ConfigError([Problem(path, message)])))
    return placed.split(" ")[0].removeprefix("config.yaml:").rstrip(":")


def test_a_good_config_gives_its_options():
    config = check(GOOD)
    assert [layer.yaml_name for layer in config.model.layers] == ["dense", "pool", "relu", "dense"]
    assert config.model.layers[0].units == 64
    assert config.optimizer.lr == 0.1


def places(error: str) -> list[str]:
    """`1:1: name` of each error in a message."""
    return re.findall(r"^config\.yaml:(\d+:\d+: [\w.\[\]]+): ", error, re.MULTILINE)


def test_all_errors_of_the_options_are_reported_in_the_order_of_the_text(wording):
    text = (
        GOOD.replace("units: 64", "unit: 64")
        .replace("dense: 10", "dense: -10")
        .replace("{sgd: {lr: 0.1}}", "sgd")
        .replace("name: toy", "nam: toy\nmilestones: [1, x]")
    )
    error = complaint(text)
    assert places(error) == [
        "1:1: nam",
        "2:17: milestones[1]",
        "6:7: model.layers[0].dense.units",
        "6:15: model.layers[0].dense.unit",
        "9:14: model.layers[3].dense.units",
        "10:12: optimizer.sgd.lr",
    ]
    wording(error)


def test_an_option_that_is_missing_at_the_top_has_no_line(wording):
    error = complaint("name: x\ndata: digits\noptimizer: adam")
    assert error.startswith("config.yaml: model: ")
    wording(error)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("pool: 2", "pool: {size: x}", "model.layers[1].pool.size"),
        ("pool: 2", "pool: {size: [1, x]}", "model.layers[1].pool.size[1]"),
        ("pool: 2", "pool: {size: 2, padding: sane}", "model.layers[1].pool.padding"),
        ("data: digits", "data: {source: digits, test: digts}", "data.test"),
        ("data: digits", "data: {source: digits, test: {digits: {as: x}}}", "data.test.digits.as"),
        ("data: digits", "data: {source: digits, test: {digits: {az: x}}}", "data.test.digits.az"),
    ],
)
def test_a_value_of_several_types_has_one_error(wording, old, new, key):
    error = complaint(GOOD.replace(old, new))
    assert [place.split(": ")[1] for place in places(error)] == [key]
    wording(error)


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("a: {b: 1}", ("a", "b"), "1:8"),  # a wrong value: at the value
        ("a:\n  b: 1\n  c: 2", ("a",), "1:1"),  # a wrong section: at its name
        ("a: [1, 2]", ("a", 1), "1:8"),
        ("a: {b: 1, c: 2}", ("a",), "1:4"),
        ("x:\n  - dense: 10", ("x", 0, "dense", "units"), "2:12"),  # what a bare value sets: at the value
        ("x:\n  - dense: {units: 3}", ("x", 0, "dense", "bias"), "2:12"),  # a default: at the component
        (
            "data: {csv: {path: 3}}",
            ("data", "source", "csv", "path"),
            "1:20",
        ),  # a part that the short spelling leaves out
        ("x:\n  - block:\n      - dense: 10", ("x", 0, "block", "body", 0, "dense", "units"), "3:16"),
        ("data: digits", ("data", "source", "digits", "as"), "1:7"),
    ],
)
def test_an_error_points_at_the_innermost_part_that_is_written(text, path, place):
    assert explained(text, *path) == place


def test_a_later_phase_finds_the_places_of_its_errors_in_the_same_document():
    _, document = checked(Document.parse(GOOD), ["model.layers[0].dense.units=7"], ToyConfig)
    units = ("model", "layers", 0, "dense", "units")
    placed = document.explain(
        ConfigError([Problem(units, "is odd", "Use 8"), Problem(("model", "layers", 2), "does not fit")])
    )
    assert str(placed) == (
        "config.yaml:7:7: model.layers[2]: does not fit\n  7 |     - relu\n    |       ^\n"
        "--set model.layers[0].dense.units=7: model.layers[0].dense.units: is odd\nhint: Use 8"
    )
    assert document.explain(placed) is placed
    assert len(placed.problems) == 2


@pytest.mark.parametrize(
    ("override", "get", "value"),
    [
        ("name=other", lambda c: c.name, "other"),
        ("name=", lambda c: c.name, None),
        ("optimizer.sgd.lr=1e-3", lambda c: c.optimizer.lr, 1e-3),
        ("optimizer=adam", lambda c: c.optimizer.lr, 1e-3),
        ("optimizer={adam: {lr: 2}}", lambda c: c.optimizer.lr, 2),
        ("train.epochs=3", lambda c: c.train.epochs, 3),  # the section is not in the file
        ("milestones=[1, 2]", lambda c: c.milestones, (1, 2)),
        ("weights.0=0.5", lambda c: c.weights, {"0": 0.5}),
        ("model.layers[0].dense.units=7", lambda c: c.model.layers[0].units, 7),
        ("model.layers.0.dense.units=7", lambda c: c.model.layers[0].units, 7),
        ("model.layers[0].linear.units=7", lambda c: c.model.layers[0].units, 7),
        ("model.layers[-1].dense.units=7", lambda c: c.model.layers[3].units, 7),
        ("model.layers[3]=relu", lambda c: c.model.layers[3].yaml_name, "relu"),
        ("model.layers[2].relu.label=r", lambda c: c.model.layers[2].label, "r"),
        (
            "model.layers[3].dense.activation=relu",
            lambda c: str(c.model.layers[3]),
            "label=None units=10 activation=Relu(label=None)",
        ),
        (
            "model.layers[1].pool.padding=same",
            lambda c: str(c.model.layers[1]),
            "label=None size=2 padding='same'",
        ),
        ("data.test=0.3", lambda c: (c.data.source.yaml_name, c.data.test), ("digits", 0.3)),
        ("data.test.digits.as=image", lambda c: c.data.test.as_, "image"),
        ("data.source.digits.as=image", lambda c: c.data.source.as_, "image"),
        ("data.digits.as=image", lambda c: c.data.source.as_, "image"),
    ],
)
def test_an_override_takes_its_place(override, get, value):
    assert get(check(GOOD, override)) == value


def test_overrides_apply_in_order():
    config = check(GOOD, "optimizer=adam", "optimizer.adam.lr=1e-4", "train.epochs=3", "train.epochs=4")
    assert (config.optimizer.lr, config.train.epochs) == (1e-4, 4)


def test_an_override_of_an_alias_changes_that_use_alone():
    text = GOOD.replace("dense: {units", "dense: &d {units").replace("dense: 10", "dense: *d")
    layers = check(text, "model.layers[3].dense.units=3").model.layers
    assert (layers[0].units, layers[3].units) == (64, 3)


def test_an_override_reaches_into_the_short_spelling_of_a_source():
    config = check(GOOD.replace("digits", "{table: {path: x}}"), "data.table.as=image", "data.test=0.5")
    assert (config.data.source.path, config.data.source.as_, config.data.test) == ("x", "image", 0.5)


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("lr", ""),
        ("=3", ""),
        ("a..b=3", ""),
        ("train.epoch=3", "train.epoch: "),
        ("train.epochs=x", "train.epochs: "),
        ("optimizer={sgd: {lrr: 1, lr: 2}}", "optimizer.sgd.lrr: "),
        ("optimizer.adam.lr=1e-3", "optimizer: "),
        ("optimizer.lr=3", "optimizer: "),
        ("optimizer.adm.lr=3", "optimizer: "),
        ("name.x=3", "name: "),
        ("model.layers[4]=relu", "model.layers: "),
        ("model.layers.x=3", "model.layers: "),
        ("milestones[0]=3", "milestones: "),
        ("milestones.0=3", "milestones: "),
        ("data[0]=3", "data: "),
        ("milestones=[1", "milestones: "),
        ("milestones={a: 1, a: 2}", "milestones.a: "),
    ],
)
def test_a_wrong_override_is_the_place_of_its_error(wording, override, key):
    error = complaint(GOOD, override)
    assert error.startswith(f"--set {override}: {key}")
    wording(error)


def test_all_wrong_overrides_are_reported_at_once_in_the_given_order():
    lines = complaint(GOOD, "z", "train.epochs=2", "a.=1").split("\n")
    assert [line.split(": ")[0] for line in lines if line.startswith("--set ")] == ["--set z", "--set a.=1"]


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_config_extends_another(tmp_path):
    (tmp_path / "bases").mkdir()
    write(
        tmp_path / "bases",
        root=GOOD,
        base="extends: root.yaml\noptimizer: {sgd: {momentum: 0.9}}\ntrain: {epochs: 3, batch_size: 5}",
    )
    write(
        tmp_path,
        child="extends: bases/base.yaml\ntrain: {epochs: 4}\ndata: {test: 0.2}\nmilestones: [1]\n",
        other="extends: child.yaml\noptimizer: adam\nmilestones: null\nmodel: {layers: [dense: 3]}",
    )
    child, _ = load(tmp_path / "child.yaml", kind=ToyConfig)
    assert (child.optimizer.lr, child.optimizer.momentum) == (0.1, 0.9)
    assert (child.train.epochs, child.train.batch_size) == (4, 5)
    assert (child.data.source.yaml_name, child.data.test) == ("digits", 0.2)
    assert len(child.model.layers) == 4
    with pytest.raises(UserError, match="milestones: "):
        load(tmp_path / "other.yaml", kind=ToyConfig)
    other, _ = load(tmp_path / "other.yaml", ["milestones=[]", "train.batch_size=full"], kind=ToyConfig)
    assert (other.optimizer.yaml_name, other.train.batch_size, len(other.model.layers)) == ("adam", "full", 1)


def test_each_value_of_an_extending_config_keeps_its_own_place(tmp_path, monkeypatch, wording):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=GOOD.replace("0.1", "-0.1"), child="extends: base.yaml\ntrain: {epochs: 0}\n")
    with pytest.raises(UserError) as caught:
        load("child.yaml", kind=ToyConfig)
    lines = str(caught.value).split("\n")
    assert lines[0].startswith("base.yaml:9:23: optimizer.sgd.lr: ")
    assert lines[3].startswith("child.yaml:2:17: train.epochs: ")
    wording(str(caught.value))


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("bse.yaml", "child.yaml:1:10: extends"),
        ("child.yaml", "child.yaml:1:10: extends"),
        ("loop.yaml", "loop.yaml:1:10: extends"),
        ("[base.yaml]", "child.yaml:1:10: extends"),
        ("broken.yaml", "broken.yaml:1:5"),
    ],
)
def test_a_wrong_base_is_refused(tmp_path, monkeypatch, wording, named, place):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=GOOD, loop="extends: child.yaml", broken="a: [", child=f"extends: {named}\n")
    with pytest.raises(UserError) as caught:
        load("child.yaml", kind=ToyConfig)
    assert str(caught.value).startswith(f"{place}: ")
    wording(str(caught.value))
