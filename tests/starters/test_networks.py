"""Networks that `new --data` proposes for tables, by rows and columns."""

import numpy as np
import pytest
import yaml

from nntrain.data.dataset import Dataset
from nntrain.starters.networks import MOST_INPUTS, Network


def table(rows: int, columns: int = 4) -> Dataset:
    return Dataset(np.zeros((rows, columns), np.float32), np.arange(rows) % 2, classes=("a", "b"))


def proposed(rows: int, columns: int = 4, train: int | None = None, is_validated: bool = True) -> dict:
    data = table(rows, columns)
    return yaml.safe_load("\n".join(Network.suited(data, train or rows).lines(data, is_validated)))


def test_few_rows_get_one_hidden_layer_with_dropout():
    layers = proposed(500)["model"]["layers"]
    assert layers == [{"dense": {"units": 128, "activation": "relu"}}, {"dropout": 0.2}, {"dense": 2}]


def test_more_rows_get_an_encoding_of_each_column_and_two_hidden_layers():
    layers = proposed(2000)["model"]["layers"]
    hidden = {"dense": {"units": 128, "activation": "relu"}}
    assert layers == [{"piecewise_linear_encoding": 16}, hidden, hidden, {"dense": 2}]


@pytest.mark.parametrize(("columns", "bins"), [(64, 16), (100, 10), (512, 2), (513, None), (5000, None)])
def test_the_encoding_of_many_columns_stays_small(columns, bins):
    first = proposed(2000, columns)["model"]["layers"][0]
    assert first.get("piecewise_linear_encoding") == bins
    assert bins is None or bins * columns <= MOST_INPUTS


@pytest.mark.parametrize("rows", [1, 40, 150, 800, 5000, 50_000, 1_000_000])
def test_every_size_gets_hundreds_of_steps_and_no_batch_larger_than_the_table(rows):
    train = proposed(rows)["train"]
    steps = train["epochs"] * -(-rows // train["batch_size"])
    assert train["batch_size"] <= rows
    assert 200 <= steps <= 50_000


def test_training_stops_early_only_with_a_validation_split():
    assert proposed(500)["train"]["early_stopping"] == {"patience": 15}
    assert "early_stopping" not in proposed(500, is_validated=False)["train"]
