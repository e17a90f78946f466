"""Cross-validations and sweeps in the terminal, at 60, 80 and 120 columns."""

import math
from dataclasses import replace

import pytest
from rich.console import Console

from nntrain.report.searched import choice_texts, mean_words, short_names
from nntrain.report.terminal.crossval import crossval_table
from nntrain.report.terminal.sweep import sweep_table
from nntrain.search.results import SweepResult
from tests.report.test_search_pictures import CROSSVALS, SWEEPS, changed
from tests.support.searched import LAYERS, crossval, sweep

WIDTHS = (60, 80, 120)


def printed(table, width=80):
    console = Console(width=width, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def row(text, name):
    """The cells of the row that begins with this name."""
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return line.split()[1:]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("result", [*SWEEPS.values(), *CROSSVALS.values()], ids=[*SWEEPS, *CROSSVALS])
def test_tables_fit_the_terminal(result, width):
    table = sweep_table(result) if isinstance(result, SweepResult) else crossval_table(result)
    for line in printed(table, width).splitlines():
        assert len(line) <= width


def test_a_crossval_has_a_row_for_each_fold_and_the_mean_with_its_deviation():
    result = crossval()
    text = printed(crossval_table(result))
    for member in result.members:
        scores = member.scores["test"]
        assert row(text, member.name) == [
            "30",
            f"{scores['loss']:.4f}",
            f"{scores['accuracy']:.4f}",
            "2.5",
            "s",
        ]
    assert row(text, "mean")[:2] == [f"{result.mean('loss'):.4f}", f"{result.mean('accuracy'):.4f}"]
    assert row(text, "±") == [f"{result.deviation('loss'):.4f}", f"{result.deviation('accuracy'):.4f}"]
    assert "(mean ± standard deviation of 5 runs)" in text


def test_a_fold_without_scores_shows_its_status():
    text = printed(crossval_table(changed(crossval(), "failed", "missing")))
    assert row(text, "fold-1") == ["failed", "30", "2.5", "s"]
    assert "of 3 of 5 runs" in text


def test_many_runs_have_a_row_for_each_seed():
    result = crossval(20, 5)
    text = printed(crossval_table(result))
    assert "seed-0-fold-1" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("seed 3, 20 folds")]
    mean = result.values("accuracy").reshape(5, 20)[3].mean()
    assert f"{mean:.4f}" in line


def test_one_run_has_a_mean_and_no_deviation():
    text = printed(crossval_table(crossval(1)))
    assert "±" in text
    assert "(mean of 1 run)" in text


def test_no_run_with_scores_is_said():
    assert "no run has scores" in printed(crossval_table(CROSSVALS["missing"]))


def test_a_sweep_lists_the_ten_best_trials_the_best_first():
    result = sweep()
    text = printed(sweep_table(result))
    numbers = [line.split()[0] for line in text.splitlines() if line.split() and line.split()[0].isdigit()]
    assert numbers == [str(trial.number) for trial in result.ranking[:10]]
    assert "30 trials: 25 finished, 3 pruned, 2 failed" in text


def test_all_parameters_of_the_best_trial_can_be_copied_at_any_width():
    result = sweep()
    for width in WIDTHS:
        text = printed(sweep_table(result), width)
        for name, value in result.best.parameters.items():
            assert f"  {name}={value}\n" in text.replace("e-05", "e-5")


def test_the_parameters_that_matter_least_are_hidden_first():
    text = printed(sweep_table(SWEEPS["wide"]), 60)
    head = next(line for line in text.splitlines() if line.startswith("trial"))
    assert "layers[0]" in head
    assert "x5" not in head
    assert "hidden columns (narrow terminal)" in text


def test_a_sweep_without_a_best_trial_says_so():
    assert "no trial finished with a value" in printed(sweep_table(SWEEPS["failed"]))
    assert "no trial has started" in printed(sweep_table(SWEEPS["none"]))


@pytest.mark.parametrize(
    ("mean", "deviation", "text"),
    [
        (0.95333, 0.02981, "0.9533 ± 0.0298"),
        (12.345, 0.5, "12.35 ± 0.50"),
        (0.97, 0.0, "0.9700 ± 0.0000"),
        (0.5, 1e-7, "0.5000 ± 1e-7"),
        (1.5e-7, 2.51e-8, "1.500e-7 ± 2.5e-8"),
        (1234.5, 56.7, "1234 ± 57"),
        (0.97, math.nan, "0.9700"),
        (math.nan, math.nan, "NaN"),
    ],
)
def test_a_deviation_has_the_decimals_of_its_mean(mean, deviation, text):
    assert mean_words(mean, deviation) == text


def test_parameters_have_the_shortest_names_that_differ():
    names = {
        "optimizer.adam.lr": "lr",
        "model.layers[0].dense.units": "layers[0].dense.units",
        "model.layers[1].dense.units": "layers[1].dense.units",
        "model.layers[2].dropout.rate": "dropout.rate",
        "optimizer": "optimizer",
    }
    assert short_names(list(names)) == names


def test_different_choices_have_different_texts():
    assert len(set(choice_texts(LAYERS, 20))) == len(LAYERS)
    assert choice_texts([{"adam": {"lr": 0.1}}, {"sgd": {"momentum": 0.9}}], 20) == ["adam", "sgd"]
    assert choice_texts([{"adam": {}}], 20) == ["{adam: {}}"]
    assert choice_texts(["adam", {"sgd": {"momentum": 0.9}}, {"sgd": {"momentum": 0.5}}], 20) == [
        "adam",
        "sgd, 0.9",
        "sgd, 0.5",
    ]
    stacks = [[{"dense": {"units": units}}, {"dense": 10}] for units in (16, 64)]
    assert choice_texts(stacks, 20) == ["16", "64"]
    assert choice_texts([[{"dense": 8}], [{"dense": 8}, "dropout"]], 20) == [
        "[{dense: 8}]",
        "[{dense: 8… dropout]",
    ]
    assert choice_texts([True, "relu", None, 3], 20) == ["true", "relu", "null", "3"]


def test_a_result_with_control_characters_cannot_move_the_cursor():
    result = replace(sweep(3), name="a\x1b[2Jb")
    assert "\x1b" not in printed(sweep_table(result))
