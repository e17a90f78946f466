"""The table of runs: its columns, what fits a narrow terminal, and the lines below it."""

import datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from nntrain.listing.differences import Difference, differences
from nntrain.listing.entry import Entry
from nntrain.report.terminal.runs import beginning, best_of, brief, fitted, moment, show_runs
from tests.report.test_progress import plain_console, terminal
from tests.support.run_folders import SETTINGS


def run(name, lr=0.1, loss=0.5, settings=None, **facts):
    scores = {"validation": {"loss": loss, "accuracy": 0.9}, "test": {"loss": 0.6, "accuracy": 0.8}}
    standard = {
        "status": "finished",
        "epoch": 4.0,
        "epochs": 4,
        "monitor": "validation_loss",
        "scores": scores,
        "seconds": 12.5,
        "started": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
        "settings": settings or {**SETTINGS, "optimizer": {"sgd": {"lr": lr, "momentum": 0.9}}},
        "higher_is_better": {"loss": False, "accuracy": True},
    }
    return Entry(name, Path(name), **{**standard, **facts})


def text_of(*runs, width=1000, chosen="", total=None):
    for entry, differs in zip(runs, differences([entry.settings for entry in runs]), strict=True):
        entry.differences = differs
    console = plain_console(width) if width == 1000 else terminal(width)
    show_runs(runs, total or len(runs), chosen, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_each_run_has_its_scores_and_what_differs(wording):
    lines = text_of(
        run("first"),
        run("second", lr=1e-5, loss=0.25),
        run("third", status="running", epoch=1.25, scores={}, seconds=None, started=None),
        run("fourth", status="failed", error="the loss is not finite in step 2 " * 9, epoch=None, scores={}),
    )
    assert lines[1].split() == [
        "run",
        "status",
        "epochs",
        "loss",
        "accuracy",
        "loss",
        "time",
        "started",
        "differs",
        "in",
    ]
    assert "lr 1e-5" in lines[4]
    assert "0.2500" in lines[4]
    assert "1.25/4" in lines[5]
    assert lines[8] == "4 runs: 2 finished, 1 running, 1 failed; best validation_loss: 0.2500, second"
    assert lines[9].startswith("fourth: the loss is not finite")
    assert lines[9].endswith("…")
    wording("\n".join(lines))


def test_the_score_by_which_runs_are_sorted_is_shown():
    head = text_of(run("a"), run("b"), chosen="validation_accuracy")[:2]
    assert head[0].split() == ["validation", "validation", "test", "test"]
    assert head[1].split()[3:7] == ["loss", "accuracy", "accuracy", "loss"]


def test_scores_of_runs_with_other_monitors_are_named(wording):
    other = {**SETTINGS, "data": {"source": {"iris": {}}}}
    lines = text_of(
        run("a"),
        run("b", settings=other, monitor="train_loss", scores={"train": {"loss": 2.0}}),
    )
    assert "validation_loss 0.5000" in lines[3]
    assert "train_loss 2.000" in lines[4]
    assert lines[6] == "2 runs: 2 finished"  # they cannot be compared
    wording("\n".join(lines))


MANY = [
    run("digits", lr=0.1, loss=1.25e-5),
    run("digits-with-a-long-name-of-a-run", lr=0.01, status="stopped early"),
    run("digits-3", settings={**SETTINGS, "seed": 12, "train": {"epochs": 1_000_000}}, epochs=1_000_000),
]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_columns_are_hidden_where_the_terminal_is_narrow(width, wording):
    lines = text_of(*MANY, width=width)
    assert all(cell_len(line) <= width for line in lines)
    text = "\n".join(lines)
    assert "digits-with-a-long-name-of-a-run" in text
    assert "1.250e-5" in text
    assert "stopped early" in text
    assert ("lr 0.01" in text) == (width >= 60)
    wording(text)


def test_what_differs_is_cut_between_options():
    texts = ["lr 0.1", "momentum 0.95", "units 128"]
    assert fitted(texts, 40) == "lr 0.1, momentum 0.95, units 128"
    assert fitted(texts, 26) == "lr 0.1, momentum 0.95, +1"
    assert fitted(texts, 12) == "lr 0.1, +2"
    assert len(fitted(["a_long_name_of_an_option 1", "b 1"], 20)) <= 20
    assert brief(0.000123456789) == "1.235e-4"
    assert brief([{"accuracy": {}}, {"top_k_accuracy": {"k": 3}}]) == "(2 entries)"
    assert brief([{"accuracy": {}}]) == "[accuracy]"
    assert brief(True) == "true"


def test_only_runs_that_can_be_compared_have_a_best_one():
    low, high = run("low", loss=0.1), run("high", loss=0.2)
    assert best_of([high, low]) is low
    assert best_of([high]) is None
    assert best_of([high, run("accuracy", monitor="validation_accuracy")]) is None
    assert best_of([high, run("other", settings={"data": {"source": {"iris": {}}}})]) is None
    assert best_of([high, run("nan", loss=float("nan"))]) is high


def test_a_time_is_written_as_ls_does():
    now = datetime.datetime.now().astimezone()
    assert moment(now) == f"{now:%H:%M}"
    assert moment(datetime.datetime(2020, 1, 2, 12, tzinfo=datetime.UTC)) == "2020-01-02"
    assert moment(None) == ""


def test_names_and_reasons_cannot_move_the_cursor():
    entry = run("bad\x1b[2J\nname", status="failed", error="worse\x1b[2J")
    entry.differences = [Difference(("a",), "a", "odd\x1b[2J", True)]
    console = terminal(120)
    show_runs([entry], 1, console=console)
    assert "\x1b[2J" not in console.file.getvalue()
    assert "bad\\x1b[2J\\nname" in console.file.getvalue()


def test_a_thousand_failed_runs_have_a_few_lines():
    lines = text_of(*(run(f"r{i}", status="failed", error="e", scores={}) for i in range(1000)))
    assert lines[-1] == "and 995 more"
    assert beginning("x" * 200).endswith("x…")
