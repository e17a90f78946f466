"""Giveaways: columns that number the rows or determine the target are warned of by `fit`, and excluded or noted by `new`."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.sources.iris import Iris
from nntrain.data.tables.dates import dates_of
from nntrain.data.tables.giveaways import giveaways

ROWS = 60
DRAW = np.random.default_rng(0)
USEFUL = DRAW.normal(size=ROWS)
PRICE = 3 * USEFUL + DRAW.normal(size=ROWS)
KIND = (PRICE > 0).astype(np.int32)


def found(column, target=PRICE, classes=(), name="extra") -> dict:
    x = np.stack([USEFUL, np.asarray(column, float)], axis=1)
    shaped = target if classes else target[:, None]
    data = Dataset(
        x, shaped, classes, feature_names=("useful", name), target_names=() if classes else ("price",)
    )
    return {column: giveaway.reason for column, giveaway in giveaways(data).items()}


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (np.arange(ROWS), "extra"),
        (np.arange(ROWS) + 1, "extra"),
        (np.arange(ROWS) + 4000 + (np.arange(ROWS) > 30), "extra"),  # a row was dropped
        (DRAW.permutation(9000)[:ROWS], "customer_id"),
    ],
)
def test_a_column_that_numbers_the_rows_is_found(column, name):
    assert list(found(column, name=name)) == [name]


@pytest.mark.parametrize(
    "column",
    [
        1900 + np.arange(ROWS),  # years
        np.sort(DRAW.permutation(9000)[:ROWS]),  # rising numbers far apart: a measurement
        DRAW.permutation(ROWS),
        DRAW.integers(0, 5, ROWS),
        PRICE + 0.1 * DRAW.normal(size=ROWS),
        np.where(DRAW.random(ROWS) < 0.5, np.nan, PRICE),
        np.ones(ROWS),
    ],
)
def test_other_columns_raise_no_alarm(column):
    assert found(column) == {}
    assert found(column, KIND, ("cheap", "dear")) == {}


@pytest.mark.parametrize("column", [PRICE, 1000 - 2.5 * PRICE, np.float32(PRICE)])
def test_the_target_in_another_unit_is_found(column):
    assert "'price'" in found(column)["extra"]


@pytest.mark.parametrize("column", [KIND, 5 - KIND, KIND * 2 + (DRAW.random(ROWS) < 0.5)])
def test_a_column_whose_few_values_determine_the_class_is_found(column):
    assert list(found(column, KIND, ("cheap", "dear"))) == ["extra"]


def test_chance_is_no_giveaway():
    rare = np.zeros(ROWS, np.int32)
    rare[7] = 1
    assert found(rare, rare, ("usual", "rare")) == {}


def test_values_near_the_limit_of_floats_are_compared():
    assert list(found(PRICE * 1e300)) == ["extra"]


@pytest.mark.parametrize("target", ["species", "sepal_length", "sepal_width", "petal_length", "petal_width"])
def test_packaged_tables_raise_no_alarm(target):
    assert giveaways(Iris(target=target).load(Path()).train) == {}


def write(path) -> None:
    rows = [
        f"{row},{a:.4f},{b:.4f},{'a' if b > 0 else 'b'},{'yes' if b > 0 else 'no'}\n"
        for row, (a, b) in enumerate(np.random.default_rng(1).normal(size=(40, 2)), 1)
    ]
    path.write_text("row,u,v,code,answer\n" + "".join(rows))


CONFIG = """
data: {source: {csv: {path: t.csv, target: answer}}, validation: 0.25}
model: {layers: [{dense: 2}]}
loss: cross_entropy
optimizer: {sgd: 0.1}
train: {epochs: 1}
"""


def test_fit_warns_of_each_column_once_and_features_settles_it(shell, wording):
    write(shell.folder / "t.csv")
    shell.write(CONFIG)
    warnings = shell.run("summary", "config.yaml").stderr
    wording(warnings)
    assert [line.split("'")[1] for line in warnings.splitlines()] == ["row", "code"]
    assert "`features: [u, v]`" in warnings
    for features in ("[u, v]", "[row, u, v, code]"):
        shell.write(CONFIG.replace("answer}", f"answer, features: {features}}}"))
        assert shell.run("summary", "config.yaml").stderr == ""


def test_new_notes_a_column_that_determines_the_target(shell):
    write(shell.folder / "t.csv")
    shell.run("new", "--data", "t.csv")
    text = (shell.folder / "t.yaml").read_text()
    assert "\n        row: ignore " in text
    assert "# Check: code " in text


def test_the_line_that_leaves_a_column_out_names_dates_as_columns(shell):
    rows = [f"{row},2024-{row % 12 + 1:02d}-15,{row * row % 7},{row % 3 / 7}" for row in range(40)]
    (shell.folder / "t.csv").write_text("\n".join(["row,day,u,answer", *rows, ""]))
    shell.write(CONFIG.replace("dense: 2", "dense: 1").replace("cross_entropy", "mse"))
    assert "`features: [day, u]`" in shell.run("summary", "config.yaml").stderr


def test_a_single_part_of_a_date_is_a_column_of_its_own():
    names = ["built (year)", "day (year)", "day (month sin)", "u"]
    assert dates_of(names) == {"day (year)": "day", "day (month sin)": "day"}
