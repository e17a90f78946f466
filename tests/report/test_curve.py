"""The loss curve of the live display: what it keeps of a long run, what it draws, and where it has no room."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from nntrain.report.terminal.curve import MOST, LossCurve, smoothed
from nntrain.report.terminal.dots import Ascii, Braille, Dots
from nntrain.report.terminal.plot import LossPlot
from nntrain.report.terminal.progress import Progress
from nntrain.run.folder import RunFolder
from tests.conftest import MOONS, interrupt_at

NAN = float("nan")
DECAY = [2 * 0.99**step for step in range(500)]


def curve_of(losses, evaluations=(), first_step=0, split="validation") -> LossCurve:
    curve = LossCurve(first_step)
    curve.pending = list(losses)
    for step, loss in evaluations:
        curve.add_evaluation({"step": step, f"{split}_loss": loss})
    return curve


def drawn(curve: LossCurve, width=60, rows=8, dots: type[Dots] = Braille) -> list[str]:
    lines = [line.plain for line in LossPlot(curve, 100, rows).lines(width, dots)]
    assert all(len(line) <= width for line in lines)
    assert len(lines) in (0, rows + 2)
    return lines


def labels(lines: list[str]) -> list[str]:
    return [line[: line.index("│")].strip() for line in lines[1:-1]]


@pytest.mark.parametrize("steps", [1, 5, MOST - 1, MOST, 5 * MOST + 3, 100_000])
def test_a_curve_of_any_length_is_kept_as_a_few_hundred_means(steps):
    curve, losses = LossCurve(), np.random.default_rng(0).uniform(1, 2, steps)
    for start in range(0, steps, 77):
        curve.pending += losses[start : start + 77].tolist()
        at, found = curve.train()
    assert len(at) == len(found) <= MOST + 1
    assert len(at) >= min(steps, MOST) / 2
    assert at[-1] == steps
    assert (np.diff(at) > 0).all()
    sizes = np.diff(at, prepend=0)
    assert np.average(found, weights=sizes) == pytest.approx(losses.mean(), rel=0.01)


def test_losses_that_are_not_finite_are_left_out_of_a_mean():
    curve = curve_of([1.0, NAN, float("inf")] * MOST)
    _, losses = curve.train()
    assert losses[np.isfinite(losses)] == pytest.approx(1.0)
    assert not np.isfinite(curve_of([NAN] * 3 * MOST).train()[1]).any()


def test_smoothing_keeps_the_mean_and_the_gaps():
    losses = np.random.default_rng(0).normal(5, 1, 400)
    losses[100:140] = NAN
    found = smoothed(losses)
    assert np.isnan(found[100:140]).all()
    assert np.isfinite(found[:100]).all()
    assert np.nanstd(found) < np.nanstd(losses) / 2
    assert np.nanmean(found) == pytest.approx(np.nanmean(losses), rel=0.01)


def test_the_axis_is_logarithmic_with_the_largest_and_the_smallest_loss_at_its_ends():
    lines = drawn(curve_of([10.0] * 100 + [1.0] * 100 + [0.001] * 100, [(300, 0.002)]), rows=12)
    assert lines[0].startswith("loss, logarithmic")
    assert [label for label in labels(lines) if label] == ["10.00", "1", "0.1", "0.01", "0.001000"]
    assert lines[-1].split() == ["epoch", "0", "3"]


def test_many_decades_have_a_label_for_some():
    found = [label for label in labels(drawn(curve_of(10.0 ** -np.arange(300.0)))) if label]
    assert 3 <= len(found) <= 5
    assert float(found[-1]) < 1e-290


def test_a_decay_is_a_straight_line_from_the_top_left_to_the_bottom_right():
    rows = [line[line.index("│") + 1 :] for line in drawn(curve_of(DECAY))[1:-1]]
    places = [np.mean([column for column, c in enumerate(row) if c != " "]) for row in rows]
    assert np.diff(places) == pytest.approx(len(rows[0]) / len(rows), rel=0.2)


@pytest.mark.parametrize("losses", [[-1.0, -2.0, 3.0], [-0.5] * 5, [0.0] * 4])
def test_losses_that_are_not_positive_have_a_linear_axis(losses):
    lines = drawn(curve_of(losses))
    assert lines[0].startswith("loss  ")
    ends = [float(label) for label in labels(lines) if label]
    assert ends[0] > ends[1]
    assert ends[1] <= min(losses)
    assert ends[0] >= max(losses)


def test_a_constant_loss_has_two_different_labels():
    first, *_, last = labels(drawn(curve_of([2.3026] * 50, [(50, 2.3026)])))
    assert float(first) > 2.3026 > float(last)


def test_nan_is_a_gap():
    line = drawn(curve_of([1.0] * 20 + [NAN] * 20 + [1.0] * 20), rows=1)[1]
    curve = line[line.index("│") + 1 :]
    assert curve.strip(" ").count(" ") == pytest.approx(len(curve) / 3, abs=2)
    assert drawn(curve_of([NAN] * 20, [(20, NAN)])) == []
    assert drawn(curve_of([])) == []


@pytest.mark.parametrize("dots", [Braille, Ascii])
@pytest.mark.parametrize("evaluations", [1, 5, 1000])
def test_the_held_out_loss_is_distinguishable_without_colour(dots, evaluations):
    steps = np.linspace(500 / evaluations, 500, evaluations)
    lines = drawn(curve_of(DECAY, [(step, 2 * 0.992**step) for step in steps], split="test"), dots=dots)
    assert lines[0].endswith(f"{dots.marker} test")
    body = "".join(line.split(dots.axis, 1)[1] for line in lines[1:-1])
    assert min(evaluations, 10) <= body.count(dots.marker) <= 13
    assert len(body.replace(dots.marker, "").replace(" ", "")) > 30  # the line shows between the marks


def test_without_a_held_out_split_no_mark_is_explained():
    assert drawn(curve_of(DECAY))[0].endswith("train, smoothed")


def test_what_shows_no_braille_gets_ascii(monkeypatch):
    plot = LossPlot(curve_of(DECAY, [(500, 0.5)]), 100, 6)

    def printed(encoding):
        buffer = io.BytesIO()
        console = Console(file=io.TextIOWrapper(buffer, encoding), width=60, force_terminal=True)
        console.print(plot)
        console.file.flush()
        return buffer.getvalue().decode(encoding)

    assert printed("latin-1").isascii()
    assert "⠤" in printed("utf-8")
    monkeypatch.setenv("TERM", "linux")
    assert printed("utf-8").isascii()


@pytest.mark.parametrize(
    ("width", "height", "shows"),
    [(60, 24, True), (50, 22, True), (120, 60, True), (49, 40, False), (80, 21, False)],
)
def test_the_curve_is_left_out_where_it_has_no_room(width, height, shows):
    def console():
        return Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)

    progress = Progress(console=console(), live=True)
    progress.started("toy", None, epochs=30, steps_per_epoch=10)
    for epoch in range(1, 31):
        for step in range(10 * epoch - 9, 10 * epoch + 1):
            progress.stepped(SimpleNamespace(step=step), 1 / step, 0.1, 8)
        row = {
            "epoch": epoch,
            "step": 10 * epoch,
            "lr": 0.1,
            "train_loss": 0.1,
            "validation_loss": 1 / epoch,
            "best": 1,
        }
        progress.evaluated(row)
    progress._screen.draw()
    paper = console()
    paper.print(progress._screen._live.renderable)
    lines = paper.file.getvalue().splitlines()
    progress.close()
    assert any("logarithmic" in line for line in lines) == shows
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert sum(line.endswith("best") for line in lines) == 1


def test_there_is_no_curve_without_a_terminal():
    progress = Progress(console=Console(file=io.StringIO()))
    progress.started("toy", None, epochs=1, steps_per_epoch=1)
    progress.stepped(SimpleNamespace(step=1), 1.0, 0.1, 8)
    assert progress.curve is None


def test_the_curve_of_a_resumed_run_begins_at_its_start(shell, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 12)
        run = RunFolder(shell.fit(MOONS, code=130))
    curve = LossCurve.of(12, run.step_columns(), run.evaluation_columns())
    curve.pending.append(0.25)
    curve.add_evaluation({"step": 13, "validation_loss": 0.5})
    steps, losses = curve.train()
    assert steps.tolist() == list(range(1, 14))
    assert losses[:-1] == pytest.approx(run.step_columns()["loss"])
    assert curve.evaluated()[0].tolist() == [5, 10, 13]
