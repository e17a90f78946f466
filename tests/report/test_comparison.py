"""Several runs in one picture."""

import json

import pytest
import yaml

from nntrain.errors import UserError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.training.comparison import comparison_figure
from nntrain.run.history import read_history
from tests.support.pictures import faults, words
from tests.support.run_tables import write_run


def run(folder, name, settings=None, status="finished", loss="cross_entropy", **tables):
    found = write_run(folder / name, **tables)
    config = {"name": "toy", "loss": {loss: {}}, "train": {"monitor": None}, **(settings or {})}
    (found / "config.resolved.yaml").write_text(yaml.safe_dump(config))
    (found / "run.json").write_text(json.dumps({"status": status, "scores": {"test": {"loss": 0.7}}}))
    return found


def with_lr(lr, kind="sgd"):
    return {"optimizer": {kind: {"lr": lr, "momentum": 0.9}}}


def compared(*folders, style="light"):
    with canvas.styled(style):
        figure = comparison_figure([read_history(folder) for folder in folders])
        figure.draw_without_rendering()
    return figure


def test_the_legend_says_in_which_options_the_runs_differ(tmp_path):
    figure = compared(*(run(tmp_path, f"toy-{i}", with_lr(lr)) for i, lr in enumerate((0.1, 0.01))))
    said = words(figure)
    assert {"lr 0.1", "lr 0.01"} <= set(said.splitlines())
    assert "The runs differ in lr." in said
    assert "toy-1" not in said
    assert faults(figure) == []


def test_runs_of_one_config_are_named(tmp_path):
    said = words(compared(*(run(tmp_path, name, with_lr(0.1)) for name in ("first", "second"))))
    assert {"first", "second"} <= set(said.splitlines())
    assert "differ" not in said


def test_losses_of_different_kinds_have_a_panel_each(tmp_path):
    figure = compared(run(tmp_path, "a"), run(tmp_path, "b", loss="mse"), run(tmp_path, "c", loss="mse"))
    assert [axes.get_ylabel() for axes in figure.axes] == ["cross entropy loss", "mse loss", "accuracy", "lr"]
    solid = [[line for line in axes.lines if line.get_linewidth() == 2] for axes in figure.axes]
    assert list(map(len, solid)) == [1, 2, 0, 0]


def test_a_run_that_failed_early_is_marked_and_does_not_flatten_the_others(tmp_path):
    good = run(tmp_path, "good", with_lr(0.1))
    bad = run(tmp_path, "bad", with_lr(300), status="failed", loss="cross_entropy", epochs=1)
    losses = "".join(f"{i},1,{10.0 ** (3 * i)!r},300\n" for i in range(1, 11))
    (bad / "steps.csv").write_text(f"step,epoch,loss,lr\n{losses}")
    for evaluations in (1, 0):
        if not evaluations:
            (bad / "metrics.csv").unlink()
        figure = compared(good, bad)
        assert "lr 300 (failed)" in words(figure)
        (cross,) = [line for line in figure.axes[0].lines if line.get_marker() == "X"]
        low, high = figure.axes[0].get_ylim()
        assert low <= cross.get_ydata()[0] <= high < 100
        assert faults(figure) == []


def test_a_run_that_failed_in_its_first_epoch_is_at_its_place(tmp_path):
    good, bad = run(tmp_path, "good"), run(tmp_path, "bad", status="failed", epochs=1)
    (bad / "metrics.csv").unlink()
    assert compared(good, bad).axes[-1].get_xlabel() == "step"
    (bad / "run.json").write_text(json.dumps({"status": "failed", "steps_per_epoch": 20}))
    figure = compared(good, bad)
    assert figure.axes[-1].get_xlabel() == "epoch"
    (cross,) = [line for line in figure.axes[0].lines if line.get_marker() == "X"]
    assert cross.get_xdata()[0] == 0.5  # 10 steps of 20


def test_drops_metrics_test_losses_and_mini_batches_are_there(tmp_path):
    tables = {
        "lr": [0.1] * 20 + [0.01] * 20,
        "columns": ("train_loss", "validation_loss", "validation_accuracy", "test_loss"),
        "rows": ["1.0,0.9,0.5,0.95", "0.5,0.4,0.6,0.45", "0.4,0.3,0.7,0.35", "0.3,0.25,0.8,0.3"],
    }
    figure = compared(*(run(tmp_path, name, **tables) for name in "ab"))
    above, metric, below = figure.axes
    for axes in figure.axes:
        vertical = [
            line for line in axes.lines if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1
        ]
        assert {line.get_xdata()[0] for line in vertical} == {2.0}
    assert metric.get_ylabel() == "accuracy"
    assert [line.get_ydata()[-1] for line in above.lines].count(0.3) >= 4  # training and test of both
    assert sum(len(line.get_xdata()) == 40 for line in above.lines) == 2  # mini-batches
    assert [line.get_ydata()[-1] for line in metric.lines if len(line.get_xdata()) == 4] == [0.8, 0.8]
    assert below.get_ylabel() == "lr"
    assert "0.7000" in words(figure)  # the test loss of the best checkpoint


@pytest.mark.parametrize("style", ["light", "dark"])
def test_seven_runs_with_long_names_stay_apart(tmp_path, style):
    settings = [{"data": {"source": {"csv": {"path": f"{'very ' * 12}long $x^{i}$.csv"}}}} for i in range(7)]
    figure = compared(
        *(run(tmp_path, f"{'name-' * 12}{i}", one, epochs=1 + i % 3) for i, one in enumerate(settings)),
        style=style,
    )
    assert faults(figure) == []


def test_too_many_runs_are_refused(tmp_path):
    with pytest.raises(UserError, match="at most 7"):
        compared(*(run(tmp_path, str(i)) for i in range(8)))
