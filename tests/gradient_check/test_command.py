"""`nntrain gradcheck`, and `nntrain.gradcheck`: of components, configs and trained networks."""

import json

import pytest

import nntrain
from nntrain.layers.dense import Dense
from tests.conftest import MOONS
from tests.gradient_check.mutations import MUTATIONS, break_layer


def test_the_command_names_what_is_broken_and_exits_with_1(monkeypatch, shell):
    break_layer(monkeypatch, Dense, "bias", MUTATIONS["not written"])
    found = json.loads(
        shell.run("gradcheck", "--json", code=1).stdout, parse_constant=pytest.fail
    )  # NaN is no JSON
    assert found["passed"] is False
    failed = {(check["component"], check["tensor"]) for check in found["checks"] if check["status"] == "FAIL"}
    assert failed == {
        ("dense", "bias"),
        ("dense+relu", "dense_1.bias"),
        ("dense+leaky_relu", "dense_1.bias"),
        ("dense+sigmoid", "dense_1.bias"),
        ("dense+tanh", "dense_1.bias"),
        ("time_distributed", "bias"),
        ("residual", "residual_1.body.dense_1.bias"),
        ("repeat", "repeat_1.1.dense_1.bias"),
        ("repeat", "repeat_1.2.dense_1.bias"),
    }
    rows = [line for line in shell.run("gradcheck", code=1).stdout.splitlines() if line.startswith("FAIL")]
    assert any(row.startswith("FAIL dense, bias at (0,): backprop nan, numeric ") for row in rows)
    assert len(rows) == len(failed)


def test_a_run_and_its_checkpoints_are_checked_at_their_trained_parameters(shell):
    run = shell.fit()
    paths = [run, run / "checkpoints" / "last.safetensors"]
    one, two = (json.loads(shell.run("gradcheck", path, "--json").stdout) for path in paths)
    start = json.loads(shell.run("gradcheck", "config.yaml", "--json").stdout)
    assert all(found["passed"] for found in (one, two, start))
    assert (one["moved"], two["moved"], start["moved"]) == (0, 0, 10)  # the biases
    trained, initial = ({c["tensor"]: c["numeric"] for c in found["checks"]} for found in (one, start))
    assert trained.keys() == initial.keys()
    assert trained["weight"] != initial["weight"]
    assert [check.numeric for check in nntrain.gradcheck(run)] == [
        check["numeric"] for check in one["checks"]
    ]


def test_the_table_says_what_was_moved_and_what_has_kinks(shell, wording):
    zeros = MOONS.replace("dense: 2", "dense: {units: 2, weight_initializer: zeros}")
    text = shell.run("gradcheck", shell.write(zeros)).stdout
    assert "26 parameters" in text
    wording("\n".join(line for line in text.splitlines() if "moved" in line))


@pytest.mark.parametrize(
    "what", ["folder", "file.npz", "nowhere.yaml", "nowhere.safetensors", "cut.safetensors"]
)
def test_what_is_neither_a_config_nor_a_run_is_an_error(shell, wording, what):
    (shell.folder / "folder").mkdir()
    (shell.folder / "file.npz").write_bytes(b"PK\0\0")
    (shell.folder / "cut.safetensors").write_bytes(b"\1\0")
    error = shell.run("gradcheck", what, code=2).stderr
    assert error.startswith(f"error: {what}: ")
    wording(error)
    with pytest.raises(nntrain.UserError) as raised:
        nntrain.gradcheck(what)
    assert raised.value.place == what


def test_a_trained_network_takes_no_overrides(shell):
    run = shell.fit()
    assert shell.run("gradcheck", run, "--set", "seed=1", code=2).stderr.startswith("error: --set: ")
    with pytest.raises(nntrain.UserError):
        nntrain.gradcheck(run, set={"seed": 1})
