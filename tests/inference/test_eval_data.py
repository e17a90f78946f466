"""`nntrain eval --data`: scores on data that the run has never heard of."""

import json

import numpy as np
import pytest

from tests.inference.test_predict_sequences import TABLE, TEXT, write_table
from tests.support.data import idx
from tests.support.people import HEADER, people, text_of

LINE = """
data: {source: {csv: {path: line.csv, target: y}}}
model: {layers: [{dense: 1}]}
loss: mse
metrics: [mae]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 3, batch_size: 10}
"""
DIGITS = """
data: {source: {digits: {as: image}}}
model: {layers: [flatten, {dense: 10}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 64}
"""


def scores(shell, source, *arguments) -> dict:
    """Loss and metrics, without what says of which data."""
    found = shell.scores("runs/run", "--data", source, *arguments)
    return {name: value for name, value in found.items() if name not in ("data", "split")}


def own_scores(shell, *arguments) -> dict:
    found = shell.scores("runs/run", *arguments)
    return {name: value for name, value in found.items() if name != "split"}


def complaint(shell, source, *arguments) -> str:
    result = shell.run("eval", "runs/run", "--data", source, *arguments, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    return result.stderr.removeprefix("error: ")[:-1]


@pytest.mark.parametrize(
    "source", ["{csv: {path: others.csv, target: kind}}", "{csv: {path: others.csv}}", "csv: others.csv"]
)
def test_the_test_file_as_other_data_gives_the_scores_of_the_test_split(trained, source):
    assert scores(trained, source) == own_scores(trained)


def test_the_data_of_the_training_are_not_needed(trained):
    expected = own_scores(trained)
    (trained.folder / "people.csv").unlink()
    trained.run("eval", "runs/run", code=2)
    assert scores(trained, "{csv: others.csv}") == expected


def test_columns_and_classes_are_found_by_name(trained):
    few = [row for row in people(1, 40) if row[3] != "red" and row[1] != "green"]
    (trained.folder / "few.csv").write_text(text_of(few))
    expected = scores(trained, "{csv: few.csv}")
    assert expected["samples"] == len(few)
    other = [[kind, "9", colour, height, age] for age, colour, height, kind in few]
    (trained.folder / "other.csv").write_text(text_of(other, ["answer", "more", "colour", "height", "age"]))
    assert scores(trained, "{csv: {path: other.csv, target: answer}}") == expected
    assert scores(trained, "{csv: {path: other.csv, target: 1}}") == expected


def test_paths_in_a_file_count_from_its_folder(trained, wording):
    folder = trained.folder / "new"
    folder.mkdir()
    (trained.folder / "others.csv").rename(folder / "others.csv")
    (folder / "source.yaml").write_text("# new people\ncsv: {path: others.csv}\n")
    assert scores(trained, "new/source.yaml") == scores(trained, "{csv: new/others.csv}")
    (folder / "name.yml").write_text("iris\n")
    wording(complaint(trained, "new/name.yml"))


def test_the_output_names_the_data(trained):
    result = trained.run("eval", "runs/run", "--data", "{csv: others.csv}", "--json")
    assert list(json.loads(result.stdout)) == ["data", "split", "samples", "loss", "accuracy"]
    assert json.loads(result.stdout)["data"] == "{csv: others.csv}"
    head = trained.run("eval", "runs/run", "--data", "{csv: others.csv}").stdout.splitlines()[0]
    assert head == "{csv: others.csv}, 40 samples, checkpoint runs/run/checkpoints/best.safetensors"


def test_the_split_is_test_by_default(shell, wording):
    shell.fit(DIGITS)
    assert scores(shell, "digits") == own_scores(shell, "--split", "test")  # vectors, which become images
    head = shell.run("eval", "runs/run", "--data", "digits").stdout.splitlines()[0]
    assert head.startswith("digits, test split, 360 samples, ")
    assert scores(shell, "{digits: {as: image}}", "--split", "train") == own_scores(shell, "--split", "train")
    wording(complaint(shell, "digits", "--split", "validation"))


def test_few_whole_numbers_are_still_numbers_to_predict(shell):
    x = np.linspace(-1, 1, 40)
    (shell.folder / "line.csv").write_text(text_of(np.stack([x, 2 * x], axis=1).tolist(), ["x", "y"]))
    shell.fit(LINE)
    (shell.folder / "few.csv").write_text("y,x\n2,1\n-2,-1\n")
    found = scores(shell, "{csv: few.csv}")
    assert found["samples"] == 2
    assert 0 < found["mae"] < 2


def test_other_kinds_of_files_can_hold_the_same(trained):
    rows = [row for row in people(1, 40) if row[0] and row[1] != "?"]
    x = np.array(
        [
            [float(age), *(float(colour == name) for name in ("blue", "green", "red")), float(height)]
            for age, colour, height, _ in rows
        ]
    )
    np.savez(trained.folder / "arrays.npz", x=x, y=[row[3] for row in rows])
    (trained.folder / "rows.csv").write_text(text_of(rows))
    assert scores(trained, "{npz: arrays.npz}") == scores(trained, "{csv: rows.csv}")


def test_columns_in_another_order_are_still_found(trained, wording):
    expected = own_scores(trained)
    for name, seed, count in (("people.csv", 0, 80), ("others.csv", 1, 40)):
        rows = [[kind, height, colour, age] for age, colour, height, kind in people(seed, count)]
        (trained.folder / name).write_text(text_of(rows, HEADER[::-1]))
    result = trained.run("eval", "runs/run", "--json")
    wording(result.stderr)
    found = json.loads(result.stdout)
    assert {name: found[name] for name in expected} == expected


def test_a_bare_file_is_read_as_the_data_of_the_training(trained):
    expected = own_scores(trained)
    assert scores(trained, "others.csv") == expected
    rows = [[kind, "9", height, colour, age] for age, colour, height, kind in people(1, 40)]
    (trained.folder / "other.csv").write_text(text_of(rows, ["kind", "more", "height", "colour", "age"]))
    assert scores(trained, "other.csv") == expected  # the target is found by its name, too
    assert (
        json.loads(trained.run("eval", "runs/run", "--data", "./other.csv", "--json").stdout)["data"]
        == "./other.csv"
    )


def test_bare_arrays_and_tables_suit_a_network_that_was_trained_without_files(shell, wording):
    shell.fit(DIGITS)
    x, y = np.random.default_rng(0).integers(0, 17, (30, 64)) / 16, np.arange(30) % 10
    np.savez(shell.folder / "new.npz", x=x, y=y)
    (shell.folder / "new.csv").write_text(
        text_of(np.column_stack([x, y]).tolist(), [*map(str, range(64)), "y"])
    )
    np.savez(shell.folder / "images.npz", x=(16 * x).reshape(-1, 8, 8) / 16, y=y)
    found = scores(shell, "new.npz")
    (shell.folder / "new.pickle").write_text("{}")
    wording(complaint(shell, "new.pickle"))
    assert found["samples"] == 30
    assert scores(shell, "new.csv") == found
    assert scores(shell, "images.npz") == found


def test_a_bare_npz_has_the_arrays_of_the_training(shell):
    arrays = {"inputs": np.random.default_rng(0).normal(size=(40, 2)), "labels": np.arange(40) % 2}
    np.savez(shell.folder / "data.npz", **arrays)
    np.savez(shell.folder / "new.npz", **{name: array[:10] for name, array in arrays.items()})
    shell.fit(
        "data: {npz: {path: data.npz, x: inputs, target: labels}}\nmodel: {layers: [{dense: 2}]}\nloss: cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\ntrain: {epochs: 1, batch_size: 8}\n"
    )
    assert scores(shell, "new.npz") == scores(shell, "{npz: {path: new.npz, x: inputs, target: labels}}")


def test_bare_sequences_have_the_options_of_the_training(shell):
    write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "sequence").replace("LAYER", "{gru: 4}"))
    write_table(shell.folder, "new.csv")
    assert scores(shell, "new.csv") == own_scores(shell, "--split", "train")


def test_a_bare_text_is_read_with_the_vocabulary_of_the_training(shell):
    (shell.folder / "text.txt").write_text("abcdefghi\n" * 40)
    shell.fit(TEXT.replace("epochs: 30", "epochs: 1").replace("dense: 11", "dense: 10"))
    (shell.folder / "new.md").write_text("ihgfedcba\n" * 10)
    assert scores(shell, "new.md") == scores(shell, "{text: {path: new.md, window: 8}}")


BAD_TABLES = {
    "an unknown class": ("age,colour,height,kind\n1,red,2,old\n1,red,2,new\n", "new.csv:3: column 'kind': "),
    "no class": ("age,colour,height,kind\n1,red,2,\n", "new.csv:2: column 'kind': "),
    "no target": ("age,colour,height,kid\n1,red,2,old\n", "new.csv: "),
    "no feature": ("age,height,kind\n1,2,old\n", "new.csv: "),
    "an unknown category": ("age,colour,height,kind\n1,pink,2,old\n", "new.csv:2: column 'colour': "),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_refused(trained, case, wording):
    text, place = BAD_TABLES[case]
    (trained.folder / "new.csv").write_text(text)
    found = complaint(trained, "{csv: new.csv}")
    assert found.startswith(place)
    wording(found)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("digts", "--data: "),
        ("{csv: {path: others.csv, taget: kind}}", "--data: csv.taget: "),
        ("{csv: {path: others.csv", "--data: "),
        ("{source: digits}", "--data: "),
        ("{csv: none.csv}", "none.csv: "),
        ("none.csv", "none.csv: "),
        ("folder", "--data: "),
        ("notes.pdf", "notes.pdf:1: "),
        ("none.yaml", "none.yaml: "),
        ("empty.yaml", "empty.yaml: "),
        ("wrong.yaml", "wrong.yaml:1:1: csv.path: "),
        ("{csv: {path: others.csv, target: [kind, age]}}", "others.csv: "),
        ("{csv: {path: others.csv, target: age}}", "others.csv: "),
        ("{npz: wide.npz}", "--data: "),
        ("{npz: numbers.npz}", "--data: "),
        ("{npz: others.npz}", "--data: "),
        ("{idx: {images: images.idx, labels: labels.idx}}", "--data: "),
    ],
)
def test_bad_sources_are_refused(trained, source, place, wording):
    folder = trained.folder
    (folder / "empty.yaml").write_text("# nothing\n")
    (folder / "wrong.yaml").write_text("csv:\n  pth: others.csv\n")
    (folder / "folder").mkdir()
    (folder / "notes.pdf").write_bytes(b"%PDF\xff")
    np.savez(folder / "wide.npz", x=np.zeros((2, 4)), y=["old", "red"])
    np.savez(folder / "numbers.npz", x=np.zeros((2, 5)), y=[0.5, 1.5])
    np.savez(folder / "others.npz", x=np.zeros((2, 5)), y=[0, 1])
    (folder / "images.idx").write_bytes(idx(np.zeros((2, 5))))
    (folder / "labels.idx").write_bytes(idx([0, 1]))
    found = complaint(trained, source)
    assert found.startswith(place)
    wording(found)


def test_targets_must_be_in_the_range_of_the_loss(shell, wording):
    np.savez(shell.folder / "data.npz", x=np.zeros((8, 1)), y=np.linspace(0, 1, 8))
    shell.fit(
        "data: {npz: {path: data.npz, task: regression}}\nmodel: {layers: [{dense: 1}]}\nloss: binary_cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\ntrain: {epochs: 1, batch_size: 4}\n"
    )
    np.savez(shell.folder / "new.npz", x=np.zeros((2, 1)), y=[0.5, 2])
    wording(complaint(shell, "{npz: new.npz}"))
