"""The terminal while the runs of a cross-validation train."""

import io

import pytest
from rich.console import Console

from nntrain.report.terminal.group_progress import GroupProgress
from nntrain.search.results import MemberResult


def member(number: int) -> MemberResult:
    return MemberResult(
        f"fold-{number}", 0, number, "finished", {"test": {"loss": 0.25, "accuracy": 0.9}}, 1.5, {"test": 30}
    )


def shown(live: bool, width: int = 80):
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=live, color_system=None, highlight=False)
    return GroupProgress(3, console=console, live=live), file


def test_each_run_has_a_line_at_its_end_and_a_warning_is_shown_once():
    progress, file = shown(live=False)
    with progress:
        progress.warn(["one"])
        progress.resumed(1)
        progress.evaluated("fold-2", 1.0, 10, 0.5)
        progress.finished(member(2), ["one", "two"])
        progress.failed("fold-3", "no memory\nmore")
        progress.warn(["two"])
    assert file.getvalue().splitlines() == [
        "warning: one",
        "1 of 3 runs is finished",
        "fold-2: loss 0.2500  accuracy 0.9000  (2 of 3, 1.5 s)",
        "warning: fold-2: two",
        "fold-3: failed: no memory",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_bars_are_there_while_runs_train_and_gone_afterwards(width):
    progress, file = shown(live=True, width=width)
    with progress:
        progress.note("begins")
        assert file.getvalue() == "begins\n"  # no empty lines before the first bar
        progress.evaluated("fold-1", 1.0, 1000, 0.5)
        progress.evaluated("fold-2", 2.0, 1000, 0.4)
        progress.evaluated("fold-1", 999.0, 1000, 0.0125)
        progress._progress.refresh()
        last = file.getvalue().split("fold-1")[-1]
        assert "epoch 999/1,000 loss 0.01250" in last
        assert "fold-2" in last
        progress.finished(member(1))
        progress.finished(member(2))
        ended = len(file.getvalue())
        progress._progress.refresh()
        assert file.getvalue()[ended:].strip() == ""
        progress.evaluated("fold-3", 1.0, 1000, 0.5)
        assert "fold-3" in file.getvalue()


def test_without_a_terminal_of_its_own_nothing_is_printed(capsys):
    with GroupProgress(2, shown=False) as progress:
        progress.resumed(1)
        progress.warn(["a warning"])
        progress.finished(member(1))
        progress.failed("fold-2", "why")
    assert capsys.readouterr() == ("", "")
