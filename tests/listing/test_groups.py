"""Cross-validations and sweeps in a listing: a line each, and their runs where their folder is given."""

import json
from pathlib import Path

import pytest

from nntrain.errors import UserError
from nntrain.listing.find import find_run
from nntrain.listing.listing import list_runs
from nntrain.report.terminal.runs import progress, show_runs
from nntrain.run.lock import RunLock
from nntrain.search.crossval_files import write_crossval
from nntrain.search.results import CrossvalResult, MemberResult, SweepResult, Trial
from nntrain.search.sweep_files import write_sweep
from tests.report.test_progress import plain_console
from tests.support.run_folders import SETTINGS, write_folder

DIRECTIONS = {"loss": False, "accuracy": True}


def crossval(folder: Path, scored: int = 3, status: str = "finished") -> Path:
    """Three folds, of which the first `scored` are finished."""
    members = []
    for fold in range(1, 4):
        done = fold <= scored
        scores = {"test": {"loss": 0.1 * fold, "accuracy": 0.9}} if done else {}
        state = "finished" if done else "missing"
        members.append(MemberResult(f"fold-{fold}", 0, fold, state, scores, 2.0 if done else None))
        if done:
            write_folder(folder / f"fold-{fold}", {"seed": fold}, started=f"2026-01-01T1{fold}:00:00+00:00")
    result = CrossvalResult(folder.name, tuple(members), ("loss", "accuracy"), DIRECTIONS)
    folder.mkdir(exist_ok=True, parents=True)
    write_crossval(folder, result, status=status, config=SETTINGS)
    return folder


def sweep(folder: Path, status: str = "finished", **facts) -> Path:
    """Four trials: the third is the best, one was pruned, one is going on."""
    trials = [
        Trial(0, "finished", 0.8, {"lr": 0.1}, 3.0),
        Trial(1, "pruned", 0.1, {"lr": 1.0}, 1.0),
        Trial(2, "finished", 0.9, {"lr": 0.2}, 3.0),
        Trial(3, "running", None, {"lr": 0.3}),
    ]
    folder.mkdir(parents=True)
    write_sweep(
        folder, SweepResult(folder.name, "validation_accuracy", True, tuple(trials)), status=status, **facts
    )
    for trial in trials:
        write_folder(folder / "trials" / f"{trial.number:04d}", {"optimizer.sgd.lr": trial.parameters["lr"]})
    return folder


def only(folder: Path):
    (found,) = list_runs(folder)
    return found


def test_a_cross_validation_is_a_line_with_its_mean_scores(tmp_path):
    crossval(tmp_path / "digits-crossval")
    found = only(tmp_path)
    assert (found.kind, found.status, found.members, found.members_done) == ("crossval", "finished", 3, 3)
    assert (found.monitor, round(found.best, 9), round(found.deviation("test_loss"), 9)) == (
        "test_loss",
        0.2,
        0.1,
    )
    assert (found.score("test_accuracy"), found.deviation("test_accuracy")) == (0.9, 0.0)
    assert (found.seconds, found.started.hour, found.final) == (6.0, 11, True)
    assert found.settings == SETTINGS
    assert progress(found) == "3/3 runs"
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["deviations"]["test"]["accuracy"] == 0.0


def test_a_cross_validation_that_was_killed_or_has_not_begun(tmp_path):
    folder = crossval(tmp_path / "digits-crossval", 1, "running")
    with RunLock(folder):
        assert only(tmp_path).status == "running"
    found = only(tmp_path)
    assert (found.status, found.members_done, found.deviations) == ("killed", 1, {"test": {}})
    assert found.ended is None
    crossval(tmp_path / "new", 0, "running")
    new = next(run for run in list_runs(tmp_path) if run.name == "new")
    assert (new.status, new.members_done, new.best, new.seconds, new.scores) == ("killed", 0, None, None, {})


def test_a_sweep_is_a_line_with_its_best_score(tmp_path):
    sweep(tmp_path / "widths", total=40)
    found = only(tmp_path)
    assert (found.kind, found.status, found.members, found.members_done) == ("sweep", "finished", 40, 3)
    assert (found.monitor, found.best, found.seconds) == ("validation_accuracy", 0.9, 7.0)
    assert found.higher_is_better == {"accuracy": True}
    assert progress(found) == "3/40 trials"


def test_a_sweep_goes_on_while_a_trial_is_locked(tmp_path):
    folder = sweep(tmp_path / "widths", "running")
    assert only(tmp_path).status == "killed"
    lock = folder / "trials" / ".lock"
    with RunLock(folder / "trials"):  # as a trial's: a file whose name ends with .lock
        lock.rename(folder / "trials" / ".0003.lock")
        assert only(tmp_path).status == "running"


def test_the_runs_of_a_group_are_listed_where_its_folder_is_given(tmp_path):
    assert [run.name for run in list_runs(crossval(tmp_path / "a"))] == ["fold-1", "fold-2", "fold-3"]
    runs = list_runs(sweep(tmp_path / "b"))
    assert [run.name for run in runs] == ["0000", "0001", "0002", "0003"]
    assert [run.differs for run in runs][:2] == [{"optimizer.sgd.lr": 0.1}, {"optimizer.sgd.lr": 1.0}]
    for fold in (1, 2):
        write_folder(tmp_path / "b" / "trials" / "0004" / f"fold-{fold}", started="2026-01-02T10:00:00+00:00")
    assert [run.name for run in list_runs(tmp_path / "b")][-2:] == ["0004/fold-1", "0004/fold-2"]


def test_a_group_in_place_of_a_run_is_an_error_that_names_its_runs(tmp_path, monkeypatch, wording):
    monkeypatch.chdir(tmp_path)
    crossval(Path("runs/digits-crossval"))
    sweep(Path("runs/widths"))
    for name in ("digits-crossval", "runs/widths"):
        with pytest.raises(UserError) as caught:
            find_run(Path(name), Path("runs"))
        wording(str(caught.value))
    assert find_run(Path("digits-crossval/fold-1"), Path("runs")) == Path("runs/digits-crossval/fold-1")


def test_a_sweep_before_its_first_trial(tmp_path):
    folder = tmp_path / "widths"
    folder.mkdir()
    write_sweep(folder, SweepResult("widths", "validation_loss", False, ()), status="running", total=5)
    found = only(tmp_path)
    assert (found.members, found.members_done, found.best, found.started) == (5, 0, None, None)
    assert list_runs(folder) == []


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"members": [3]}', '{"trials": 3, "objective": "a", "best": null}']
)
@pytest.mark.parametrize("name", ["crossval.json", "sweep.json"])
def test_a_corrupt_file_of_a_group_is_a_problem_of_its_line(tmp_path, name, text):
    write_folder(tmp_path / "run")
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / name).write_text(text)
    (group,) = (found for found in list_runs(tmp_path) if found.name == "group")
    assert (group.status, group.problem) == ("unknown", f"{name} is corrupt")


def test_groups_are_shown_beside_runs(tmp_path, wording):
    early = "2020-01-01T10:00:00+00:00"
    write_folder(tmp_path / "digits", started=early)
    crossval(tmp_path / "digits-crossval", 2, "interrupted")
    sweep(tmp_path / "widths", total=40)
    for file in tmp_path.glob("*/**/run.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"started": early}))
    console = plain_console()
    runs = list_runs(tmp_path)
    show_runs(runs, len(runs), console=console)
    text = console.file.getvalue()
    assert "test_loss 0.1500 ± 0.0707" in text
    assert "2/3 runs" in text
    assert "3/40 trials" in text
    wording(text)
