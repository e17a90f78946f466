"""Configs for texts with a class each: from tables and folders, with the columns that were chosen and why."""

import json

import pytest

import nntrain
from nntrain.config import load

SAID = {"yes": "a fine and clever film number", "no": "what a dull and stale film number"}
ROWS = [(f"{SAID[label]} {number}", label) for number in range(30) for label in SAID]


def table(path, header, rows):
    path.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]) + "\n")


def source_of(shell, *arguments):
    result = shell.run("new", "--data", *arguments, "--output", "c.yaml", "--overwrite")
    return load(shell.folder / "c.yaml")[0].data.source, result.stderr


def test_a_column_of_texts_is_classified(shell, wording):
    table(shell.folder / "t.csv", ["review", "liked"], ROWS)
    source, remarks = source_of(shell, "t.csv")
    assert (source.yaml_name, source.text, source.label) == ("text_classes", "review", "liked")
    assert (source.min_count, source.max_length, source.lowercase) == (1, 32, True)
    wording(remarks)
    run = nntrain.fit(shell.folder / "c.yaml", runs_dir=None)
    assert run.scores["test"]["accuracy"] == 1
    assert run.model.predict(["stale and dull", "fine, clever"]).tolist() == ["no", "yes"]


def test_columns_that_cannot_help_are_left_out(shell, wording):
    rows = [(number + 1, label, text, "film") for number, (text, label) in enumerate(ROWS)]
    table(shell.folder / "t.csv", ["id", "liked", "review", "kind"], rows)
    source, remarks = source_of(shell, "t.csv")
    assert (source.yaml_name, source.text, source.label) == ("text_classes", "review", "liked")
    wording(remarks)
    source, _ = source_of(shell, "t.csv", "--target", "liked")
    assert (source.yaml_name, source.label) == ("text_classes", "liked")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["review", "length", "liked"], lambda number, text, label: (text, number * 7 % 13 / 4, label)),
        (["review", "liked"], lambda number, text, label: (text.split()[-1], label)),
        (["name", "liked"], lambda number, text, label: (f"{label} one of", label)),
    ],
    ids=["another feature", "numbers", "few texts"],
)
def test_other_tables_stay_tables(shell, header, row):
    table(shell.folder / "t.csv", header, [row(number, *said) for number, said in enumerate(ROWS)])
    assert source_of(shell, "t.csv")[0].yaml_name == "csv"


@pytest.mark.parametrize(
    "price", [lambda number: number * 1.37, lambda number: number * number], ids=["decimals", "whole numbers"]
)
def test_numbers_are_predicted_from_texts(shell, wording, price):
    rows = [(f"{text} {'very ' * (number % 5)}", price(number)) for number, (text, _) in enumerate(ROWS)]
    table(shell.folder / "t.csv", ["review", "price"], rows)
    source, remarks = source_of(shell, "t.csv")
    assert (source.yaml_name, source.label, source.task) == ("text_classes", "price", "regression")
    wording(remarks)
    run = nntrain.fit(shell.folder / "c.yaml", runs_dir=None, set={"train.epochs": 1})
    assert run.scores["test"]["rmse"] > 0


def test_json_lines_are_tables_of_texts(shell):
    lines = [json.dumps({"text": text, "stars": 5 if label == "yes" else 1}) for text, label in ROWS]
    (shell.folder / "t.jsonl").write_text("\n".join(lines))
    source, _ = source_of(shell, "t.jsonl")
    assert (source.yaml_name, source.text, source.label) == ("text_classes", "text", "stars")


def test_folders_of_texts_are_classes(shell, wording):
    for split in ("train", "test"):
        for number, (text, label) in enumerate(ROWS):
            (shell.folder / "films" / split / label).mkdir(parents=True, exist_ok=True)
            (shell.folder / "films" / split / label / f"{number}.txt").write_text(text)
    source, remarks = source_of(shell, "films")
    assert (source.yaml_name, source.path) == ("text_classes", "films")
    wording(remarks)
    data = load(shell.folder / "c.yaml")[0].data
    assert (data.test, data.validation) == (None, 0.2)
    nntrain.fit(shell.folder / "c.yaml", set={"train.epochs": 1}, runs_dir=None)
    error = shell.run(
        "new", "--data", "films", "--target", "x", "--output", "c.yaml", "--overwrite", code=2
    ).stderr
    wording(error)


def test_texts_without_blanks_become_byte_pairs(shell):
    said = {"yes": "这部电影很精彩而且感人", "no": "这部电影非常无聊又很长"}
    rows = [(f"{said[label]}第{number}次", label) for number in range(30) for label in said]
    table(shell.folder / "t.csv", ["text", "label"], rows)
    source, _ = source_of(shell, "t.csv")
    assert (source.yaml_name, source.unit) == ("text_classes", "bpe")
    nntrain.fit(shell.folder / "c.yaml", set={"train.epochs": 1}, runs_dir=None)
