"""Bad input to `nntrain predict`: one clear message with its place, exit code 2, and nothing written."""

import math

import numpy as np
import pytest

from nntrain import kernels
from tests.support.people import NUMBERS, PEOPLE, table_of, write_numbers

BAD_TABLES = {  # a file, and the place that the message names
    "a missing column": ("age,color,height\n1,red,2\n", "new.csv: "),
    "missing columns": ("height\n2\n", "new.csv: "),
    "no header": ("30,red,170\n31,blue,171\n", "new.csv: "),
    "an unknown category": ("age,colour,height\n1,red,2\n1,pink,2\n", "new.csv:3: column 'colour': "),
    "a number for a category": ("age,colour,height\n1,7,2\n", "new.csv:2: column 'colour': "),
    "text for a number": ("age,colour,height\n1,red,2\nold,red,2\n", "new.csv:3: column 'age': "),
    "infinity": ("age,colour,height\ninf,red,2\n", "new.csv:2: column 'age': "),
    "a short row": ("age,colour,height\n1,red\n", "new.csv:2: "),
    "two columns of one name": ("age,colour,height,age\n1,red,2,1\n", "new.csv:1: "),
    "a header alone": ("age,colour,height\n", "new.csv: "),
    "an empty file": ("", "new.csv: "),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_refused(trained, case, wording):
    text, place = BAD_TABLES[case]
    (trained.folder / "new.csv").write_text(text)
    result = trained.run("predict", "runs/run", "new.csv", code=2)
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {place}")
    wording(result.stderr)


@pytest.mark.parametrize(
    ("header", "hint"),
    [("age,heighd,kind", False), ("colour,colours,age", False), ("color,height,age", True)],
)
def test_a_column_that_is_there_under_its_own_name_is_not_meant_by_another(trained, header, hint):
    (trained.folder / "new.csv").write_text(f"{header}\n1,1,1\n")
    told = trained.run("predict", "runs/run", "new.csv", code=2).stderr
    missing = {"age,heighd,kind": "colour", "colour,colours,age": "height", "color,height,age": "colour"}[
        header
    ]
    assert f"missing columns: {missing!r}" in told
    assert ("Did you mean 'color'?" in told) == hint
    assert "'colour'?" not in told
    assert "'age'?" not in told


def test_bad_cells_are_reported_in_the_order_of_the_file(trained, wording):
    bad = "age,colour,height\n" + "1,pink,x\n" * 4
    lines = trained.run("predict", "runs/run", "-", given=bad.encode(), code=2).stderr.splitlines()
    assert lines[0].startswith("error: standard input:2: column 'colour'")
    assert lines[1].startswith("standard input:2: column 'height'")
    assert "3 more" in lines[5]
    wording("\n".join(lines))


def test_a_gap_that_nothing_fills_is_refused(shell, wording):
    write_numbers(shell.folder)
    shell.fit(NUMBERS)
    (shell.folder / "new.csv").write_text("b,a\n1,2\n,3\n")
    gap = shell.run("predict", "runs/run", "new.csv", code=2).stderr
    assert gap.startswith("error: new.csv:3: column 'b': ")
    wording(gap)
    refused = shell.run("predict", "runs/run", "new.csv", "--probabilities", code=2).stderr
    assert refused.startswith("error: --probabilities: ")
    wording(refused)


def test_a_loss_without_probabilities_gives_none(trained, wording):
    two = (
        PEOPLE.replace("cross_entropy", "hinge")
        .replace("{dense: 3}", "{dense: 1}")
        .replace("\n  test: {csv: {path: others.csv, target: kind, impute: median}}", "")
    )
    table = (trained.folder / "people.csv").read_text()
    (trained.folder / "people.csv").write_text(table.replace(",other\n", ",old\n"))
    run = trained.fit(two, name="hinge")
    assert set(table_of(trained.run("predict", run, "people.csv").stdout)["class"]) <= {"old", "red"}
    wording(trained.run("predict", run, "people.csv", "--probabilities", code=2).stderr)


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["runs/none", "others.csv"], "runs/none: "),
        (["people.csv", "others.csv"], "people.csv: "),
        (["runs/run", "other.csv"], "other.csv: "),
        (["runs/run", "runs"], "runs: "),
        (["runs/run", "new.npz"], "new.npz: "),
        (["runs/run", "x.npz"], "x.npz: "),
        (["runs/run", "wide.npy"], "wide.npy: "),
        (["runs/run", "bytes.npy"], "bytes.npy: "),
        (["runs/run", "words.npy"], "words.npy: "),
        (["runs/run", "inf.npy"], "inf.npy: sample 1, value 5: "),
        (["runs/run", "{csv: {pth: others.csv}}"], "INPUT: csv.path: "),
        (["runs/run", "{cvs: others.csv}"], "INPUT: "),
        (["runs/run", "new.yaml"], "new.yaml: "),
        (["runs/run", "digits"], "INPUT: "),
        (["runs/run", "others.csv", "--output", "said.txt"], "said.txt: "),
        (["runs/run", "others.csv", "--output", "none/said.csv"], "none/said.csv: "),
        (["runs/run", "others.csv", "--threads", "0"], "--threads: "),
    ],
)
def test_bad_arguments_are_refused(trained, arguments, place, wording):
    folder = trained.folder
    np.savez(folder / "x.npz", y=[1.0])
    for name, array in {
        "wide": np.zeros((2, 6)),
        "bytes": np.zeros((2, 5), np.uint8),
        "words": np.full((2, 5), "a"),
        "inf": np.where(np.eye(5), math.inf, 0)[[4, 0]],
    }.items():
        np.save(folder / f"{name}.npy", array)
    before = sorted(folder.rglob("*"))
    result = trained.run("predict", *arguments, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {place}")
    wording(result.stderr, THREADS=f"1 to {kernels.jit.thread_limit()}")
    assert sorted(folder.rglob("*")) == before


def test_overwrite_requires_an_output(trained, wording):
    wording(trained.run("predict", "runs/run", "others.csv", "--overwrite", code=2).stderr)
