"""`nntrain eval --data`: scores on data that the run has never heard of."""

import json

import numpy as np
import pytest

from nntrain.data.dataset import Reader
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


def test_paths_in_a_file_count_from_its_folder(trained):
    folder = trained.folder / "new"
    folder.mkdir()
    (trained.folder / "others.csv").rename(folder / "others.csv")
    (folder / "source.yaml").write_text("# new people\ncsv: {path: others.csv}\n")
    assert scores(trained, "new/source.yaml") == scores(trained, "{csv: new/others.csv}")
    (folder / "name.yml").write_text("iris\n")
    assert "it lacks 'age'" in complaint(trained, "new/name.yml")


def test_the_output_names_the_data(trained):
    result = trained.run("eval", "runs/run", "--data", "{csv: others.csv}", "--json")
    assert list(json.loads(result.stdout)) == ["data", "split", "samples", "loss", "accuracy"]
    assert json.loads(result.stdout)["data"] == "{csv: others.csv}"
    head = trained.run("eval", "runs/run", "--data", "{csv: others.csv}").stdout.splitlines()[0]
    assert head == "{csv: others.csv}, train part, 40 samples, by runs/run/checkpoints/best.safetensors"


def test_the_part_is_test_unless_said(shell):
    shell.fit(DIGITS)
    assert scores(shell, "digits") == own_scores(shell, "--split", "test")  # vectors, which become images
    assert scores(shell, "{digits: {as: image}}", "--split", "train") == own_scores(shell, "--split", "train")
    assert complaint(shell, "digits", "--split", "validation") == (
        "--data: digits brings no validation part. There are: train, test."
    )


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


def test_columns_of_the_training_in_another_order_are_still_found(trained):
    expected = own_scores(trained)
    for name, seed, count in (("people.csv", 0, 80), ("others.csv", 1, 40)):
        rows = [[kind, height, colour, age] for age, colour, height, kind in people(seed, count)]
        (trained.folder / name).write_text(text_of(rows, HEADER[::-1]))
    result = trained.run("eval", "runs/run", "--json")
    assert result.stderr == "warning: the data have changed since the training.\n"
    found = json.loads(result.stdout)
    assert {name: found[name] for name in expected} == expected


BAD_TABLES = {
    "an unknown class": (
        "age,colour,height,kind\n1,red,2,old\n1,red,2,new\n",
        "new.csv:3: column 'kind': expected one of the training's classes 'old', 'other', 'red'. Received: 'new'.\n"
        "Mend the file, or leave such lines out.",
    ),
    "no class": (
        "age,colour,height,kind\n1,red,2,\n",
        "new.csv:2: column 'kind': expected one of the training's classes 'old', 'other', 'red'. Received: an empty cell.\n"
        "Mend the file, or leave such lines out.",
    ),
    "no target": (
        "age,colour,height,kid\n1,red,2,old\n",
        "new.csv: it lacks the target 'kind'. Did you mean 'kid'?",
    ),
    "no feature": (
        "age,height,kind\n1,2,old\n",
        "new.csv: the columns do not fit those of the training: it lacks 'colour'. There are: age, height, kind.",
    ),
    "an unknown category": (
        "age,colour,height,kind\n1,pink,2,old\n",
        "new.csv:2: column 'colour': expected one of the training's 'blue', 'green', 'red'. Received: 'pink'.\n"
        "Mend the file: the network takes only what it was trained on.",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_refused(trained, case):
    text, message = BAD_TABLES[case]
    (trained.folder / "new.csv").write_text(text)
    assert complaint(trained, "{csv: new.csv}") == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "others.csv",
            "--data: expected a source, such as digits or '{csv: {path: others.csv}}', or a YAML file that holds one. "
            "Received: 'others.csv'.",
        ),
        (
            "digts",
            "--data: expected a source, such as digits or '{csv: {path: new.csv}}', or a YAML file that holds one. "
            "Received: 'digts'. Did you mean 'digits'?",
        ),
        (
            "{csv: {path: others.csv, taget: kind}}",
            "--data: csv.taget: no such option. Did you mean 'target'?",
        ),
        ("{csv: {path: others.csv", "--data: the bracket that opens here is never closed by '}'."),
        ("{source: digits}", "--data: no source is named 'source'. There are: {sources}."),
        ("{csv: none.csv}", "none.csv: there is no such file in {folder}. Did you mean 'people.csv'?"),
        ("none.yaml", "none.yaml: no such file. Did you mean 'wrong.yaml'?"),
        (
            "empty.yaml",
            "empty.yaml: expected a source, such as digits or '{csv: {path: new.csv}}'. Received: nothing.",
        ),
        (
            "wrong.yaml",
            "wrong.yaml:1:1: csv.path: is required.\n  1 | csv:\n    | ^\n"
            "wrong.yaml:2:3: csv.pth: no such option. Did you mean 'path'?\n  2 |   pth: others.csv\n    |   ^",
        ),
        (
            "{csv: {path: others.csv, target: [kind, age]}}",
            "others.csv: target: expected as many columns as in the training, 1. Received: 2.",
        ),
        ("{csv: {path: others.csv, target: age}}", "others.csv: target: 'age' is a feature of the training."),
        (
            "{npz: wide.npz}",
            "--data: expected samples of the shape (5,), as in the training. Received: (4,).",
        ),
        (
            "{npz: numbers.npz}",
            "--data: the data do not fit those of the training: its targets are numbers, not classes. "
            "Say which with `task`.",
        ),
        (
            "{npz: others.npz}",
            "--data: expected the train part's classes 'old', 'other', 'red'. Received: '0', '1' besides.",
        ),
        (
            "{idx: {images: images.idx, labels: labels.idx}}",
            "--data: expected numbers as in the training. Received: bytes (uint8), "
            "which stand for 0 to 1. Convert them to float32 in the unit of the training.",
        ),
    ],
)
def test_bad_sources_are_refused(trained, source, message):
    folder = trained.folder
    (folder / "empty.yaml").write_text("# nothing\n")
    (folder / "wrong.yaml").write_text("csv:\n  pth: others.csv\n")
    np.savez(folder / "wide.npz", x=np.zeros((2, 4)), y=["old", "red"])
    np.savez(folder / "numbers.npz", x=np.zeros((2, 5)), y=[0.5, 1.5])
    np.savez(folder / "others.npz", x=np.zeros((2, 5)), y=[0, 1])
    (folder / "images.idx").write_bytes(idx(np.zeros((2, 5))))
    (folder / "labels.idx").write_bytes(idx([0, 1]))
    expected = message.replace("{folder}", str(folder)).replace("{sources}", ", ".join(Reader.members()))
    assert complaint(trained, source) == expected


def test_targets_must_lie_where_the_loss_makes_sense(shell):
    np.savez(shell.folder / "data.npz", x=np.zeros((8, 1)), y=np.linspace(0, 1, 8))
    shell.fit(
        "data: {npz: {path: data.npz, task: regression}}\nmodel: {layers: [{dense: 1}]}\nloss: binary_cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\ntrain: {epochs: 1, batch_size: 4}\n"
    )
    np.savez(shell.folder / "new.npz", x=np.zeros((2, 1)), y=[0.5, 2])
    assert (
        complaint(shell, "{npz: new.npz}")
        == "--data: binary_cross_entropy needs targets from 0 to 1. Received: 2."
    )
