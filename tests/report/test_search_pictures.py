"""Pictures of cross-validations and sweeps: what they show, and that they stay legible however extreme the results are."""

import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.search.crossval import crossval_figure
from nntrain.report.pictures.search.history import history_figure
from nntrain.report.pictures.search.parallel import ABSENT, parallel_figure
from nntrain.report.pictures.search.parameter_axis import axis_of
from nntrain.report.pictures.search.parameters import parameters_figure, share
from nntrain.report.pictures.search.slices import slices_figure
from nntrain.report.pictures.search.value_axis import ValueAxis
from nntrain.search.results import SweepResult, Trial
from tests.support.pictures import faults, texts, words
from tests.support.searched import LAYERS, LR, SIZE, UNITS, crossval, sweep, wide_sweep

SIX = ("loss", "accuracy", "top_k_accuracy", "f1", "matthews_correlation", "balanced_accuracy")


def figure(draw, result, style="light"):
    with canvas.styled(style):
        found = draw(result)
        found.draw_without_rendering()
    return found


def with_trials(result, **changes):
    return replace(result, trials=tuple(replace(trial, **changes) for trial in result.trials))


def with_values(*values, higher_is_better=False):
    trials = tuple(Trial(i, "finished", value, {"lr": 0.1 * (i + 1)}) for i, value in enumerate(values))
    return SweepResult("toy", "validation_loss", higher_is_better, trials)


def with_parameters(*parameters):
    trials = tuple(Trial(i, "finished", float(i), each) for i, each in enumerate(parameters))
    return SweepResult("toy", "validation_loss", False, trials)


def labelled(axes, label):
    (line,) = [line for line in axes.lines if str(line.get_label()).startswith(label)]
    return line


SWEEPS = {
    "usual": sweep(),
    "one": sweep(1),
    "two": sweep(2),
    "many": sweep(1000, higher_is_better=False),
    "none": SweepResult("toy", "validation_loss", False, ()),
    "failed": with_trials(sweep(8), state="failed", value=None),
    "pruned": with_trials(sweep(8), state="pruned", value=0.5),
    "running": with_trials(sweep(8), state="running", value=None),
    "nan": with_trials(sweep(8), state="finished", value=math.nan),
    "equal": with_trials(sweep(8), state="finished", value=0.5, parameters={"lr": 0.1, "kind": "adam"}),
    "without parameters": with_trials(sweep(8), parameters={}),
    "unknown importance": replace(sweep(3), importance={}),
    "no importance": replace(sweep(8), importance=dict.fromkeys((LR, UNITS, SIZE), 0.0)),
    "outlier": replace(sweep(), trials=(replace(sweep().trials[0], value=-1e9), *sweep().trials[1:])),
    "huge and tiny": with_values(1e300, 1e-300, 1.0),
    "one kind of name": with_parameters(*({"": i, "a b": i, "p$x^2$": "$\\alpha_{" * i} for i in range(3))),
    "many choices": with_parameters(*({"p": f"choice_{i:03}_{'x' * 40}"} for i in range(60))),
    "odd parameters": with_parameters({"p": math.nan}, {"p": 10**30}, {"p": [1, 2]}, {"p": None}),
    "not positive": replace(with_parameters({"p": -1.0}, {"p": 0.0}, {"p": 5.0}), log_scale=frozenset({"p"})),
    "wide": wide_sweep(),
    "long name": replace(sweep(8), name="a_name_of_a_sweep_that_is_long" * 5),
}


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("draw", [history_figure, parallel_figure, parameters_figure, slices_figure])
def test_pictures_of_sweeps_are_legible(draw, name):
    assert faults(figure(draw, SWEEPS[name])) == []


def test_history_has_a_marker_for_each_trial_and_a_line_that_never_gets_worse():
    result = sweep()
    (axes,) = figure(history_figure, result).axes
    shown = sum(
        len(line.get_xdata())
        for line in axes.lines
        if line.get_marker() in "ovX" and line.get_linestyle() == "None"
    )
    assert shown == len(result.trials)
    best = labelled(axes, "best so far").get_ydata()
    assert (np.diff(best) >= 0).all()
    assert best[-1] == result.best.value
    star = labelled(axes, "best: ")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (result.best.number, result.best.value)


def test_history_marks_pruned_and_failed_trials():
    result = sweep()
    said = words(figure(history_figure, result))
    for state, label in (
        ("pruned", "pruned, at its last value"),
        ("failed", "failed"),
        ("finished", "finished"),
    ):
        assert f"{label} ({result.states[state]})" in said


@pytest.mark.parametrize("higher", [True, False])
def test_bad_values_do_not_stretch_the_axis_of_history(higher):
    sign = 1 if higher else -1
    values = [sign * value for value in (0.5, 0.6, 0.7, 0.65, 0.55, -1e9)]
    (axes,) = figure(history_figure, with_values(*values, higher_is_better=higher)).axes
    low, high = axes.get_ylim()
    assert -3 < low < high < 3
    assert low < sign * 0.7 < high
    assert "beyond the axis or NaN (1)" in words(axes.figure)


def test_a_good_value_is_always_on_the_axis_of_history():
    (axes,) = figure(history_figure, with_values(0.5, 0.6, 0.7, 0.65, 0.55, -50)).axes
    assert axes.get_ylim()[0] < -50


def test_losses_over_decades_are_on_a_logarithmic_axis():
    (axes,) = figure(history_figure, with_values(1e-4, 1e-2, 1)).axes
    assert axes.get_yscale() == "log"


def test_an_accuracy_is_not_shown_above_one():
    limits = ValueAxis.of(np.array([1.0, 1.0]), higher_is_better=True)
    assert limits.high < 1.01


def test_importance_has_a_bar_for_each_parameter_the_most_important_first():
    (axes,) = figure(parameters_figure, sweep()).axes
    assert [bar.get_width() for bar in axes.patches] == [0.8, 0.15, 0.05]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["lr", "units", "batch_size"]
    assert "lr matters most for validation accuracy: it explains 80%" in words(axes.figure)


def test_the_importance_of_few_trials_is_said_to_be_a_guess():
    assert "of 2 trials with a value: hardly more than a guess" in words(figure(parameters_figure, sweep(2)))
    assert "guess" not in words(figure(parameters_figure, sweep(30)))


def test_unknown_importance_is_said():
    assert "importance of parameters is unknown" in words(
        figure(parameters_figure, SWEEPS["unknown importance"])
    )


def lines_of(axes):
    """The lines of the finished trials, but for the star's: (trials, axes, 2)."""
    return axes.collections[-1].get_segments()


def test_parallel_has_a_line_for_each_trial_that_ends_at_its_value():
    result = sweep()
    (axes,) = figure(parallel_figure, result).axes
    assert len(lines_of(axes)) == result.states["finished"]
    assert len(axes.collections[0].get_segments()) == result.states["pruned"] + result.states["failed"]
    ends = [line[-1][1] for line in lines_of(axes)]
    assert ends == sorted(ends)  # the best is drawn last, on top
    best = labelled(axes, "best trial").get_ydata()
    assert best[-1] == pytest.approx(ends[-1])


def test_the_most_important_parameter_is_next_to_the_value():
    (axes,) = figure(parallel_figure, sweep()).axes
    names = {text.get_text(): text.get_position()[0] for text in axes.texts if text.get_fontsize() == 9}
    order = sorted(names, key=names.get)
    assert order == ["batch_size", "units", "lr", "validation accuracy"]


def test_parallel_has_axes_for_the_most_important_of_many_parameters():
    many = {f"p{i}": float(i) for i in range(40)}
    importance = {name: value / 780 for name, value in many.items()}
    (axes,) = figure(
        parallel_figure, replace(with_trials(sweep(8), parameters=many), importance=importance)
    ).axes
    assert lines_of(axes)[0].shape == (15, 2)
    assert "14 of 40 parameters" in words(axes.figure)
    assert {"p39", "p26"} <= set(words(axes.figure).split()) - {"p25"}


def test_a_trial_without_a_parameter_goes_below_its_axis():
    result = wide_sweep()
    (axes,) = figure(parallel_figure, result).axes
    counts = [trial for trial in result.trials if trial.counts]
    without = sum("optimizer.sgd.momentum" not in trial.parameters for trial in counts)
    assert sum((line[:, 1] == ABSENT).any() for line in lines_of(axes)) == without > 0
    assert "absent" in words(axes.figure)


def test_slices_have_a_panel_for_each_parameter_with_a_point_for_each_trial():
    result = sweep()
    found = figure(slices_figure, result)
    assert [axes.get_title(loc="left") for axes in found.axes] == [
        "lr  (80%)",
        "units  (15%)",
        "batch_size  (5%)",
    ]
    for axes in found.axes:
        points = labelled(axes, "finished")
        assert sorted(points.get_ydata()) == sorted(trial.value for trial in result.ranking)
        assert len(labelled(axes, "pruned").get_xdata()) == result.states["pruned"]
        assert labelled(axes, "best trial").get_ydata()[0] == result.best.value
    medians = [line for line in found.axes[2].lines if line.get_linewidth() == 1.4]
    of_size = [
        np.median([trial.value for trial in result.ranking if trial.parameters[SIZE] == size])
        for size in (16, 32, 64)
    ]
    assert [line.get_ydata()[0] for line in medians] == pytest.approx(of_size)


def test_slices_show_the_most_important_parameters():
    many = {f"p{i}": float(i) for i in range(20)}
    result = replace(with_trials(sweep(8), parameters=many), importance=dict.fromkeys(many, 0.05))
    found = figure(slices_figure, result)
    assert len(found.axes) == 12
    assert "the 12 most important of 20 parameters" in words(found)


@pytest.mark.parametrize(
    ("value", "text"), [(0.61, "61%"), (0.004, "0.4%"), (1e-6, "< 0.1%"), (0, "0%"), (1, "100%")]
)
def test_a_share_that_is_not_nothing_is_not_shown_as_nothing(value, text):
    assert share(value) == text


def test_a_value_beyond_the_axis_is_said_below_the_title():
    for draw in (parallel_figure, slices_figure):
        assert "1 value beyond the axis" in words(figure(draw, SWEEPS["outlier"]))


def trials_with(*values):
    return [
        Trial(i, "finished", 0.5, {} if value is None else {"p": value}) for i, value in enumerate(values)
    ]


def test_a_parameter_on_a_logarithmic_scale_has_equal_distances_for_equal_factors():
    axis = axis_of("p", "p", trials_with(1e-5, 1e-3, 1e-1), log_scale=True)
    assert axis.places == pytest.approx([0, 0.5, 1])
    assert "0.001" in [label for _, label in axis.ticks]


def test_a_list_of_numbers_is_a_list_of_categories_in_their_order():
    axis = axis_of("p", "p", trials_with(*[64, 16, 128] * 3), log_scale=False)
    assert [label for _, label in axis.ticks] == ["16", "64", "128"]
    assert axis.places[:3] == pytest.approx([1 / 2, 1 / 6, 5 / 6])


def test_booleans_texts_and_nothing_are_categories():
    axis = axis_of("p", "p", trials_with(True, "adam", None, False), log_scale=False)
    assert [label for _, label in axis.ticks] == ["adam", "false", "true"]
    assert math.isnan(axis.places[2])


def test_whole_layers_are_named_by_what_tells_them_apart():
    axis = axis_of("p", "p", trials_with(*LAYERS), log_scale=False)
    labels = [label for _, label in axis.ticks]
    assert len(set(labels)) == len(LAYERS)
    assert all(len(label) <= 40 and "dense" not in label for label in labels)


CROSSVALS = {
    "usual": crossval(),
    "one": crossval(1),
    "two": crossval(2),
    "many": crossval(20, 5),
    "seeds": crossval(0, 5),
    "six metrics": crossval(5, 1, SIX),
    "many and six": crossval(20, 5, SIX),
    "loss alone": crossval(5, 1, ("loss",)),
    "one epoch": crossval(epochs=1),
    "no history": replace(crossval(), histories={}),
    "long name": replace(crossval(), name="a_name_of_a_crossval_that_is_long" * 5),
}


def changed(result, *changes):
    """The members with changes: a status without scores, or scores."""
    members = list(result.members)
    for place, change in enumerate(changes):
        if isinstance(change, str):
            members[place] = replace(members[place], status=change, scores={})
        elif change is not None:
            members[place] = replace(members[place], scores={"test": change})
    return replace(result, members=tuple(members))


NAN = {"loss": math.nan, "accuracy": 0.1}
CROSSVALS["broken"] = changed(crossval(), "failed", "missing", NAN)
CROSSVALS["large and small"] = changed(
    crossval(), *[{"loss": i * 1e6, "accuracy": i * 1e-7} for i in range(1, 6)]
)
CROSSVALS["no metrics"] = replace(changed(crossval(), *["failed"] * 5), metrics=(), histories={})
CROSSVALS["no runs"] = replace(crossval(), members=(), histories={})
CROSSVALS["infinite"] = changed(crossval(), *[{"loss": math.inf, "accuracy": -math.inf}] * 5)
CROSSVALS["missing"] = replace(changed(crossval(), *["missing"] * 5), histories={})
CROSSVALS["ones"] = changed(crossval(), *[{"loss": 0.0, "accuracy": 1.0}] * 5)


@pytest.mark.parametrize("name", CROSSVALS)
def test_the_picture_of_a_crossval_is_legible(name):
    assert faults(figure(crossval_figure, CROSSVALS[name])) == []


@pytest.mark.parametrize(
    "draw", [history_figure, parallel_figure, parameters_figure, slices_figure, crossval_figure]
)
def test_dark_pictures_have_the_dark_colours(draw):
    found = figure(draw, crossval() if draw is crossval_figure else sweep(), "dark")
    dark = {colour.lower() for colour in canvas.COLOURS["dark"].values()}
    with canvas.styled("dark"):
        assert to_hex(found.get_facecolor()) == canvas.COLOURS["dark"][canvas.PAPER].lower()
        colours = {line.get_color() for axes in found.axes for line in axes.lines} - {"none"}
        assert set(map(to_hex, colours)) <= dark


def points(axes):
    return [line for line in axes.lines if line.get_marker() == "o"]


def test_a_crossval_has_a_panel_for_each_metric_with_a_point_for_each_fold():
    result = crossval()
    loss, accuracy, curves = figure(crossval_figure, result).axes
    for axes, metric in ((loss, "loss"), (accuracy, "accuracy")):
        assert [line.get_ydata()[0] for line in points(axes)] == result.values(metric).tolist()
        assert axes.lines[0].get_ydata()[0] == result.mean(metric)
        low, high = axes.get_ylim()
        assert low < result.mean(metric) - result.deviation(metric)
        assert high > result.mean(metric) + result.deviation(metric)
    assert len(curves.lines) == 5
    assert "5 folds: loss" in words(loss.figure)
    assert "(mean ± standard deviation)" in words(loss.figure)


def test_runs_without_scores_are_marked_and_counted():
    found = figure(crossval_figure, CROSSVALS["broken"])
    crosses = [[line for line in axes.lines if line.get_marker() == "X"] for axes in found.axes[:2]]
    assert list(map(len, crosses)) == [3, 2]
    assert "× marks runs without a score: 1 failed, 1 missing, 1 NaN or infinite" in words(found)
    assert "(mean ± standard deviation of 3 of 5 runs)" in words(found)


def test_a_score_that_would_stretch_the_axis_is_hollow_at_its_border():
    scores = [{"loss": 0.1, "r2": value} for value in (0.9, 0.91, 0.92, 0.93, -1e9)]
    result = replace(changed(crossval(), *scores), metrics=("loss", "r2"), higher_is_better={"r2": True})
    found = figure(crossval_figure, result)
    assert found.axes[1].get_ylim()[0] > 0
    assert sum(line.get_color() == "none" for line in found.axes[1].lines) == 1
    assert "○ marks scores beyond the axis" in words(found)


def test_four_metrics_are_two_rows_of_two_panels():
    panels = figure(crossval_figure, crossval(metrics=("loss", "accuracy", "f1", "auc"))).axes[:4]
    corners = [axes.get_position() for axes in panels]
    assert corners[0].y0 == corners[1].y0 > corners[2].y0 == corners[3].y0


def test_good_folds_do_not_hide_a_slightly_worse_one():
    scores = [{"loss": 0.1, "accuracy": value} for value in (0.999, 0.9999, 0.99999, 1, 1)]
    assert len(points(figure(crossval_figure, changed(crossval(), *scores)).axes[1])) == 5
    assert figure(crossval_figure, changed(crossval(), *scores)).axes[1].get_ylim()[0] < 0.999


def test_scores_that_are_infinite_are_crosses_and_not_beyond_the_axis():
    said = words(figure(crossval_figure, CROSSVALS["infinite"]))
    assert "× marks runs without a score: 5 NaN or infinite" in said
    assert "beyond the axis" not in said
    assert "NaN" not in words(figure(crossval_figure, CROSSVALS["no metrics"]))


def test_seeds_have_colours_and_are_side_by_side_in_their_fold():
    found = figure(crossval_figure, crossval(3, 2))
    at = [line.get_xdata()[0] for line in points(found.axes[0])]
    assert at == pytest.approx([-0.125, 0.875, 1.875, 0.125, 1.125, 2.125])
    assert len({line.get_color() for line in points(found.axes[0])}) == 2
    assert {"seed 0", "seed 1"} <= set(words(found).splitlines())


def test_a_fold_that_diverged_does_not_flatten_the_losses_of_the_others():
    result = crossval()
    at, losses = result.histories["fold-2"]
    spoiled = np.where(at > 4, 1e12, losses)
    spoiled[-1] = math.nan
    found = figure(crossval_figure, replace(result, histories={**result.histories, "fold-2": (at, spoiled)}))
    curves = found.axes[-1]
    assert curves.get_ylim()[1] < 100
    assert sum(line.get_marker() == "X" for line in curves.lines) == 1
    assert "NaN or infinite" in words(found)


def test_the_same_result_gives_the_same_bytes(tmp_path):
    for file in ("one.svg", "two.svg", "one.png", "two.png"):
        with canvas.styled():
            canvas.save(parallel_figure(sweep()), tmp_path / file)
    for suffix in ("svg", "png"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_no_text_is_parsed_as_mathematics():
    result = replace(sweep(8), name="$x^2$")
    assert all(
        not text.get_parse_math() for text in texts(figure(history_figure, result)) if "$" in text.get_text()
    )
