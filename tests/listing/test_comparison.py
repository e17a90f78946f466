"""Two runs side by side."""

import json
import math

import pytest

import nntrain
from nntrain.errors import UserError
from nntrain.listing.checkpoint_files import compare, parameter_count
from nntrain.listing.comparison import better, compare_runs
from nntrain.listing.config_changes import Side, config_changes
from nntrain.listing.verdict import verdict
from nntrain.run.checkpoint import read
from nntrain.run.settings import read_settings
from tests.conftest import MOONS
from tests.support.run_folders import SETTINGS, write_folder

MACHINE = {"versions": {"nntrain": "1.0", "numba": "0.6"}, "cpu": "one", "threads": 2}
DATA = {"samples": {"train": 90, "test": 10}, "data_sha256": {"train": "a", "test": "b"}}


def changes(a, b):
    return {change.name: (change.a, change.b) for change in config_changes(a, b)}


def test_the_same_config_trained_twice_is_identical(shell):
    a, b = shell.fit(name="a"), shell.fit(name="b")
    found = compare_runs(a, b)
    assert (found.identical, found.best, found.last) == (True, "same bytes", "same bytes")
    assert (found.config, found.versions) == ([], [])
    assert next((split.split, split.a, split.b, split.same) for split in found.data) == (
        "train",
        96,
        96,
        True,
    )
    assert found.parameters == (42, 42)
    assert all(score.better == "equal" and score.difference == 0 for score in found.scores)
    assert verdict(found) == "identical: the same config, data and checkpoints, to the byte"


def test_options_layers_and_components_that_differ_are_named(shell):
    other = (
        MOONS.replace("{dropout: 0.2}, ", "")
        .replace("units: 8", "units: 16")
        .replace("adam: {lr: 0.02}", "sgd: {lr: 0.1, momentum: 0.9}")
    )
    a, b = shell.fit(name="a"), shell.fit(other, name="b")
    found = nntrain.diff_runs("a", b)
    assert {change.name: (change.a, change.b) for change in found.config} == {
        "model.layers[0].dense.units": (8, 16),
        "model.layers[1]": ({"dropout": 0.2}, Side.ABSENT),
        "optimizer": ({"adam": 0.02}, {"sgd": {"lr": 0.1, "momentum": 0.9}}),
    }
    assert found.best == "other parameters"
    assert found.same_data
    assert not found.same_config
    assert verdict(found).startswith("3 options differ; ")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["config"][1] == {"name": "model.layers[1]", "a": {"dropout": 0.2}, "b": None}
    assert read_settings(a) == found.a.settings


def test_runs_that_differ_in_what_changes_no_number_have_the_same_parameters(shell):
    a, b = (
        shell.fit(name="a"),
        shell.fit(MOONS, "--set", "train.checkpoint.keep=2", "--set", "name=other", name="b"),
    )
    found = compare_runs(a, b)
    assert [change.name for change in found.config] == [
        "train.checkpoint.keep"
    ]  # not the name, which is no option
    assert found.best == "same parameters"
    assert not found.identical


def test_a_config_that_this_version_cannot_read_is_compared_value_by_value():
    a, b = ({**SETTINGS, "loss": {"from_a_plugin": {"power": power}}} for power in (1, 2))
    assert changes(a, b) == {"loss.from_a_plugin.power": (1, 2)}


@pytest.mark.parametrize(
    ("a", "b", "higher", "expected"),
    [
        (1.0, 2.0, False, "a"),
        (1.0, 2.0, True, "b"),
        (1.0, 1.0, None, "equal"),
        (1.0, 2.0, None, None),
        (1.0, None, True, None),
        (math.nan, 2.0, True, "b"),
        (1.0, math.nan, False, "a"),
        (math.nan, math.nan, True, None),
    ],
)
def test_the_better_score_follows_from_the_direction_of_its_metric(a, b, higher, expected):
    assert better(a, b, higher) == expected


def test_scores_on_other_samples_are_not_judged(tmp_path):
    a = write_folder(tmp_path / "a", **DATA)
    b = write_folder(
        tmp_path / "b", **{**DATA, "data_sha256": {"train": "a", "test": "c"}}, scores={"test": {"loss": 0.1}}
    )
    found = compare_runs(a, b)
    assert [split.same for split in found.data] == [True, False]
    test = next(score for score in found.scores if score.column == "test_loss")
    assert (test.better, test.same_samples, round(test.difference, 3)) == (None, False, -0.5)
    assert "the data differ" in verdict(found)


def test_versions_that_differ_explain_other_results(tmp_path):
    a = write_folder(tmp_path / "a", **DATA, **MACHINE)
    b = write_folder(tmp_path / "b", **DATA, **{**MACHINE, "cpu": "two", "versions": {"nntrain": "1.1"}})
    found = compare_runs(a, b)
    assert {change.name: (change.a, change.b) for change in found.versions} == {
        "nntrain": ("1.0", "1.1"),
        "numba": ("0.6", Side.ABSENT),
        "cpu": ("one", "two"),
    }
    assert found.same_versions == {"threads": 2}
    assert "made with other versions" in verdict(found)


def test_a_run_that_was_stopped_explains_other_results(tmp_path):
    a = write_folder(tmp_path / "a", **DATA)
    b = write_folder(tmp_path / "b", **DATA, status="interrupted", scores=None)
    assert verdict(compare_runs(a, b)).endswith("b did not train to the end")


def test_another_start_explains_other_results(shell):
    first = shell.fit(name="first")
    second = shell.fit(MOONS, "--from", first, name="second")
    found = compare_runs(first, second)
    assert (found.same_config, found.same_data, found.same_start, found.identical) == (
        True,
        True,
        False,
        False,
    )
    assert (found.starts[0], found.starts[1].checkpoint) == (
        None,
        str(first / "checkpoints" / "best.safetensors"),
    )
    assert verdict(found).endswith("they started from other weights")
    assert f"second: the weights of {first}" in shell.run("runs", "diff", "first", "second").stdout
    assert compare_runs(second, second).identical


def test_runs_of_which_little_is_left(tmp_path):
    a, b = (write_folder(tmp_path / name, scores=None) for name in "ab")
    for folder in (a, b):
        (folder / "run.json").write_text("{")
        (folder / "config.resolved.yaml").unlink()
        (folder / "metrics.csv").unlink()
        (folder / "steps.csv").write_text("step,epoch,loss,lr\n")
    found = compare_runs(a, b)
    assert (found.best, found.parameters, found.scores, found.data) == ("missing", (None, None), [], [])
    assert (found.same_config, found.same_data, found.identical) == (False, False, False)
    assert verdict(found) == "too little is recorded to compare the runs"


def test_checkpoints_that_are_damaged_or_no_checkpoints(shell, tmp_path):
    best = shell.fit() / "checkpoints" / "best.safetensors"
    arrays = read(best).tensors
    assert parameter_count(best) == sum(
        array.size for name, array in arrays.items() if name.startswith("parameter.")
    )
    copies = {
        "cut": best.read_bytes()[:-50],
        "text": b"no checkpoint",
        "empty": b"",
        "list": b"\x02" + bytes(7) + b"[]",
    }
    for name, data in copies.items():
        (tmp_path / name).write_bytes(data)
        assert compare(best, tmp_path / name) in ("missing", "other parameters", "same parameters"), name
        assert name == "cut" or parameter_count(tmp_path / name) is None
    changed = bytearray(best.read_bytes())
    changed[-1] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    assert compare(best, tmp_path / "changed") == "other parameters"


def test_a_run_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "runs" / "digits")
    for name in ("digit", "runs", "other/digits"):
        with pytest.raises(UserError) as caught:
            nntrain.diff_runs("digits", name)
        assert caught.value.place == name
    assert nntrain.diff_runs("digits", "runs/digits").same_config
    with pytest.raises(UserError, match="Did you mean 'digits'"):
        nntrain.diff_runs("digits", "digit")
