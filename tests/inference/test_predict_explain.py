"""`nntrain predict --explain` and `Model.explain`: what each column of a table adds to a prediction."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

import nntrain
from nntrain.data.dataset import Dataset
from nntrain.inference.inputs import new_samples
from nntrain.inference.predict import predict
from tests.conftest import MOONS
from tests.inference.test_predict import IMAGES
from tests.inference.test_predict_on_error import BAD, TOKENS, UNUSABLE, cities  # noqa: F401
from tests.support.data import idx, images
from tests.support.people import NUMBERS, PEOPLE, table_of, write_numbers, write_people

SMOOTH = PEOPLE.replace("batch_size: 20", "batch_size: 20, precision: float64")
# Layers that differ in evaluation.
DEEP = SMOOTH.replace(
    "activation: tanh}}", "activation: gelu}}, batch_norm, {dropout: 0.3}, {gaussian_noise: 0.1}"
)
# One output for two classes.
BINARY = """
data: {source: {synthetic: {kind: two_moons, samples: 120, noise: 0.1}}, standardize: true}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 1}]}
loss: binary_cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 4, batch_size: 20, precision: float64}
"""
SEQUENCES = """
data: {source: {random: {input: [4, 1], classes: 2, samples: 40}}}
model: {layers: [{gru: 2}, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 1}
"""


def explained(shell, *arguments: object) -> dict[str, np.ndarray]:
    """The columns `explain(NAME)` of the output, by NAME."""
    table = table_of(shell.run("predict", "runs/run", *arguments, "--explain").stdout)
    found = {name: cells for name, cells in table.items() if name.startswith("explain(")}
    return {name[len("explain(") : -1]: np.array(cells, np.float64) for name, cells in found.items()}


def people_data(model: nntrain.Model) -> Dataset:
    return new_samples(model._trained, "others.csv", BytesIO()).data


def numeric(model: nntrain.Model, data: Dataset, chosen: np.ndarray) -> np.ndarray:
    """(samples, features): input times gradient of the output `chosen` of each sample, by differences of the network's outputs."""
    z, h, rows = (data.imputed - data.shift) * data.scale, 1e-5, np.arange(len(data))

    def output(z: np.ndarray) -> np.ndarray:
        return model._trained.outputs(replace(data, x=z / data.scale + data.shift))[rows, chosen]

    steps = h * np.eye(z.shape[1])
    return np.stack(
        [z[:, j] * (output(z + step) - output(z - step)) / (2 * h) for j, step in enumerate(steps)], 1
    )


@pytest.mark.parametrize("config", [SMOOTH, DEEP], ids=["smooth", "deep"])
def test_a_column_adds_its_value_times_the_numeric_gradient_of_the_predicted_logit(shell, config):
    write_people(shell.folder)
    shell.fit(config)
    model = nntrain.load("runs/run")
    data = people_data(model)
    slow = numeric(model, data, model._trained.outputs(data).argmax(axis=1))
    (colour,) = data.one_hot
    age, height = (data.feature_names.index(name) for name in ("age", "height"))
    expected = {"age": slow[:, age], "colour": slow[:, colour.places].sum(axis=1), "height": slow[:, height]}
    found = explained(shell, "others.csv")
    assert list(found) == ["age", "colour", "height"] == list(model.columns)
    for name, values in expected.items():
        assert abs(values).max() > 0.1
        np.testing.assert_allclose(found[name], values, atol=1e-7)


def test_of_a_linear_network_the_sum_over_the_columns_is_the_output_without_its_bias(shell):
    write_people(shell.folder)
    shell.fit(SMOOTH, "--set", "model.layers=[{dense: 3}]")
    model = nntrain.load("runs/run")
    logits = model._trained.outputs(people_data(model))
    predicted = logits.argmax(axis=1)
    expected = (logits - model.parameters["dense_1.bias"])[np.arange(len(logits)), predicted]
    np.testing.assert_allclose(sum(explained(shell, "others.csv").values()), expected, rtol=1e-12)


def test_each_target_is_explained_by_itself(shell):
    x = write_numbers(shell.folder)
    shell.fit(NUMBERS, "--set", "model.layers=[{dense: 2}]", "--set", "train.precision=float64")
    found = explained(shell, "numbers.csv")
    assert list(found) == ["sum: a", "sum: b", "product: a", "product: b"]
    model = nntrain.load("runs/run")
    weight = model.parameters["dense_1.weight"]  # (columns, targets)
    by_model = model.explain(x)  # (rows, targets, columns)
    np.testing.assert_allclose(by_model, x[:, None] * weight.T, rtol=1e-12)
    np.testing.assert_array_equal(by_model.reshape(40, 4), np.stack(list(found.values()), axis=1))


def test_a_single_logit_is_that_of_the_second_class(shell):
    shell.fit(BINARY)
    model = nntrain.load("runs/run")
    x = np.random.default_rng(0).normal(size=(50, 2))
    data = replace(model._trained.trained_on, x=x, target=np.zeros(50, np.int32))
    slow = numeric(model, data, np.zeros(50, int))
    sign = np.where(model.predict(x) == model.classes[1], 1, -1)
    assert set(sign) == {1, -1}
    np.testing.assert_allclose(model.explain(x), sign[:, None] * slow, atol=1e-7)
    assert model.columns == ("column 1", "column 2")


def test_samples_that_cannot_be_used_have_no_explanation(cities):  # noqa: F811
    arguments = ("predict", "runs/run", "-", "--explain", "--on-error", "blank")
    header, *lines = cities.run(*arguments, given=BAD.encode()).stdout.splitlines()
    assert header == "class,explain(city),explain(x)"
    assert [line == ",," for line in lines] == UNUSABLE
    rows = json.loads(cities.run(*arguments, "--json", given=BAD.encode()).stdout)["predictions"]
    assert [row["explain(x)"] is None for row in rows] == UNUSABLE


def test_several_files_and_npz_have_explanations(shell):
    shell.fit(MOONS)
    x = np.random.default_rng(0).normal(size=(3, 2))
    np.save(shell.folder / "a.npy", x[:1])
    np.save(shell.folder / "b.npy", x[1:])
    shell.run("predict", "runs/run", "a.npy", "b.npy", "--explain", "--output", "p.npz")
    with np.load("p.npz") as found:
        assert found["columns"].tolist() == ["column 1", "column 2"]
        np.testing.assert_array_equal(found["explanations"], nntrain.load("runs/run").explain(x))


def test_more_samples_than_a_batch_are_explained_each_by_itself(shell):
    shell.fit(MOONS)
    model = nntrain.load("runs/run")
    x = np.random.default_rng(0).normal(size=(600, 2))
    np.testing.assert_array_equal(model.explain(x)[[0, 300, 599]], model.explain(x[[0, 300, 599]]))
    with_it = predict(model._trained, new_samples_of(model, x), probabilities=True, explain=True)
    np.testing.assert_array_equal(with_it.values, model.predict_proba(x))


def new_samples_of(model: nntrain.Model, x: np.ndarray):
    np.save("x.npy", x)
    return new_samples(model._trained, "x.npy", BytesIO())


def test_only_a_network_trained_on_a_table_can_explain(shell, wording):
    (shell.folder / "images.idx").write_bytes(images(8))
    (shell.folder / "labels.idx").write_bytes(idx([0, 1] * 4))
    np.save("x.npy", np.zeros((1, 4)))
    for name, config in (("images", IMAGES), ("tokens", TOKENS), ("sequences", SEQUENCES)):
        shell.fit(config, name=name)
        wording(shell.run("predict", f"runs/{name}", "x.npy", "--explain", code=2).stderr)
        model = nntrain.load(f"runs/{name}")
        with pytest.raises(nntrain.UserError, match="not on a table"):
            model.explain(np.zeros((1, 4)))
    wording(shell.run("predict", "runs/images", "--prompt", "a", "--explain", code=2).stderr)
