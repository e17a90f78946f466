"""Runs that did not end as usual, and folders of which parts are missing, give a page that says so."""

import json
import shutil
from pathlib import Path

import pytest

from nntrain.report.html.reported import ReportedRun
from nntrain.run.lock import RunLock
from tests.conftest import MOONS, interrupt_at
from tests.support.pages import Page


def page(shell, *runs: Path) -> Page:
    shell.run("report", *runs, "--output", "page.html", "--overwrite", "--no-pictures")
    return Page(shell.folder / "page.html")


def with_info(run: Path, **facts: object) -> Path:
    info = json.loads((run / "run.json").read_text()) | facts
    (run / "run.json").write_text(json.dumps(info))
    return run


def test_an_interrupted_run_names_how_to_continue_it(shell, monkeypatch):
    interrupt_at(monkeypatch, 7)
    run = shell.fit(code=130)
    found = page(shell, run)
    assert "interrupted" in found.section("summary")
    assert "the best evaluation so far" in found.section("summary")
    assert "--resume" in found.section("commands")


def test_a_diverged_run_shows_its_error(shell):
    run = shell.fit(
        MOONS.replace("loss: cross_entropy", "loss: sse").replace("adam: {lr: 0.02}", "sgd: {lr: 1e30}"),
        code=1,
    )
    found = page(shell, run)
    assert {each.text for each in found.all("span", class_="badge bad")} == {"failed"}
    error = json.loads((run / "run.json").read_text())["error"]
    assert error.splitlines()[0] in found.section("summary")


def test_a_run_with_one_epoch(shell):
    found = page(shell, shell.fit(MOONS, "--set", "train.epochs=1"))
    assert "1 of 1, best by validation_loss" in found.section("summary")
    assert "1 evaluation" in found.section("evaluations")


def test_a_running_run_is_shown_as_far_as_it_is(shell):
    run = with_info(shell.fit(), status="running", scores=None)
    with RunLock(run):
        found = page(shell, run)
    assert "running" in found.section("summary")
    assert "--resume" not in found.section("commands")


def test_a_run_whose_process_is_gone_was_killed(shell):
    found = page(shell, with_info(shell.fit(), status="running"))
    assert "killed" in found.section("summary")
    assert "--resume" in found.section("commands")


def test_a_run_that_has_not_made_a_step_yet(shell):
    run = with_info(shell.fit(), status="running", scores=None, baseline=None)
    for name in ("metrics.csv", "steps.csv", "train.log"):
        (run / name).unlink()
    shutil.rmtree(run / "checkpoints")
    found = page(shell, run)
    assert "no evaluation yet" in found.section("summary")
    assert found.section("config")
    assert not found.section("curves-section")


def test_steps_without_an_evaluation_are_drawn(shell):
    run = shell.fit()
    (run / "metrics.csv").unlink()
    found = page(shell, run)
    assert found.section("curves-section")
    assert "no evaluation yet" in found.section("summary")


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0"])
def test_values_that_an_axis_cannot_show(shell, value):
    run = shell.fit()
    lines = (run / "metrics.csv").read_text().splitlines()
    header = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    for row in rows:
        row[header.index("train_loss")] = row[header.index("validation_accuracy")] = value
    (run / "metrics.csv").write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")
    found = page(shell, run, run)
    assert found.section("curves-section")


def test_a_run_without_a_best_evaluation(shell):
    run = shell.fit()
    text = (run / "metrics.csv").read_text().splitlines()
    (run / "metrics.csv").write_text(
        "\n".join([text[0], *(line[: line.rindex(",")] + ",0" for line in text[1:])]) + "\n"
    )
    assert "none: validation_loss was NaN in every evaluation" in page(shell, run).section("summary")


@pytest.mark.parametrize(
    "missing",
    [
        "run.json",
        "config.yaml",
        "config.resolved.yaml",
        "metrics.csv",
        "steps.csv",
        "train.log",
        "checkpoints",
        "split.npz",
    ],
)
def test_a_folder_of_which_a_part_is_missing(shell, missing):
    run = shell.fit()
    part = run / missing
    shutil.rmtree(part) if part.is_dir() else part.unlink()
    other = shutil.copytree(run, shell.folder / "runs/other")
    assert page(shell, run).section("summary")
    assert page(shell, run, other).section("runs")


@pytest.mark.parametrize(
    "damaged",
    ["run.json", "config.resolved.yaml", "metrics.csv", "steps.csv", "checkpoints/best.safetensors"],
)
def test_a_damaged_part_is_named(shell, damaged):
    run = shell.fit()
    (run / damaged).write_text("step,epoch\ndamaged, \x00: [\n")
    found = page(shell, run)
    assert found.section("config")
    if damaged not in ("run.json", "config.resolved.yaml"):
        assert "this page is incomplete" in found.section("findings")
        assert Path(damaged).name in found.section("findings")


@pytest.mark.parametrize(
    "facts",
    [
        {"scores": 3, "baseline": [], "warnings": "x", "versions": [], "data_sha256": 1, "samples": 2},
        {"scores": {"test": {"loss": None}}, "baseline": {"test": 3}, "resumed_from_steps": None, "from": 3},
        {
            "status": None,
            "started": 3,
            "ended": "yesterday",
            "overrides": None,
            "plugins": [3],
            "threads": "two",
        },
        {
            "cpu": None,
            "seed": None,
            "git": [],
            "error": {},
            "resumed_from_steps": ["x"],
            "from": {"checkpoint": None},
        },
    ],
)
def test_whatever_run_json_holds(shell, facts):
    run = with_info(shell.fit(), **facts)
    assert page(shell, run).section("summary")
    assert page(shell, run, run).section("runs")


def test_a_name_that_is_not_unicode(shell):
    run = shell.fit()
    moved = shell.folder / "runs" / "r\udcffn"
    run.rename(moved)
    assert "report" in page(shell, moved).section("commands")


def test_problems_are_read_once(shell):
    run = shell.fit()
    (run / "metrics.csv").write_text("step\nx\n")
    assert len(ReportedRun(run).problems) == 1
