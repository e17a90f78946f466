"""Several inputs of `nntrain predict`, of which some cannot be used; and predictions when the training data are gone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.inference.test_predict_on_error import cities  # noqa: F401
from tests.support.data import idx

GOOD, LACKING, UNKNOWN = "x,city\n0.4,c1\n0.9,c2\n", "city\nc1\nc2\nc3\n", "x,city\n0.1,Oslo\n"
END = "loss: cross_entropy\noptimizer: {adam: 0.01}\ntrain: {epochs: 1}\n"
TEXT = """
data: {source: {text: {path: text.txt, window: 8}}}
model: {layers: [{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 2}]}
"""


@pytest.fixture
def files(cities):  # noqa: F811
    for name, text in (("good", GOOD), ("lacking", LACKING), ("unknown", UNKNOWN)):
        (cities.folder / f"{name}.csv").write_text(text)
    return cities


def lines(shell, *arguments: object) -> list[str]:
    return shell.run("predict", "runs/run", *arguments).stdout.splitlines()


def test_a_file_that_cannot_be_used_is_skipped_or_left_blank_beside_others(files, wording):
    alone = lines(files, "good.csv", "--probabilities")[1:]
    inputs = ("lacking.csv", "good.csv", "unknown.csv", "--probabilities", "--on-error")
    skipped = files.run("predict", "runs/run", *inputs, "skip")
    assert skipped.stdout.splitlines() == ["file,class,p(a),p(b)", *(f"good.csv,{line}" for line in alone)]
    wording(skipped.stderr)
    blank = files.run("predict", "runs/run", *inputs, "blank")
    assert blank.stdout.splitlines()[1:] == [
        *["lacking.csv,,,"] * 3,
        *(f"good.csv,{line}" for line in alone),
        "unknown.csv,,,",
    ]
    wording(blank.stderr)
    rows = json.loads(files.run("predict", "runs/run", *inputs, "blank", "--json").stdout)["predictions"]
    assert [row["class"] is None for row in rows] == [True, True, True, False, False, True]


def test_where_no_file_can_be_used_or_it_is_the_only_one_that_is_an_error(files, wording):
    for inputs in (("lacking.csv",), ("lacking.csv", "unknown.csv")):
        for choice in ("stop", "skip", "blank"):
            wording(files.run("predict", "runs/run", *inputs, "--on-error", choice, code=2).stderr)
    wording(files.run("predict", "runs/run", "good.csv", "lacking.csv", code=2).stderr)


def test_sequences_without_a_column_are_one_blank_row(shell):
    write_all(shell.folder)
    shell.fit(SOURCES["sequences"][0] + END)
    (shell.folder / "new.csv").write_text("who,u\nA,0.1\nA,0.2\nB,0.5\n")
    (shell.folder / "lacking.csv").write_text("who,v\nC,1\nC,2\n")
    header, *rows = lines(shell, "lacking.csv", "new.csv", "--on-error", "blank")
    assert header == "file,who,class"
    assert [row.rsplit(",", 1)[0] for row in rows] == ["lacking.csv,", "new.csv,A", "new.csv,B"]


# Each with files of its own: the config without its end, and what is predicted afterwards.
SOURCES = {
    "csv": (
        "data: {source: {csv: {path: t.csv, target: y, impute: mean}}, standardize: true}\nmodel: {layers: [{dense: 2}]}\n",
        "new.csv",
    ),
    "npz": ("data: {source: {npz: d.npz}}\nmodel: {layers: [{dense: 2}]}\n", "x.npy"),
    "idx": (
        "data: {source: {idx: {images: i.idx, labels: l.idx}}}\nmodel: {layers: [flatten, {dense: 2}]}\n",
        "bytes.npy",
    ),
    "sequences": (
        "data: {source: {sequences: {path: s.csv, id: who, target: kind, features: [u], predict: sequence}}}\n"
        "model: {layers: [{gru: 2}, {dense: 2}]}\n",
        "new_s.csv",
    ),
}


def write_all(folder: Path) -> None:
    """The training data in `folder`, and new samples."""
    draw = np.random.default_rng(0)
    (folder / "t.csv").write_text(
        "u,w,y\n" + "".join(f"{v:.3f},{'pq'[i % 2]},{'ab'[i % 2]}\n" for i, v in enumerate(draw.random(20)))
    )
    np.savez(folder / "d.npz", x=draw.normal(size=(20, 3)), y=draw.integers(0, 2, 20))
    (folder / "i.idx").write_bytes(idx(draw.integers(0, 256, (20, 4, 4))))
    (folder / "l.idx").write_bytes(idx([0, 1] * 10))
    (folder / "s.csv").write_text(
        "who,u,kind\n"
        + "".join(f"{who},0.{step},{'ab'[who % 2]}\n" for who in range(12) for step in range(3))
    )
    (folder / "text.txt").write_text("aab" * 100)


@pytest.mark.parametrize("kind", SOURCES)
def test_predictions_do_not_need_the_training_data(shell, kind):
    config, new = SOURCES[kind]
    data = shell.folder / "data"
    data.mkdir()
    write_all(data)
    (data / "config.yaml").write_text(config + END)
    shell.run("fit", data / "config.yaml", "--name", "run", "--quiet")
    (shell.folder / "new.csv").write_text("w,u\np,\nq,0.3\n")
    (shell.folder / "new_s.csv").write_text("who,u\nA,0.1\nB,0.5\n")
    np.save(shell.folder / "x.npy", np.zeros((2, 3)))
    np.save(shell.folder / "bytes.npy", np.zeros((2, 4, 4), np.uint8))
    before = lines(shell, new, "--probabilities")
    assert len(before) == 3
    shutil.rmtree(data)
    assert lines(shell, new, "--probabilities") == before


def test_a_text_continues_without_the_training_text_and_unknown_characters_are_counted(shell, wording):
    write_all(shell.folder)
    shell.fit(TEXT + END)
    (shell.folder / "text.txt").unlink()
    continued = shell.run("predict", "runs/run", "--prompt", "aQaQZ", "--length", "5", "--on-error", "skip")
    assert continued.stdout.startswith("aa")
    assert "3 in all" in continued.stderr
    wording(continued.stderr)
