"""The columns of a table in `summary`: what each holds, and as what it enters the network."""

import json

import pytest

TABLE = "id,age,income,city,zip,day,price\n" + "".join(
    f"{row},{'' if row % 9 == 0 else 20 + row},{row * 1000},{'abcdef'[row % 6]},{1067 + row % 2},2024-01-{1 + row % 28:02},{row / 2}\n"
    for row in range(60)
)
COLUMNS = {
    "income": {"number": "log"},
    "city": {"categorical": {"embed": 2, "unknown": "learn"}},
    "zip": "categorical",
    "id": "ignore",
}


@pytest.fixture
def summary(shell):
    def run(columns, text=TABLE, **more):
        (shell.folder / "t.csv").write_text(text)
        source = {"path": "t.csv", "impute": "median", "task": "regression", "columns": columns} | more
        learned = any("embed" in str(kind) for kind in columns.values())
        config = {
            "data": {"source": {"csv": source}, "standardize": True},
            "model": {"layers": ["embed_columns"] * learned + [{"dense": 1}]},
            "loss": "mse",
            "optimizer": "adam",
            "train": {"epochs": 1, "batch_size": 8},
        }
        (shell.folder / "t.yaml").write_text(json.dumps(config))
        lines = shell.run("summary", "t.yaml").stdout.splitlines()
        return {line.split()[0]: " ".join(line.split()[1:]) for line in lines if line.strip()}

    return run


def test_each_column_is_shown_with_its_kind_and_its_features(summary):
    found = summary(COLUMNS)
    assert found["age"] == "number 1 standard, gaps filled with 50"
    assert found["income"] == "number 1 log"
    assert found["city"] == "categorical 1 vector of 2: 6 categories + unknown"
    assert found["zip"] == "categorical 2 one-hot: 1067, 1068"
    assert found["day"] == "date 5 year, month, weekday"
    assert found["id"] == "ignore -"


def test_of_many_columns_the_first_are_shown_and_the_others_counted(summary):
    names = [f"c{number}" for number in range(101)]
    text = (
        ",".join(names)
        + "\n"
        + "".join(",".join(str(row * n) for n in range(101)) + "\n" for row in range(9))
    )
    found = summary({}, text)
    assert "c39" in found
    assert "c40" not in found
    assert found["60"] == "more number 60"


def test_of_many_columns_those_that_are_no_numbers_are_shown(summary):
    draw = range(60)
    columns = {f"c{n}": [(row * n) % 17 for row in draw] for n in range(60)}
    columns |= {
        "city": ["ab"[row % 2] for row in draw],
        "day": [f"2024-01-{1 + row % 28:02}" for row in draw],
    }
    columns |= {f"i{n}": [1] * 60 for n in range(14)} | {"y": [row / 7 for row in draw]}
    rows = zip(*columns.values(), strict=True)
    text = "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows), ""])
    found = summary({f"i{n}": "ignore" for n in range(14)}, text)
    assert found["city"] == "categorical 2 one-hot: a, b"
    assert found["day"].startswith("date 5 ")
    assert ("c37" in found, "c38" in found) == (True, False)
    assert found["22"] == "more number 22"
    assert ("i9" in found, "i10" in found) == (True, False)
    assert found["4"] == "more ignore -"
