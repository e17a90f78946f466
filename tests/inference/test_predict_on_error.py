"""Samples that a network cannot use: `predict` stops by default, or answers the others and names these."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import nntrain
from tests.inference.test_predict_sequences import SERIES, TABLE, predicted, write_table
from tests.support.people import NUMBERS, PEOPLE, write_numbers

CITIES = """
data: {source: {csv: {path: t.csv, target: y}}, validation: 0.2}
model: {layers: [{dense: 2}]}
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 1}
"""
TOKENS = """
data: {source: {random: {input: [3], vocabulary: 9, classes: 2, samples: 40}}}
model: {layers: [{embedding: 4}, flatten, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: 0.01}
train: {epochs: 1}
"""
BAD = "city,x\nc1,0.4\nOslo,0.4\nc2,\nc2,0.9\nc2,old\nc3\nc1,inf\n"
UNUSABLE = [False, True, True, False, True, True, True]


@pytest.fixture
def cities(shell):
    draw = np.random.default_rng(0)
    rows = [f"c{draw.integers(4)},{x:.3f},{'ab'[int(x > 0.5)]}" for x in draw.random(80)]
    (shell.folder / "t.csv").write_text("\n".join(["city,x,y", *rows]) + "\n")
    shell.fit(CITIES)
    (shell.folder / "bad.csv").write_text(BAD)
    return shell


def test_by_default_a_prediction_stops_and_names_the_option(cities, wording):
    result = cities.run("predict", "runs/run", "bad.csv", code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("error: bad.csv:3: column 'city': ")
    assert "'Oslo'" in result.stderr
    assert "--on-error" in result.stderr
    wording(result.stderr)


def test_the_others_are_answered_as_without_the_unusable_ones(cities, wording):
    (cities.folder / "good.csv").write_text("city,x\nc1,0.4\nc2,0.9\n")
    good = predicted(cities, "good.csv", "--probabilities").splitlines()
    skipped = cities.run("predict", "runs/run", "bad.csv", "--probabilities", "--on-error", "skip")
    assert skipped.stdout.splitlines() == good
    wording(skipped.stderr)
    blank = cities.run(
        "predict", "runs/run", "-", "--probabilities", "--on-error", "blank", given=BAD.encode()
    )
    header, *lines = blank.stdout.splitlines()
    assert [line == ",," for line in lines] == UNUSABLE
    assert [header, *(line for line in lines if line != ",,")] == good
    wording(blank.stderr)


def test_a_file_without_a_usable_row_is_refused(cities, wording):
    for choice in ("skip", "blank"):
        (cities.folder / "none.csv").write_text("city,x\nOslo,1\nBern,\n")
        wording(cities.run("predict", "runs/run", "none.csv", "--on-error", choice, code=2).stderr)


def test_at_most_a_few_of_many_unusable_rows_are_named(cities, wording):
    (cities.folder / "many.csv").write_text("city,x\nc1,0.4\n" + "Oslo,\n" * 1000)
    found = cities.run("predict", "runs/run", "many.csv", "--on-error", "skip").stderr
    assert len(found.splitlines()) <= 9
    assert "1,000 of 1,001" in found
    wording(found)


def test_json_has_null_for_blanks(cities):
    found = cities.run("predict", "runs/run", "bad.csv", "--on-error", "blank", "--probabilities", "--json")
    rows = json.loads(found.stdout)["predictions"]
    assert [row["class"] is None for row in rows] == UNUSABLE
    assert [row["p(a)"] is None for row in rows] == UNUSABLE


def test_a_reader_that_closes_the_pipe_ends_the_command_quietly(cities):
    (cities.folder / "long.csv").write_text("city,x\n" + "c1,0.4\n" * 100_000)
    command = [sys.executable, "-m", "nntrain", "predict", "runs/run", "long.csv", "--probabilities"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cities.folder, env=environment, stdout=pipe, stderr=pipe) as process:
        assert process.stdout.readline() == b"class,p(a),p(b)\n"
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_npz_of_predictions_has_blanks_too(cities):
    cities.run(
        "predict", "runs/run", "bad.csv", "--on-error", "blank", "--probabilities", "--output", "p.npz"
    )
    with np.load(cities.folder / "p.npz") as found:
        assert (found["class"] == "").tolist() == UNUSABLE
        assert np.isnan(found["probabilities"]).all(axis=1).tolist() == UNUSABLE


def test_numbers_of_arrays_that_are_not_finite(shell, wording):
    write_numbers(shell.folder)
    shell.fit(NUMBERS)
    x = np.array([[1, 2], [np.nan, 1], [3, 4], [1, np.inf]], np.float32)
    np.save(shell.folder / "x.npy", x)
    wording(shell.run("predict", "runs/run", "x.npy", code=2).stderr)
    blank = shell.run("predict", "runs/run", "x.npy", "--on-error", "blank")
    lines = blank.stdout.splitlines()[1:]
    np.save(shell.folder / "good.npy", x[[0, 2]])
    assert [line for line in lines if line != ","] == predicted(shell, "good.npy").splitlines()[1:]
    assert [line == "," for line in lines] == [False, True, False, True]
    wording(blank.stderr)


def test_unknown_tokens_of_arrays(shell, wording):
    shell.fit(TOKENS)
    new = np.array([[1, 2, 3], [4, 99, 1], [5, 6, 7], [-1, 0, 0]])
    np.save(shell.folder / "new.npy", new)
    (shell.folder / "new.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in new.tolist()))
    for name in ("new.npy", "new.csv"):
        refused = shell.run("predict", "runs/run", name, code=2).stderr
        assert "sample 2" in refused
        wording(refused)
        found = shell.run("predict", "runs/run", name, "--on-error", "blank")
        assert [line == '""' for line in found.stdout.splitlines()[1:]] == [False, True, False, True]
        wording(found.stderr)


def test_a_sequence_with_an_unusable_step_has_no_prediction(shell, wording):
    write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "sequence").replace("LAYER", "{gru: 4}"), "--set", "train.epochs=1")
    new = "who,u,colour\na,1,red\nb,1,red\na,-1,pink\n,1,red\nb,1,blue\n" + "long,1,red\n" * 7 + "c,-1,red\n"
    (shell.folder / "new.csv").write_text(new)
    skipped = shell.run("predict", "runs/run", "new.csv", "--on-error", "skip")
    assert [line.split(",")[0] for line in skipped.stdout.splitlines()] == ["who", "b", "c"]
    blank = shell.run("predict", "runs/run", "new.csv", "--on-error", "blank").stdout.splitlines()
    assert [line for line in blank if not line.endswith(",")] == skipped.stdout.splitlines()
    assert [line for line in blank if line.endswith(",")] == ["a,", ",", "long,"]
    wording(skipped.stderr)


def test_steps_keep_their_order_around_an_unusable_sequence(shell):
    write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "step").replace("LAYER", "{dense: 4}"), "--set", "train.epochs=1")
    (shell.folder / "new.csv").write_text("who,u,colour\nb,1,red\na,1,red\na,-1,pink\nb,-1,blue\n")
    (shell.folder / "good.csv").write_text("who,u,colour\nb,1,red\nb,-1,blue\n")
    _, *good = predicted(shell, "good.csv", "--probabilities").splitlines()
    _, *blank = predicted(shell, "new.csv", "--probabilities", "--on-error", "blank").splitlines()
    assert blank == [good[0], ",,", ",,", good[1]]
    assert predicted(shell, "new.csv", "--probabilities", "--on-error", "skip").splitlines()[1:] == good


def test_a_series_that_is_too_short_is_left_out(shell, wording):
    rows = [f"{place},{value}" for value in range(12) for place in ("north", "south")]
    (shell.folder / "series.csv").write_text("\n".join(["place,value", *rows]))
    shell.fit(SERIES, "--set", "train.epochs=1")
    (shell.folder / "new.csv").write_text("place,value\n" + "east,1\n" * 5 + "west,1\n" * 3)
    found = shell.run("predict", "runs/run", "new.csv", "--on-error", "skip")
    assert [line.split(",")[0] for line in found.stdout.splitlines()] == ["place", "east"]
    wording(found.stderr)


def test_several_files_are_predicted_one_after_the_other(cities):
    (cities.folder / "one.csv").write_text("city,x\nc1,0.4\nc2,0.9\n")
    (cities.folder / "two.csv").write_text("x,city\n0.1,c3\n")
    one, two = (predicted(cities, name).splitlines()[1:] for name in ("one.csv", "two.csv"))
    assert predicted(cities, "one.csv", "two.csv").splitlines() == [
        "file,class",
        *(f"one.csv,{line}" for line in one),
        *(f"two.csv,{line}" for line in two),
    ]
    both = predicted(cities, "one.csv", "-", "--on-error", "skip", given=BAD.encode()).splitlines()
    assert [line.split(",")[0] for line in both] == ["file", "one.csv", "one.csv", "-", "-"]


def test_the_api_stops_skips_or_answers_with_blanks(cities):
    model = nntrain.load("runs/run")

    class Frame:
        columns = ("city", "x")

        def to_numpy(self):
            return np.array([["c1", 0.4], ["Oslo", 0.4], ["c2", None]], object)

    with pytest.raises(nntrain.DataError, match="Oslo"):
        model.predict(Frame())
    with pytest.warns(UserWarning, match="2 of 3 predictions left out"):
        assert len(model.predict(Frame(), on_error="skip")) == 1
    with pytest.warns(UserWarning, match="'Oslo'"):
        assert model.predict(Frame(), on_error="blank").tolist()[1:] == ["", ""]
    with pytest.warns(UserWarning, match="left blank"):
        shares = model.predict_proba(Frame(), on_error="blank")
    assert np.isnan(shares).all(axis=1).tolist() == [False, True, True]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.predict(np.zeros((2, 5)), on_error="skip")) == 2


@pytest.mark.parametrize(
    ("row", "place"),
    [("Oslo,0.4,b", "new.csv:3: "), ("c1,0.4,c", "new.csv:3: "), ("c1,0.4,a\nOslo,1,b", "new.csv:4: ")],
)
def test_an_unknown_name_of_a_validation_file_has_its_line(cities, row, place, wording):
    (cities.folder / "new.csv").write_text(f"city,x,y\nc1,0.4,a\n{row}\n")
    result = cities.run(
        "fit", "config.yaml", "--set", "data.validation={csv: new.csv}", "--name", "v", code=2
    )
    assert result.stderr.startswith(f"error: {place}")
    wording(result.stderr)
    evaluated = cities.run("eval", "runs/run", "--data", "{csv: new.csv}", code=2).stderr
    assert evaluated.startswith(f"error: {place}")


@pytest.mark.parametrize(
    ("rows", "place"),
    [("3,0.4,a\n4,0.5,b", "new.csv:2: column 'city': "), ("c1,?,a\nc1,old,b", "new.csv:3: column 'x': ")],
)
def test_a_column_of_another_kind_in_a_validation_file_has_its_line(cities, rows, place, wording):
    (cities.folder / "new.csv").write_text(f"city,x,y\n{rows}\n")
    source = "data.validation={csv: {path: new.csv, impute: mean}}"
    refused = cities.run(
        "fit", "config.yaml", "--set", "data.source.csv.impute=mean", "--set", source, "--name", "v", code=2
    ).stderr
    assert refused.startswith(f"error: {place}")
    wording(refused)


@pytest.mark.parametrize("predict", ["sequence", "step"])
def test_an_unknown_name_of_a_validation_file_of_sequences_has_its_line(shell, predict, wording):
    write_table(shell.folder)
    config = TABLE.replace("PREDICT", predict).replace(
        "LAYER", "{gru: {units: 4, return_sequences: true}}" if predict == "step" else "{gru: 4}"
    )
    source = (
        f"{{sequences: {{path: v.csv, id: who, target: kind, features: [u, colour], predict: {predict}}}}}"
    )
    for rows, line in (
        (["a,1,red,up", "b,1,pink,up", "b,1,red,up"], 3),
        (["b,1,red,up", "a,1,red,up", "b,1,red,up", "a,1,red,side"], 5),
    ):
        if predict == "sequence" and line == 5:
            rows, line = [*rows[:1], "a,1,red,side", rows[2], rows[3]], 3
        (shell.folder / "v.csv").write_text("\n".join(["who,u,colour,kind", *rows]))
        shell.write(config)
        refused = shell.run(
            "fit", "config.yaml", "--set", f"data.validation={source}", "--quiet", code=2
        ).stderr
        assert refused.startswith(f"error: v.csv:{line}: ")
        wording(refused)


def test_gaps_are_filled_where_the_training_filled_them(trained):
    (trained.folder / "gaps.csv").write_text("age,colour,height\n,?,170\n30,pink,170\n")
    found = trained.run("predict", "runs/run", "gaps.csv", "--on-error", "blank")
    assert [bool(line.strip('"')) for line in found.stdout.splitlines()[1:]] == [True, False]
    assert "1 of 2" in found.stderr
    assert "median" in PEOPLE
