"""`train.record`: norms and distributions by layer, which change no result and cost nothing where nobody asks for them."""

import csv
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.run.checkpoint import read
from tests.conftest import MOONS, Shell, contents, interrupt_at
from tests.training.test_sequence_training import CHARACTERS

# Running statistics, dropout and an average, all of which a careless forward pass would change.
DELICATE = MOONS.replace("{dropout: 0.2}", "batch_norm, {dropout: 0.2}").replace(
    "epochs: 4", "epochs: 4, ema: {decay: 0.9}"
)
EVERY_STEP = "train.record={every_steps: 1}"
LINEAR = {
    "model": {"layers": [{"dense": 2}]},
    "loss": "cross_entropy",
    "optimizer": {"sgd": 0.1},
    "train": {"epochs": 3, "batch_size": "full", "record": {"every_steps": 1}},
}


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "layers.csv").open() as file:
        return list(csv.DictReader(file))


def tensors_and_tables(run: Path) -> tuple[dict[str, bytes], bytes, bytes]:
    """All numbers of a run: a checkpoint holds the config, too."""
    tensors = read(run / "checkpoints/last.safetensors").tensors
    arrays = {name: array.tobytes() for name, array in tensors.items()}
    return arrays, (run / "metrics.csv").read_bytes(), (run / "steps.csv").read_bytes()


def steps_of(shell: Shell, *options: str, config: str = MOONS, name: str = "run") -> list[int]:
    return sorted({int(row["step"]) for row in rows_of(shell.fit(config, *options, name=name))})


def test_without_record_there_is_no_table(shell):
    run = shell.fit()
    assert not (run / "layers.csv").exists()
    assert dict(nntrain.open_run(run).layers) == {}
    assert dict(nntrain.open_run(shell.fit(MOONS, "--set", "train.record=false", name="b")).layers) == {}


@pytest.mark.parametrize("config", [MOONS, DELICATE, CHARACTERS])
def test_recording_changes_no_number(shell, config):
    plain = shell.fit(config, name="plain")
    recorded = shell.fit(config, "--set", EVERY_STEP, name="recorded")
    assert tensors_and_tables(recorded) == tensors_and_tables(plain)


@pytest.mark.parametrize("step", [3, 10])
def test_a_resumed_run_has_the_rows_of_a_straight_one(shell, monkeypatch, step):
    option = ("--set", "train.record={every_steps: 2}")
    straight = shell.fit(DELICATE, *option, name="straight")
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        run = shell.fit(DELICATE, *option, name="broken", code=130)
    with (run / "layers.csv").open("a") as file:
        file.write(
            "18,3.6,weights,dense_1.weight,1,2,3,4,5,6,7,8,9,,,1\n20,4.0,weig"
        )  # of steps that were lost
    shell.fit(DELICATE, *option, "--resume", name="broken")
    assert (run / "layers.csv").read_bytes() == (straight / "layers.csv").read_bytes()
    assert contents(run) == contents(straight)


def test_the_number_of_threads_changes_no_row(shell):
    wide = MOONS.replace("units: 8", "units: 300").replace("{dense: 2}", "{dense: 300}, {dense: 2}")
    one, two = (shell.fit(wide, "--threads", n, "--set", EVERY_STEP, name=f"n{n}") for n in (1, 2))
    assert (one / "layers.csv").read_bytes() == (two / "layers.csv").read_bytes()


def test_a_run_in_memory_has_the_same_rows(shell):
    run = shell.fit(MOONS, "--set", "train.record=true")
    kept, memory = (
        nntrain.open_run(run),
        nntrain.fit("config.yaml", set={"train.record": True}, runs_dir=None),
    )
    assert kept.layers.keys() == memory.layers.keys()
    for name, column in kept.layers.items():
        if column.dtype.kind == "U":
            assert (column == memory.layers[name]).all()
        else:
            np.testing.assert_allclose(column, memory.layers[name], rtol=1e-5)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("train.record={every_steps: 6}", [1, 6, 12, 18]),
        ("train.record={every_epochs: 2}", [1, 10, 20]),
        ("train.record=true", list(range(1, 21))),  # fewer steps than records
    ],
)
def test_the_interval_is_as_asked(shell, option, expected):
    assert steps_of(shell, "--set", option) == expected


def test_by_default_about_a_hundred_steps_are_recorded(shell):
    found = steps_of(shell, "--set", "train.record=true", "--set", "train.epochs=60")
    assert found == [1, *range(3, 301, 3)]


def test_more_epochs_keep_the_interval(shell):
    shell.fit(MOONS, "--set", "train.record=true", "--set", "train.epochs=40")
    found = steps_of(shell, "--set", "train.record=true", "--set", "train.epochs=60", "--resume")
    assert found == [1, *range(2, 301, 2)]


def test_recording_can_be_turned_on_for_the_rest_of_a_run(shell):
    shell.fit(MOONS)
    found = steps_of(shell, "--set", EVERY_STEP, "--set", "train.epochs=5", "--resume")
    assert found == [21, 22, 23, 24, 25]


def test_rows_hold_what_they_say(shell):
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    run = nntrain.fit(LINEAR, data=nntrain.Data(x, (x[:, 0] > 0).astype(int)), runs_dir=None)
    layers, model = run.layers, run.last
    at = {
        (kind, name): row
        for row, (step, kind, name) in enumerate(
            zip(layers["step"], layers["kind"], layers["name"], strict=True)
        )
        if step == 3
    }
    weight, gradient, output = (
        at[key]
        for key in (
            ("weights", "dense_1.weight"),
            ("gradients", "dense_1.weight"),
            ("activations", "dense_1"),
        )
    )
    values = model.parameters["dense_1.weight"]
    assert layers["epoch"][weight] == 3
    assert layers["norm"][weight] == pytest.approx(np.linalg.norm(values))
    assert [layers["q05"][weight], layers["q95"][weight]] == pytest.approx([values.min(), values.max()])
    # A step of plain SGD is the learning rate times the gradient.
    assert layers["update"][weight] == pytest.approx(0.1 * layers["norm"][gradient], rel=1e-3)
    assert np.isnan(layers["update"][gradient])
    # The outputs are those after the step.
    outputs = x @ values + model.parameters["dense_1.bias"]
    assert layers["mean"][output] == pytest.approx(outputs.mean(), rel=1e-3)
    assert layers["std"][output] == pytest.approx(outputs.std(), rel=1e-3)


def test_layers_are_in_the_order_of_the_network_and_dropout_is_left_out(shell):
    config = MOONS.replace("{dropout: 0.2}", "{dropout: 0.2}, {dense: {units: 5, activation: relu}}")
    first = [row for row in rows_of(shell.fit(config, "--set", "train.record=true")) if row["step"] == "1"]
    names = {
        kind: [row["name"] for row in first if row["kind"] == kind] for kind in ("weights", "activations")
    }
    assert names["activations"] == ["dense_1.tanh", "dense_2.relu", "dense_3"]
    assert names["weights"] == [f"dense_{n}.{what}" for n in (1, 2, 3) for what in ("weight", "bias")]
    tanh, relu, logits = (row for row in first if row["kind"] == "activations")
    assert float(relu["zeros"]) > 0.1
    assert (relu["saturated"], logits["saturated"]) == ("", "")
    assert 0 <= float(tanh["saturated"]) < 1


def test_saturated_outputs_are_counted(shell):
    config = MOONS.replace(
        "{dense: {units: 8, activation: tanh}}",
        "{dense: {units: 8, activation: tanh, weight_initializer: {normal: {std: 90}}}}",
    )
    row = next(
        row
        for row in rows_of(shell.fit(config, "--set", "train.record=true"))
        if row["name"] == "dense_1.tanh"
    )
    assert float(row["saturated"]) > 0.9


def test_frozen_weights_have_no_gradient_and_no_update(shell):
    config = MOONS.replace("units: 8,", "units: 8, freeze: true,")
    rows = rows_of(shell.fit(config, "--set", "train.record=true"))
    frozen = [row for row in rows if row["name"] == "dense_1.weight"]
    assert {(row["kind"], row["update"]) for row in frozen} == {("weights", "0")}


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ({"activations": False}, {"weights", "gradients"}),
        ({"weights": False, "gradients": False}, {"activations"}),
        ({"weights": False, "gradients": False, "activations": False}, set()),
    ],
)
def test_kinds_can_be_left_out(shell, record, kinds):
    shell.write(MOONS)
    run = nntrain.fit("config.yaml", set={"train.record": record})
    assert set(run.layers.get("kind", ())) == kinds


@pytest.mark.parametrize("value", ["{every_steps: 2, every_epochs: 1}", "maybe", "{every: 3}"])
def test_a_wrong_spelling_is_an_error_at_its_place(shell, wording, value):
    text = MOONS.replace("epochs: 4", f"epochs: 4, record: {value}")
    error = shell.run("fit", shell.write(text), code=2).stderr
    assert "train.record" in error
    wording(error)
