"""`nntrain eval`: scores of a run or of a checkpoint alone, for people and programs, and data that have changed."""

import json

import pytest

from tests.conftest import MOONS, TABLE, write_table


@pytest.mark.parametrize(
    ("arguments", "split", "samples"),
    [
        ([], "test", 120),
        (["--split", "test"], "test", 120),
        (["--split", "validation"], "validation", 24),
        (["--split", "train"], "train", 96),
    ],
)
def test_eval_prints_one_json_object(shell, arguments, split, samples):
    stdout = shell.run("eval", shell.fit(), *arguments, "--json").stdout
    assert stdout.count("\n") == 1
    scores = json.loads(stdout)
    assert list(scores) == ["split", "samples", "loss", "accuracy"]
    assert (scores["split"], scores["samples"]) == (split, samples)
    assert isinstance(scores["loss"], float)
    assert 0.3 < scores["accuracy"] <= 1


def test_eval_prints_scores(shell):
    run = shell.fit()
    scores = shell.scores(run)
    head, loss, accuracy = shell.run("eval", run).stdout.splitlines()
    assert head == f"test split, 120 samples, checkpoint {run}/checkpoints/best.safetensors"
    assert loss.split() == ["loss", f"{scores['loss']:#.4g}"]
    assert accuracy.split() == ["accuracy", f"{scores['accuracy']:#.4g}"]


def test_eval_of_a_split_that_is_not_there_names_the_others(shell, wording):
    run = shell.fit(MOONS.replace(", validation: 0.2", ""))
    wording(shell.run("eval", run, "--split", "validation", code=2).stderr)


def test_eval_of_a_run_finds_the_data_from_any_folder(table, monkeypatch):
    run = table.fit(TABLE)
    expected = table.scores(run)
    (table.folder / "elsewhere").mkdir()
    monkeypatch.chdir(table.folder / "elsewhere")
    assert table.scores("../runs/run") == expected


def test_eval_of_a_checkpoint_alone_looks_for_the_data_here(table, monkeypatch):
    run = table.fit(TABLE)
    expected = table.scores(run)
    (table.folder / "elsewhere").mkdir()
    alone = table.folder / "elsewhere/alone.safetensors"
    alone.write_bytes((run / "checkpoints/best.safetensors").read_bytes())
    assert table.scores(alone) == expected
    monkeypatch.chdir(table.folder / "elsewhere")
    assert "no such file" in table.run("eval", alone, code=2).stderr


def test_eval_warns_if_the_data_have_changed(table, wording):
    run = table.fit(TABLE)
    write_table(table.folder, rows=60)
    result = table.run("eval", run, "--json")
    assert result.stderr.startswith("warning: ")
    wording(result.stderr)
    assert json.loads(result.stdout)["samples"] == 15
    write_table(
        table.folder, rows=33
    )  # the last batch would be too short for some layers; that is training's business
    table.run("eval", run)
    write_table(table.folder, columns=4)
    wording(table.run("eval", run, code=2).stderr)
