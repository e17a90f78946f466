"""The picture of the loss."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.errors import UserError
from nntrain.report.formats import number
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import log_ticks, tick_labels
from nntrain.report.pictures.drawing.curves import drops, thinned
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.training.loss_curves import RUNNING, loss_figure
from nntrain.report.pictures.training.progress import smoothed
from nntrain.run.history import read_history
from tests.support.pictures import faults
from tests.support.run_tables import PER_EPOCH, write_run

LOSS = pictures()["loss"]


def figure_of(folder, *options):
    with canvas.styled():
        figure = loss_figure(read_history(folder), *options)
        figure.draw_without_rendering()
    return figure


def dashed_verticals(axes):
    return [
        float(line.get_xdata()[0])
        for line in axes.lines
        if line.get_linestyle() == "--" and len(set(line.get_xdata())) == 1
    ]


def line_named(axes, label):
    names = {"train": RUNNING}
    return next(line for line in axes.lines if line.get_label() == names.get(label, label))


def test_drops_are_found_and_gradual_schedules_have_none():
    warm = np.concatenate(
        (np.linspace(0.001, 0.1, 20), np.full(30, 0.1), np.full(30, 0.01), np.full(20, 0.001))
    )
    assert drops(warm).tolist() == [50, 80]
    step = np.arange(5000)
    assert not len(drops(0.05 * (1 + np.cos(np.pi * step / 5000))))
    assert not len(drops(0.05 * (1 + np.cos(np.pi * (step // 50) / 100))))  # a new rate each epoch
    assert not len(drops(np.full(100, 0.1)))
    assert not len(drops(np.array([0.1])))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8000), st.integers(0, 10**6))
def test_thinning_keeps_every_column_s_extremes(points, seed):
    y = np.random.default_rng(seed).normal(size=points)
    x = np.arange(1, points + 1) / 7
    thin_x, thin_y = thinned(x, y, columns=100)
    assert len(thin_x) <= 202
    assert (np.diff(thin_x) > 0).all()
    assert (thin_y.min(), thin_y.max(), thin_x[0], thin_x[-1]) == (y.min(), y.max(), x[0], x[-1])


def test_a_run_is_drawn_to_both_files_and_the_same_bytes_each_time(tmp_path):
    folder = write_run(tmp_path / "run")
    LOSS.draw_stored(folder)
    first = [(folder / name).read_bytes() for name in ("loss.png", "loss.svg")]
    LOSS.draw_stored(folder)
    assert first == [(folder / name).read_bytes() for name in ("loss.png", "loss.svg")]
    assert first[0].startswith(b"\x89PNG")
    assert b"dc:date" not in first[1]
    assert sorted(path.name for path in folder.iterdir()) == [
        "loss.png",
        "loss.svg",
        "metrics.csv",
        "steps.csv",
    ]


def test_a_drawing_that_fails_leaves_the_old_picture(tmp_path, monkeypatch):
    folder = write_run(tmp_path / "run")
    (folder / "loss.png").write_text("old")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        LOSS.draw_stored(folder)
    assert (folder / "loss.png").read_text() == "old"
    assert sorted(path.name for path in folder.iterdir()) == ["loss.png", "metrics.csv", "steps.csv"]


def test_drops_and_the_best_epoch_are_marked(tmp_path):
    lr = [0.1] * 20 + [0.01] * 10 + [0.001] * 10
    above, below = figure_of(
        write_run(tmp_path / "run", lr=lr, rows=[f"1.0,{loss},0.5" for loss in (0.9, 0.3, 0.4, 0.5)])
    ).axes
    assert dashed_verticals(above) == dashed_verticals(below) == [2.0, 3.0]
    assert [label.get_text() for label in below.get_yticklabels()] == ["0.001", "0.01", "0.1"]
    star = line_named(above, "best")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (2.0, 0.3)
    assert [text.get_text() for text in above.texts] == ["best: epoch 2\nvalidation loss 0.3000"]
    assert above.get_yscale() == below.get_yscale() == "log"


def write_facts(folder, monitor=None, loss="cross_entropy", **info):
    (folder / "config.resolved.yaml").write_text(
        f"loss: {{{loss}: {{}}}}\ntrain: {{monitor: {monitor or 'null'}}}\n"
    )
    (folder / "run.json").write_text(json.dumps(info))


def test_groups_of_parameters_with_other_rates_have_lines_of_their_own(tmp_path):
    folder = write_run(tmp_path / "run", lr=[0.1] * 20 + [0.01] * 20, rows=["1.0,0.9,0.5"])
    many = {f"dense_{number}.a_very_long_name_of_a_parameter": number + 1.0 for number in range(1, 9)}
    for rates, names in (
        ({"dense_1.*": 0.5, "*.bias": 2.0}, ["all others", "dense_1.*", "*.bias"]),
        (many, ["all others", *[f"dense_{n}.a_ve…a_parameter" for n in (1, 2)], "and 6 more"]),
    ):
        write_facts(folder, group_rates=rates)
        figure = figure_of(folder)
        below = figure.axes[1]
        tops = [line.get_ydata().max() for line in below.lines[: 1 + len(rates)]]
        assert tops == pytest.approx([0.1, *(0.1 * multiple for multiple in rates.values())])
        assert [text.get_text() for text in below.get_legend().get_texts()] == names
        assert below.get_ylim()[0] < 0.01 * min(1, *rates.values()) < max(tops) < below.get_ylim()[1]
        assert faults(figure) == []
    write_facts(folder, group_rates={"a": "b"})
    assert figure_of(folder).axes[1].get_legend() is None


def test_the_axis_names_the_loss_and_the_star_what_it_is_best_by(tmp_path):
    folder = write_run(tmp_path / "run", rows=[f"1.0,{loss},0.5" for loss in (0.9, 0.3, 0.4, 0.5)])
    write_facts(folder)
    above = figure_of(folder).axes[0]
    assert above.get_ylabel() == "cross entropy loss"
    assert above.texts[0].get_text() == "best: epoch 2\nvalidation loss 0.3000"
    write_facts(folder, monitor="validation_accuracy")
    above = figure_of(folder).axes[0]
    assert above.texts[0].get_text() == "best validation accuracy 0.5000\nepoch 2, validation loss 0.3000"


def test_the_best_line_has_the_scores_of_the_terminal_and_the_last_line_running_means(tmp_path):
    folder = write_run(tmp_path / "run", rows=[f"1.0,{loss},0.5" for loss in (0.9, 0.3, 0.4, 0.5)])
    scores = {"train": {"loss": 0.25}, "validation": {"loss": 0.3, "confusion_matrix": [[1]]}}
    write_facts(folder, scores=scores)
    found = [text.get_text() for text in figure_of(folder).texts]
    assert "train loss 0.2500" in found
    assert f"{RUNNING} loss 1.000, accuracy" not in found
    assert f"{RUNNING} loss 1.000" in found
    assert "validation loss 0.3000" in found


def test_the_x_axis_counts_epochs_steps_or_time(tmp_path):
    folder = write_run(tmp_path / "run")
    for unit, end, label in (("epoch", 4, "epoch"), ("step", 40, "step")):
        above, below = figure_of(folder, unit).axes
        assert line_named(above, "validation").get_xdata().tolist() == [end / 4 * i for i in (1, 2, 3, 4)]
        assert below.get_xlabel() == label
    with pytest.raises(UserError, match="no times"):
        figure_of(folder, "time")
    (folder / "times.csv").write_text("step,seconds\n10,60\n20,90\n30,120\n40,180\n")
    above, below = figure_of(folder, "time").axes
    assert line_named(above, "validation").get_xdata().tolist() == [1, 1.5, 2, 3]
    assert line_named(above, "mini-batch").get_xdata()[4] == 0.5  # half of the first minute
    assert below.get_xlabel() == "minutes of training"


def test_smoothing_is_a_moving_average_without_a_bias_at_the_start():
    values = np.array([1.0, 3.0, np.nan, 3.0])
    assert smoothed(values, 0.5).tolist() == pytest.approx([1, 7 / 3, 7 / 3, 19 / 7])
    assert smoothed(values, 0.0) is values
    assert smoothed(np.full(50, 2.0), 0.9) == pytest.approx(2.0)


def test_labels_of_a_low_panel_keep_apart(tmp_path):
    for rates in ([0.003, 0.002], [0.1, 0.09, 0.08], [3e-4, 2e-4, 1e-4]):
        lr = [rates[i % len(rates)] for i in range(40)]
        assert faults(figure_of(write_run(tmp_path / "run", lr=lr))) == []


def test_the_best_label_covers_no_line_and_stays_inside(tmp_path):
    rows = [f"{0.3 + (e % 3) / 10},{0.4 + (e * 5 % 4) / 10},0.5" for e in range(12)]
    figure = figure_of(write_run(tmp_path / "run", epochs=12, rows=rows))
    above = figure.axes[0]
    box = above.texts[0].get_bbox_patch().get_window_extent()
    for split in ("train", "validation"):
        points = above.transData.transform(line_named(above, split).get_xydata())
        assert not any(box.contains(x, y) for x, y in points)
    assert above.get_window_extent().containsx(box.x0)
    assert above.get_window_extent().containsx(box.x1)
    assert above.get_window_extent().containsy(box.y0)
    assert above.get_window_extent().containsy(box.y1)


def test_values_out_of_range_are_marked_at_the_border_and_counted(tmp_path):
    loss = [2.0 / (1 + i) for i in range(40)]
    loss[5], loss[6], loss[38], loss[39] = 0.0, -1.0, float("inf"), float("nan")
    figure = figure_of(
        write_run(tmp_path / "run", loss=loss, rows=["1,1,1", "0.5,nan,1", "0.2,0.0,1", "0.1,0.1,1"])
    )
    notes = [text.get_text() for text in figure.texts]
    assert any("NaN or infinite: 2 mini-batches, 1 validation" in note for note in notes)
    assert any("zero or negative: 2 mini-batches, 1 validation" in note for note in notes)
    assert np.isfinite(figure.axes[0].get_ylim()).all()
    assert line_named(figure.axes[0], "validation").get_xdata().tolist() == [1.0, 4.0]


def test_a_loss_that_is_negative_gets_a_linear_axis(tmp_path):
    figure = figure_of(
        write_run(tmp_path / "run", loss=[-1 - i / 40 for i in range(40)], rows=["-1.5,-1.4,0.5"] * 4)
    )
    assert figure.axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("loss", [-9007199254740996.0, -1e308, 0.0, 5e-324])
def test_one_loss_alone_has_a_picture(tmp_path, loss):
    axes = figure_of(
        write_run(tmp_path / "run", 1, [loss] * PER_EPOCH, rows=[f"{loss!r},{loss!r},0.5"])
    ).axes[0]
    low, high = axes.get_ylim()
    assert low < high


def write_baseline(folder, loss) -> None:
    (folder / "run.json").write_text(json.dumps({"baseline": {"validation": {"loss": loss}}}))


def test_the_baseline_is_a_line_inside_the_axes_with_its_value_above_them(tmp_path):
    for loss in (1.7, 20.0, 0.01):
        folder = write_run(tmp_path / "run")
        write_baseline(folder, loss)
        figure = figure_of(folder)
        (line,) = [line for line in figure.axes[0].lines if set(line.get_ydata()) == {loss}]
        low, high = figure.axes[0].get_ylim()
        assert low < loss < high
        assert line.get_linewidth() < 1.5
        (legend,) = [one for one in figure.legends if "constant" in one.get_texts()[0].get_text()]
        assert legend.get_texts()[0].get_text() == f"constant prediction {number(loss)}"
        figure.canvas.draw()
        boxes = [legend.get_window_extent(), *(text.get_window_extent() for text in figure.texts)]
        others = [one.get_window_extent() for one in figure.legends if one is not legend]
        assert not any(
            boxes[0].overlaps(box) for box in [*boxes[1:], *others, figure.axes[0].get_window_extent()]
        )


@pytest.mark.parametrize("loss", [1e9, 1e-9, 0.0, -1.0, float("nan"), None])
def test_a_baseline_far_from_the_curves_is_not_drawn(tmp_path, loss):
    folder = write_run(tmp_path / "run")
    plain = figure_of(folder).axes[0].get_ylim()
    write_baseline(folder, loss)
    figure = figure_of(folder)
    assert figure.axes[0].get_ylim() == plain
    assert len(figure.legends) == 1


odd_floats = st.one_of(st.floats(), st.floats(1e-6, 10), st.sampled_from([0.0, -1.0, 1e308, 5e-324]))


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(0, 3))
def test_no_numbers_break_the_picture(tmp_path_factory, data, epochs):
    count = max(epochs * PER_EPOCH, 1)
    lists = [data.draw(st.lists(odd_floats, min_size=count, max_size=count)) for _ in range(3)]
    folder = write_run(
        tmp_path_factory.mktemp("runs") / "run",
        epochs,
        *lists[:2],
        rows=[f"{value!r},{value!r},0.5" for value in lists[2][:epochs]],
    )
    write_baseline(folder, lists[1][0])
    if epochs == 0:
        (folder / "steps.csv").write_text(f"step,epoch,loss,lr\n1,1,{lists[0][0]!r},{lists[1][0]!r}\n")
    figure_of(folder)


def test_names_are_text_and_not_mathematics(tmp_path):
    folder = write_run(tmp_path / "a $x^$ [b]run")
    assert figure_of(folder).texts[0].get_text() == folder.name
    LOSS.draw_stored(folder)


def test_two_hundred_thousand_steps_make_a_small_svg(tmp_path):
    draw = np.random.default_rng(0)
    loss = np.exp(draw.normal(size=200_000)).tolist()
    rows = [f"{i + 1},{i // 1000 + 1},{x!r},0.1\n" for i, x in enumerate(loss)]
    (tmp_path / "steps.csv").write_text("step,epoch,loss,lr\n" + "".join(rows))
    LOSS.draw_stored(tmp_path)
    assert (tmp_path / "loss.svg").stat().st_size < 250_000


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-30, 1e30), st.floats(1e-7, 60), st.sampled_from([4, 7]))
def test_a_logarithmic_axis_always_has_a_few_ticks_that_differ(low, decades, most):
    high = low * 10**decades
    ticks, between = log_ticks(low, high, most)
    labels = tick_labels(ticks)
    assert 2 <= len(ticks) <= most + 2
    assert len(set(labels)) == len(labels)
    for tick, label in zip(ticks, labels, strict=True):
        assert float(label.replace(",", "")) == pytest.approx(tick, rel=1e-9)
        assert low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)
    assert not set(ticks) & set(between)
