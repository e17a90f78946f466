"""`nntrain.load` and `Model`: predictions, scores, parameters, and what a notebook shows."""

import numpy as np
import pytest

import nntrain
from nntrain.layers.dense import Dense
from nntrain.losses import Loss
from tests.conftest import MOONS
from tests.support.people import PEOPLE, table_of, write_people


@pytest.fixture
def moons(shell) -> nntrain.Model:
    shell.fit(MOONS)
    return nntrain.load("runs/run")


def test_predictions_are_those_of_the_command(shell, moons):
    x = np.random.default_rng(0).normal(size=(30, 2))
    np.save(shell.folder / "x.npy", x)
    by_command = table_of(shell.run("predict", "runs/run", "x.npy", "--probabilities").stdout)
    assert moons.predict(x).tolist() == by_command["class"]
    shares = np.array([by_command[f"p({name})"] for name in moons.classes], np.float32).T
    np.testing.assert_array_equal(moons.predict_proba(x), shares)
    assert moons.predict(x.tolist()).tolist() == by_command["class"]


def test_scores_are_those_of_eval(shell, moons):
    config = nntrain.open_run("runs/run").config
    assert config["loss"] == moons.config["loss"]
    x = np.random.default_rng(0).normal(size=(40, 2))
    y = moons.predict(x)
    found = moons.evaluate(x, y)
    assert found["accuracy"] == 1
    np.savez(shell.folder / "new.npz", x=x, y=y)
    by_command = shell.scores("runs/run", "--data", "{npz: new.npz}")
    assert found == {name: by_command[name] for name in found}


def test_parameters_are_read_only_views(moons):
    assert moons.parameters["dense_1.weight"].shape == (2, 8)
    assert list(moons.parameters) == ["dense_1.weight", "dense_2.weight", "dense_1.bias", "dense_2.bias"]
    with pytest.raises(ValueError, match="read-only"):
        moons.parameters["dense_1.weight"][0] = 1


def test_a_saved_model_is_a_checkpoint(shell, moons):
    moons.save("model.safetensors")
    x = np.zeros((3, 2))
    np.testing.assert_array_equal(nntrain.load("model.safetensors").predict_proba(x), moons.predict_proba(x))
    assert shell.scores("model.safetensors") == shell.scores("runs/run")


def test_a_model_shows_itself(shell, moons):
    assert "42 parameters" in moons.summary()
    assert "dense_1" in moons._repr_html_()
    run = nntrain.open_run("runs/run")
    assert "finished" in run._repr_html_()
    assert "accuracy" in run._repr_html_()
    assert repr(run) == "<nntrain.Run runs/run: finished>"


class Frame:
    """As much of a DataFrame as is needed."""

    def __init__(self, columns: dict[str, list]):
        self.columns = list(columns)
        self.rows = np.array(list(zip(*columns.values(), strict=True)), dtype=object)

    def to_numpy(self) -> np.ndarray:
        return self.rows


def test_the_columns_of_a_frame_are_found_by_name(shell):
    write_people(shell.folder)
    shell.fit(PEOPLE)
    by_command = table_of(shell.run("predict", "runs/run", "others.csv").stdout)["class"]
    table = table_of((shell.folder / "others.csv").read_text())
    ages = [float(age) if age else float("nan") for age in table["age"]]
    colours = [None if colour == "?" else colour for colour in table["colour"]]
    frame = Frame({"height": [float(height) for height in table["height"]], "colour": colours, "age": ages})
    model = nntrain.load("runs/run")
    assert model.predict(frame).tolist() == by_command
    assert model.evaluate(frame, table["kind"])["accuracy"] == shell.scores("runs/run")["accuracy"]


def test_gaps_of_arrays_are_filled_where_the_training_filled_them(shell):
    write_people(shell.folder)
    shell.fit(PEOPLE)
    model = nntrain.load("runs/run")
    table = table_of((shell.folder / "others.csv").read_text())
    by_name = {
        "age": [float(age) if age else float("nan") for age in table["age"]],
        "colour": [None if colour == "?" else colour for colour in table["colour"]],
        "height": [float(height) for height in table["height"]],
    }
    columns = []
    for name, values in by_name.items():
        if name == "colour":
            known = ("blue", "green", "red")
            columns += [[np.nan if value is None else value == each for value in values] for each in known]
        else:
            columns.append(values)
    x = np.array(columns, float).T
    assert np.isnan(x[:, 0]).any()
    assert np.isnan(x[:, 1]).any()
    assert model.predict(x).tolist() == model.predict(Frame(by_name)).tolist()
    np.testing.assert_array_equal(model.predict_proba(x), model.predict_proba(Frame(by_name)))
    assert model.evaluate(x, table["kind"]) == model.evaluate(Frame(by_name), table["kind"])
    with pytest.raises(nntrain.DataError, match="sample 1, value 1: expected a finite number"):
        model.predict(np.full_like(x, np.inf))


def test_samples_that_do_not_fit_are_refused(moons):
    for x in (np.zeros((3, 5)), [["a", "b"]], np.full((2, 2), np.nan), np.zeros((0, 2))):
        with pytest.raises(nntrain.DataError):
            moons.predict(x)
    with pytest.raises(nntrain.DataError):
        moons.evaluate(np.zeros((2, 2)), ["0", "other"])


def test_numbers_have_no_probabilities(shell):
    x = np.linspace(-1, 1, 40)[:, None]
    network = {"model": {"layers": [{"dense": 1}]}, "loss": "mse", "optimizer": {"sgd": {"lr": 0.1}}}
    model = nntrain.fit(network, data=nntrain.Data(x, 2 * x), runs_dir=None).model
    assert model.predict(x).shape == (40, 1)
    assert model.classes == ()
    with pytest.raises(nntrain.UserError):
        model.predict_proba(x)


def test_a_language_model_continues_a_text(shell):
    (shell.folder / "text.txt").write_text("0123456789\n" * 60)
    text = """
data: {source: {text: {path: text.txt, window: 6, unit: character}}}
model: {layers: [{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 11}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 1, batch_size: 20}
"""
    shell.fit(text)
    model = nntrain.load("runs/run")
    assert model.generate("01", length=5, temperature=0) == shell.run(
        "predict", "runs/run", "--prompt", "01", "--length", 5, "--temperature", 0
    ).stdout.removesuffix("\n")
    with pytest.raises(nntrain.DataError):
        model.predict([[1, 2, 3]])


def test_gradcheck_takes_a_config_a_component_or_nothing(shell):
    shell.write(MOONS)
    for what in ("config.yaml", Dense(units=3), Loss.parse("mse")):
        checks = nntrain.gradcheck(what)
        assert checks
        assert all(check.status == "PASS" for check in checks)


class TypedFrame(Frame):
    """As pandas: without a type, all columns of an array are floats if one is."""

    def to_numpy(self, dtype: type = float) -> np.ndarray:
        return self.rows.astype(dtype)


def test_a_frame_is_read_as_the_file_of_the_training(shell):
    codes = ["9007199254740993", "9007199254740992"]
    rows = "".join(
        f"{code};{0.5 if code == codes[0] else 0.25};{'ab'[code == codes[0]]}\n" for code in codes * 20
    )
    (shell.folder / "t.csv").write_text("code;x;y\n" + rows.replace(".", ","))
    shell.fit(
        'data: {source: {csv: {path: t.csv, decimal: ",", categorical: [code]}}}\nmodel: {layers: [{dense: 2}]}\n'
        "loss: cross_entropy\noptimizer: {adam: 0.1}\ntrain: {epochs: 20, batch_size: 8}\n"
    )
    model = nntrain.load(shell.folder / "runs/run")
    frame = TypedFrame({"x": [0.5, 0.25], "code": [int(code) for code in codes]})
    assert model.predict(frame).tolist() == ["b", "a"]
