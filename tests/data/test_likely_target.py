"""The column that `nntrain new` predicts where none is named: never an index, a comment or a time without saying so."""

import random

import pytest

from nntrain.data.sources.csv import Csv
from nntrain.data.tables.likely_target import LikelyTarget, likely_target

ROWS = 60
DRAW = random.Random(0)
CELLS = {  # a column of each kind
    "number": [f"{DRAW.random():.3f}" for _ in range(ROWS)],
    "count": [str(DRAW.randint(1, 6)) for _ in range(ROWS)],
    "kind": [DRAW.choice(["red", "green"]) for _ in range(ROWS)],
    "index": [str(row) for row in range(ROWS)],
    "code": [str(row * 37 % 1009) for row in range(ROWS)],
    "comment": [f"Seen by {DRAW.random():.8f} people" for _ in range(ROWS)],
    "some": ["" if row % 3 else "a note" for row in range(ROWS)],
    "date": [f"2024-01-{row % 28 + 1:02}" for row in range(ROWS)],
    "year": [str(2000 + row % 5) for row in range(ROWS)],
    "same": ["7"] * ROWS,
    "place": [f"{DRAW.uniform(-90, 90):.4f}" for _ in range(ROWS)],
    "empty": [""] * ROWS,
    "split": ["Test" if row % 5 == 0 else "train" for row in range(ROWS)],
}


def chosen(folder, **columns: str) -> LikelyTarget:
    """`columns`: name -> kind, in the order of the file."""
    lines = [
        ",".join(columns),
        *(",".join(row) for row in zip(*map(CELLS.get, columns.values()), strict=True)),
    ]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    table = Csv(path="t.csv", impute="median").table(folder)
    return likely_target([*table.features, *table.targets])


def test_the_last_column_is_predicted(tmp_path):
    for kind in ("number", "count", "kind"):
        found = chosen(tmp_path, a="number", b="kind", c=kind)
        assert (found.column.name, found.why) == ("c", "the last column")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("c", "index"),
        ("c_id", "code"),
        ("customerId", "kind"),
        ("identifier", "count"),
        ("c", "comment"),
        ("c", "some"),
        ("c", "date"),
        ("Year", "year"),
        ("observation time", "number"),
        ("c", "same"),
        ("latitude", "place"),
        ("c", "empty"),
        ("c", "split"),
    ],
)
def test_what_is_hardly_a_target_is_passed_over_and_named(tmp_path, wording, name, kind):
    found = chosen(tmp_path, **{"a": "number", "b": "kind", name: kind})
    assert found.column.name == "a"
    assert found.why.startswith(f"the first column; passed over: {name} (")
    wording(found.why)
    found = chosen(tmp_path, **{"a": "comment", "b": "kind", "d": "number", name: kind})
    assert found.column.name == "d"
    found = chosen(tmp_path, **{name: kind, "a": "comment"})
    assert found.column.name == "a"
    assert "though it is hardly one to predict" in found.why


@pytest.mark.parametrize("name", ["target", "Label", "class", "y"])
def test_a_column_with_the_name_of_a_target_is_predicted(tmp_path, name):
    found = chosen(tmp_path, **{"a": "number", name: "kind", "b": "number"})
    assert (found.column.name, found.why) == (name, "whose name is that of a target")
    assert chosen(tmp_path, **{"a": "number", name: "comment", "b": "number"}).column.name == "b"
    two = {"a": "number", name: "kind", "outcome": "number", "b": "number"}
    assert chosen(tmp_path, **two).column.name == "b"


def test_a_code_stands_for_its_column(tmp_path):
    found = chosen(tmp_path, a="number", species="kind", b="number", species_id="count")
    assert found.column.name == "species"
    assert "for which species_id is a code" in found.why


def test_a_name_that_ends_in_no_is_not_always_a_number(tmp_path):
    assert chosen(tmp_path, a="number", smoker_yes_cancer_no="count").why == "the last column"
    assert chosen(tmp_path, a="number", sample_no="count").column.name == "a"
