"""Bad input to `nntrain predict`: one clear message with its place, exit code 2, and nothing written."""

import math

import numpy as np
import pytest

from nntrain import kernels
from tests.support.people import NUMBERS, PEOPLE, table_of, write_numbers

GAP_HINT = "Mend the file: the network takes only what it was trained on."
BAD_TABLES = {
    "a missing column": (
        "age,color,height\n1,red,2\n",
        "new.csv: the columns do not fit those of the training: it lacks 'colour'. Did you mean 'color'?",
    ),
    "missing columns": (
        "height\n2\n",
        "new.csv: the columns do not fit those of the training: it lacks 'age', 'colour'. There are: height.",
    ),
    "no header": (
        "30,red,170\n31,blue,171\n",
        "new.csv: the columns do not fit those of the training: it lacks 'age', 'colour', 'height'. There are: 30, red, 170.",
    ),
    "an unknown category": (
        "age,colour,height\n1,red,2\n1,pink,2\n",
        f"new.csv:3: column 'colour': expected one of the training's 'blue', 'green', 'red'. Received: 'pink'.\n{GAP_HINT}",
    ),
    "a number for a category": (
        "age,colour,height\n1,7,2\n",
        f"new.csv:2: column 'colour': expected one of the training's 'blue', 'green', 'red'. Received: '7'.\n{GAP_HINT}",
    ),
    "text for a number": (
        "age,colour,height\n1,red,2\nold,red,2\n",
        f"new.csv:3: column 'age': expected a number. Received: 'old'.\n{GAP_HINT}",
    ),
    "infinity": (
        "age,colour,height\ninf,red,2\n",
        f"new.csv:2: column 'age': expected a finite number. Received: inf.\n{GAP_HINT}",
    ),
    "a short row": ("age,colour,height\n1,red\n", "new.csv:2: expected 3 columns as in line 1. Received: 2."),
    "two columns of one name": (
        "age,colour,height,age\n1,red,2,1\n",
        "new.csv:1: columns 1 and 4 are both named 'age'.",
    ),
    "a header alone": ("age,colour,height\n", "new.csv: the file has a header and no lines after it."),
    "an empty file": ("", "new.csv: the file is empty."),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_refused(trained, case):
    text, message = BAD_TABLES[case]
    (trained.folder / "new.csv").write_text(text)
    result = trained.run("predict", "runs/run", "new.csv", code=2)
    assert (result.stdout, result.stderr) == ("", f"error: {message}\n")


def test_bad_cells_are_told_in_the_order_of_the_file(trained):
    bad = "age,colour,height\n" + "1,pink,x\n" * 4
    told = trained.run("predict", "runs/run", "-", given=bad.encode(), code=2).stderr.splitlines()
    assert told[0].startswith("error: standard input:2: column 'colour'")
    assert told[1] == "standard input:2: column 'height': expected a number. Received: 'x'."
    assert told[5:] == ["... and 3 more.", GAP_HINT]


def test_a_gap_that_nothing_fills_is_refused(shell):
    write_numbers(shell.folder)
    shell.fit(NUMBERS)
    (shell.folder / "new.csv").write_text("b,a\n1,2\n,3\n")
    assert shell.run("predict", "runs/run", "new.csv", code=2).stderr == (
        "error: new.csv:3: column 'b': expected a number. Received: a missing value.\n"
        "Mend the file: the network takes only what it was trained on. Gaps are filled where the training did so, by `impute`.\n"
    )
    assert shell.run("predict", "runs/run", "new.csv", "--probabilities", code=2).stderr == (
        "error: --probabilities: the network predicts numbers, not classes. Leave it out.\n"
    )


def test_a_loss_without_probabilities_gives_none(trained):
    two = (
        PEOPLE.replace("cross_entropy", "hinge")
        .replace("{dense: 3}", "{dense: 1}")
        .replace("\n  test: {csv: {path: others.csv, target: kind, impute: median}}", "")
    )
    table = (trained.folder / "people.csv").read_text()
    (trained.folder / "people.csv").write_text(table.replace(",other\n", ",old\n"))
    run = trained.fit(two, name="hinge")
    assert set(table_of(trained.run("predict", run, "people.csv").stdout)["class"]) <= {"old", "red"}
    assert trained.run("predict", run, "people.csv", "--probabilities", code=2).stderr == (
        "error: --probabilities: hinge trains distances from a border, not probabilities. Leave it out, or train with "
        "binary_cross_entropy.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/none", "others.csv"], "runs/none: no such run folder or checkpoint."),
        (["people.csv", "others.csv"], "people.csv: this is not an nntrain checkpoint, or it is truncated."),
        (
            ["runs/run", "other.csv"],
            "other.csv: there is no such file in {folder}. Did you mean 'others.csv'?",
        ),
        (["runs/run", "runs"], "runs: cannot be read: Is a directory."),
        (["runs/run", "new.npz"], "new.npz: there is no such file in {folder}. Did you mean 'x.npz'?"),
        (["runs/run", "x.npz"], "x.npz: there is no array named 'x'. There are: y."),
        (
            ["runs/run", "wide.npy"],
            "wide.npy: expected samples of the shape (5,), as in the training. Received: (6,).",
        ),
        (
            ["runs/run", "bytes.npy"],
            "bytes.npy: expected numbers as in the training. Received: bytes (uint8), which stand for 0 to "
            "1. Convert them to float32 in the unit of the training.",
        ),
        (["runs/run", "words.npy"], "words.npy: expected numbers. Received: text."),
        (["runs/run", "nan.npy"], "nan.npy: sample 1, value 5: expected a finite number. Received: nan."),
        (
            ["runs/run", "{csv: {pth: others.csv}}"],
            "INPUT: csv.path: is required.\nINPUT: csv.pth: no such option. Did you mean 'path'?",
        ),
        (["runs/run", "{cvs: others.csv}"], "INPUT: no source is named 'cvs'. Did you mean 'csv'?"),
        (["runs/run", "new.yaml"], "new.yaml: no such file. Did you mean 'config.yaml'?"),
        (
            ["runs/run", "digits"],
            "INPUT: expected samples of the shape (5,), as in the training. Received: (64,).",
        ),
        (
            ["runs/run", "others.csv", "--output", "said.txt"],
            "--output said.txt: expected a name that ends in .csv or .npz.",
        ),
        (
            ["runs/run", "others.csv", "--output", "none/said.csv"],
            "--output none/said.csv: there is no folder none.",
        ),
        (
            ["runs/run", "others.csv", "--threads", "0"],
            "--threads 0: expected a number from 1 to {threads}, which is all there are here.",
        ),
    ],
)
def test_bad_arguments_are_refused(trained, arguments, message):
    folder = trained.folder
    np.savez(folder / "x.npz", y=[1.0])
    for name, array in {
        "wide": np.zeros((2, 6)),
        "bytes": np.zeros((2, 5), np.uint8),
        "words": np.full((2, 5), "a"),
        "nan": np.where(np.eye(5), math.nan, 0)[[4, 0]],
    }.items():
        np.save(folder / f"{name}.npy", array)
    before = sorted(folder.rglob("*"))
    result = trained.run("predict", *arguments, code=2)
    told = message.replace("{folder}", str(folder)).replace("{threads}", str(kernels.jit.thread_limit()))
    assert (result.stdout, result.stderr) == ("", f"error: {told}\n")
    assert sorted(folder.rglob("*")) == before


def test_overwrite_needs_an_output(trained):
    assert trained.run("predict", "runs/run", "others.csv", "--overwrite", code=2).stderr.endswith(
        "Error: --overwrite goes with --output.\n"
    )
