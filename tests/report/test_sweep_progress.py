"""What is shown of a sweep as it runs: a line for each trial that ends, each warning once, nothing where nobody asked."""

import io

from rich.console import Console

from nntrain.report.terminal.sweep_progress import SweepProgress
from nntrain.search.results import SweepResult, Trial

VALUES = {"optimizer": "sgd", "optimizer.sgd.lr": 0.1, "model.layers[0].dense.units": 32}
TRIALS = (
    Trial(0, "finished", 0.9, VALUES, 1.24),
    Trial(1, "pruned", 0.5, VALUES, 0.1),
    Trial(2, "failed", None, VALUES, 0.1),
    Trial(3, "running", None, VALUES, None),
)
RESULT = SweepResult("digits", "validation_accuracy", True, TRIALS)


def shown(*, total: int | None = 40, quiet: bool = False):
    console = Console(file=io.StringIO(), width=200, quiet=quiet)
    return SweepProgress(total, console=console), console.file


def test_each_trial_that_ends_is_a_line():
    progress, file = shown()
    for trial in TRIALS[:3]:
        progress.ended(trial, "the loss is NaN\nin step 7" if trial.state == "failed" else "", RESULT)
    assert file.getvalue().splitlines() == [
        "trial 0: validation accuracy 0.9000, best so far  (3 of 40, 1.2 s)  optimizer sgd, lr 0.1, units 32",
        "trial 1: pruned at validation accuracy 0.5000  (3 of 40, 0.10 s)  optimizer sgd, lr 0.1, units 32",
        "trial 2: failed: the loss is NaN  (3 of 40, 0.10 s)  optimizer sgd, lr 0.1, units 32",
    ]


def test_without_a_number_of_trials_their_count_is_shown():
    progress, file = shown(total=None)
    progress.ended(TRIALS[0], "", RESULT)
    assert "(3 done, 1.2 s)" in file.getvalue()


def test_a_sweep_that_goes_on_says_how_far_it_is():
    progress, file = shown()
    progress.resumed(RESULT)
    assert file.getvalue() == "3 of 40 trials have ended\n"


def test_waits_and_warnings_are_shown_once():
    progress, file = shown()
    for _ in range(3):
        progress.waiting(2)
        progress.warn("the disk is slow")
    assert file.getvalue().splitlines() == [
        "waiting for 2 trials that other processes train",
        "warning: the disk is slow",
    ]


def test_nothing_is_printed_where_nobody_asked():
    progress, file = shown(quiet=True)
    progress.ended(TRIALS[0], "", RESULT)
    progress.warn("the disk is slow")
    progress.trained(3, 1.0, 10, 0.5)
    assert file.getvalue() == ""
