"""The runs of a folder as plain data: what was finished, goes on, failed, or is damaged."""

import datetime
import json
import math
import shutil

import pytest

import nntrain
from nntrain.errors import UserError
from nntrain.listing.listing import list_runs
from nntrain.run.lock import RunLock
from tests.support.run_folders import write_folder


def only(folder):
    (run,) = list_runs(folder)
    return run


def test_a_finished_run_has_the_scores_of_its_best_checkpoint(tmp_path):
    write_folder(tmp_path / "runs" / "one")
    run = only(tmp_path / "runs")
    assert (run.name, run.kind, run.status, run.epoch, run.epochs) == ("one", "run", "finished", 4, 4)
    assert (run.monitor, run.best, run.best_epoch, run.final) == ("validation_loss", 0.5, 2, True)
    assert run.score("test_accuracy") == 0.7
    assert run.score("test_recall") is None
    assert run.seconds == 4.5
    assert run.started == datetime.datetime(2026, 1, 1, 10, tzinfo=datetime.UTC)
    assert (run.ended - run.started).seconds == 60
    assert (run.error, run.problem, run.differs) == ("", "", {})


def test_a_run_that_goes_on_has_the_scores_of_its_best_evaluation(tmp_path):
    folder = write_folder(tmp_path / "one", epochs=2, status="running", scores=None, ended=None)
    (folder / "steps.csv").write_text(
        "step,epoch,loss,lr\n" + "".join(f"{i},1,0.1,0.1\n" for i in range(1, 26))
    )
    with RunLock(folder):
        run = only(tmp_path)
    assert (run.status, run.epoch, run.epochs) == ("running", 2.5, 4)
    assert (run.best, run.final, run.score("validation_accuracy")) == (1.0, False, 0.5)
    assert run.ended is None


def test_a_failed_run_says_why_in_a_line(tmp_path):
    write_folder(
        tmp_path / "one",
        status="failed",
        error="the loss is not finite in step 2\nhint: lower it",
        scores=None,
    )
    assert only(tmp_path).error == "the loss is not finite in step 2"


def test_a_run_before_its_first_step(tmp_path):
    folder = write_folder(tmp_path / "one", epochs=0, status="running", scores=None, ended=None)
    shutil.rmtree(folder / "checkpoints")
    (folder / "metrics.csv").unlink()
    run = only(tmp_path)
    assert (run.status, run.epoch, run.epochs, run.best, run.scores) == ("killed", 0, 4, None, {})


def test_a_run_of_an_earlier_version_without_these_facts(tmp_path):
    folder = write_folder(
        tmp_path / "one", monitor=None, higher_is_better=None, steps_per_epoch=None, started=None, ended=None
    )
    (folder / "times.csv").unlink()
    run = only(tmp_path)
    assert (run.monitor, run.best) == ("validation_loss", 0.5)
    assert run.higher_is_better == {"loss": False, "accuracy": True}
    assert (run.seconds, run.started, run.ended) == (None, None, None)
    assert (
        only(write_folder(tmp_path / "two", {"train.monitor": "train_loss"}, monitor=None)).monitor
        == "train_loss"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"status": "fin', "run.json is corrupt"),
        ("[1]", "run.json is corrupt"),
        (None, "run.json is missing"),
    ],
)
def test_a_damaged_run_json_leaves_what_the_tables_say(tmp_path, text, problem):
    folder = write_folder(tmp_path / "one")
    (folder / "run.json").unlink() if text is None else (folder / "run.json").write_text(text)
    run = only(tmp_path)
    assert (run.status, run.problem, run.epoch, run.best) == ("unknown", problem, 4, 1.0)


def test_a_damaged_table_leaves_what_run_json_says(tmp_path):
    folder = write_folder(tmp_path / "one")
    (folder / "metrics.csv").write_text("step,epoch\n1,x\n")
    (folder / "config.resolved.yaml").write_text("[")
    run = only(tmp_path)
    assert (run.status, run.problem, run.best, run.epochs) == (
        "finished",
        "metrics.csv is corrupt",
        0.5,
        None,
    )


def test_scores_that_are_not_finite_and_facts_of_any_kind(tmp_path):
    write_folder(
        tmp_path / "one",
        scores={"validation": {"loss": None, "confusion_matrix": [[1]]}, "test": 3},
        error=5,
        started=7,
    )
    run = only(tmp_path)
    assert math.isnan(run.best)
    assert run.scores == {"validation": run.scores["validation"]}
    assert list(run.scores["validation"]) == ["loss"]
    assert run.started is None


def test_folders_that_are_no_runs_are_ignored(tmp_path):
    write_folder(tmp_path / "one")
    for name, files in {
        "notes": ["a.txt"],
        "empty": [],
        "csv_logger": ["metrics.csv", "hparams.yaml"],
        "other": ["run.json"],
    }.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text("{}")
    (tmp_path / "file").write_text("")
    assert [run.name for run in list_runs(tmp_path)] == ["one"]


def test_links_are_followed_and_a_run_is_listed_once(tmp_path):
    runs, elsewhere = tmp_path / "runs", write_folder(tmp_path / "elsewhere")
    write_folder(runs / "one")
    (runs / "latest").symlink_to("one")
    (runs / "linked").symlink_to(elsewhere)
    (runs / "linked-again").symlink_to(elsewhere)
    (runs / "broken").symlink_to("nowhere")
    (runs / "circle").symlink_to("circle")
    assert sorted(run.name for run in list_runs(runs)) == ["linked", "one"]


def test_a_folder_that_is_a_run_or_empty_or_missing(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "one")
    assert only(folder).name == "one"
    monkeypatch.chdir(folder)
    assert [run.name for run in nntrain.runs(".")] == ["one"]
    (tmp_path / "empty").mkdir()
    assert list_runs(tmp_path / "empty") == []
    for path in ("nothing", "one/run.json"):
        with pytest.raises(UserError) as caught:
            list_runs(tmp_path / path)
        assert caught.value.place == str(tmp_path / path)


def test_the_newest_run_is_last_and_numbers_in_names_count(tmp_path):
    for name, started in {
        "a": "2026-01-03",
        "b": "2026-01-02",
        "c-10": "2026-01-01",
        "c-2": "2026-01-01",
    }.items():
        write_folder(tmp_path / name, started=f"{started}T00:00:00+00:00")
    assert [run.name for run in nntrain.runs(tmp_path)] == ["c-2", "c-10", "b", "a"]


def test_an_entry_is_plain_json(tmp_path):
    write_folder(tmp_path / "one")
    write_folder(tmp_path / "two", {"optimizer.sgd.lr": 1e-5})
    found = [json.loads(json.dumps(run.to_dict())) for run in list_runs(tmp_path)]
    assert [each["differs"] for each in found] == [{"optimizer.sgd.lr": 0.1}, {"optimizer.sgd.lr": 1e-5}]
    assert found[0]["best"] == 0.5
    assert found[0]["started"] == "2026-01-01T10:00:00+00:00"
