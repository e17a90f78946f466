"""What `new --data` writes about the columns of a table: categories with learned vectors, dates, and columns that are left out."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from nntrain.config import load
from nntrain.starters.tables import starter

ROWS = 600
LEARNED = {"categorical": {"embed": "auto", "unknown": "learn"}}
DRAW = np.random.default_rng(0)


def texts(count: int, rows: int = ROWS) -> list[str]:
    return [f"t{number}" for number in DRAW.permutation(np.arange(rows) % count)]


def table(folder: Path, rows: int = ROWS, **columns) -> Path:
    """A table with these columns, one of numbers, and a target."""
    columns |= {"size": DRAW.normal(size=rows).round(3), "price": DRAW.normal(size=rows).round(3)}
    lines = [
        ",".join(f'"{name}"' for name in columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "t.csv"


def proposed(file: Path) -> dict:
    text, _ = starter(file, None, file.parent / "t.yaml")
    (file.parent / "t.yaml").write_text(text, encoding="utf-8")
    load(file.parent / "t.yaml")
    found = yaml.safe_load(text)
    return found | {"columns": found["data"]["source"]["csv"].get("columns")}


def test_a_table_of_numbers_says_nothing_of_its_columns(tmp_path):
    found = proposed(table(tmp_path, other=DRAW.normal(size=ROWS)))
    assert list(found["data"]["source"]["csv"]) == ["path", "target"]
    assert "embed_columns" not in found["model"]["layers"]


@pytest.mark.parametrize(
    ("count", "kind"),
    [(2, None), (9, None), (10, LEARNED), (120, LEARNED), (121, "ignore"), (600, "ignore")],
)
def test_texts_of_many_categories_get_learned_vectors(tmp_path, count, kind):
    found = proposed(table(tmp_path, city=texts(count)))
    assert found["columns"] == (kind and {"city": kind})
    assert (found["model"]["layers"][0] == "embed_columns") == (kind == LEARNED)


def test_texts_of_up_to_fifty_categories_are_one_hot_encoded_where_each_is_rare(tmp_path):
    assert proposed(table(tmp_path, rows=100, city=texts(40, 100)))["columns"] is None


@pytest.mark.parametrize("name", ["zip", "store_id", "zip code", "storeId", "Postcode"])
def test_whole_numbers_that_are_named_as_codes_are_categories(tmp_path, name):
    values = DRAW.integers(1, 40, ROWS)
    assert proposed(table(tmp_path, **{name: values}))["columns"] == {name: LEARNED}
    assert proposed(table(tmp_path, rooms=values))["columns"] is None


def test_whole_numbers_that_begin_with_zero_are_categories(tmp_path):
    values = [f"{number:05}" for number in DRAW.integers(900, 930, ROWS)]
    assert proposed(table(tmp_path, town=values))["columns"] == {"town": LEARNED}


def test_codes_that_hardly_repeat_stay_numbers(tmp_path):
    assert proposed(table(tmp_path, zip=DRAW.integers(10000, 99999, ROWS)))["columns"] is None


def test_dates_and_what_is_left_out_are_written_down_with_the_reason(tmp_path):
    days = [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(ROWS)]
    file = table(tmp_path, same=[1] * ROWS, day=days)
    assert proposed(file)["columns"] == {"day": "date", "same": "ignore"}
    lines = (tmp_path / "t.yaml").read_text(encoding="utf-8").split("\n")
    noted = {
        line.split(":")[0].strip(): line.partition("# ")[2] for line in lines if line.startswith(" " * 8)
    }
    assert noted == {"day": "year, month, weekday", "same": "constant"}


@pytest.mark.parametrize(
    "name", ["a: b", "# x", "2010", "true", "it's", "- a", "? a", "*a", "{a}", "a\tb", "n" * 300, "größe"]
)
def test_columns_of_any_name_are_written_so_that_they_are_read_again(tmp_path, name):
    found = proposed(table(tmp_path, **{name: [7] * ROWS}))
    assert found["columns"] == {name: "ignore"}


def test_columns_without_a_name_are_left_out_by_number(tmp_path):
    file = table(tmp_path, **{"": range(ROWS), "2": DRAW.normal(size=ROWS)})
    assert proposed(file)["columns"] == {1: "ignore"}
    file = table(tmp_path, **{"1": DRAW.normal(size=ROWS), "": range(ROWS), "2": DRAW.normal(size=ROWS)})
    assert proposed(file)["columns"] == {-4: "ignore"}


def test_the_config_of_each_kind_of_column_trains_and_predicts(tmp_path, shell):
    days = [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(ROWS)]
    columns = {"id": range(ROWS), "city": texts(30), "zip": DRAW.integers(10, 25, ROWS), "day": days}
    table(shell.folder, **columns, colour=texts(2))
    remarks = shell.run("new", "--data", "t.csv").stderr.splitlines()
    assert remarks[1:4] == [
        "left out: id (row number)",
        "dates: day (year, month, weekday)",
        "categories: city (30 texts), zip (15 codes)",
    ]
    result = shell.run("fit", "t.yaml", "--quiet", "--set", "train.epochs=1")
    assert "unscaled" not in result.stderr
    new = "city,zip,day,colour,size\nt1,11,2024-01-31,t0,0.5\nNowhere,99,2024-01-31,t1,0.5\n"
    (shell.folder / "new.csv").write_text(new)
    assert len(shell.run("predict", "runs/t", "new.csv").stdout.splitlines()) == 3


def test_the_network_encodes_the_numbers_beside_learned_vectors(tmp_path):
    layers = proposed(table(tmp_path, rows=1200, city=texts(30, 1200)))["model"]["layers"]
    assert layers[:2] == ["embed_columns", {"piecewise_linear_encoding": 16}]
