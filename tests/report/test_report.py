"""What a person sees: pictures of runs, the progress of a training, tables and messages."""

import io
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nntrain.errors import UserError
from nntrain.layers.dense import Dense
from nntrain.network.graph import build_graph
from nntrain.report import words
from nntrain.report.pictures import draw_decision, draw_fit, draw_loss, grid_over, page
from nntrain.report.pictures.axes import log_ticks, tick_labels
from nntrain.report.pictures.history import drops, read_history, thinned
from nntrain.report.pictures.loss import loss_figure
from nntrain.report.terminal import screen
from nntrain.report.terminal.errors import show_error
from nntrain.report.terminal.progress import Progress
from nntrain.report.terminal.tables import LayerRow, gradcheck, layer_rows, scores, show_scores, summary

PER_EPOCH = 10


def write_run(
    folder,
    epochs=4,
    loss=None,
    lr=None,
    rows=None,
    columns=("train_loss", "validation_loss", "validation_accuracy"),
):
    """A run folder with `epochs` of PER_EPOCH steps; `rows` replaces what metrics.csv holds below its header."""
    folder.mkdir(exist_ok=True)
    steps = epochs * PER_EPOCH
    loss = loss or [2.0 / (1 + i) for i in range(steps)]
    lr = lr or [0.1] * steps
    (folder / "steps.csv").write_text(
        "step,epoch,loss,lr\n"
        + "".join(f"{i + 1},{i // PER_EPOCH + 1},{loss[i]!r},{lr[i]!r}\n" for i in range(steps))
    )
    if rows is None:
        rows = [
            ",".join(["1.5" if "accuracy" not in name else "0.5" for name in columns]) for _ in range(epochs)
        ]
    (folder / "metrics.csv").write_text(
        f"step,epoch,lr,{','.join(columns)},best\n"
        + "".join(
            f"{(e + 1) * PER_EPOCH},{float(e + 1)!r},0.1,{row},{int(e == 1)}\n" for e, row in enumerate(rows)
        )
    )
    return folder


def figure_of(folder):
    with page.styled():
        figure = loss_figure(read_history(folder))
        figure.draw_without_rendering()
    return figure


def dashed_verticals(axes):
    return [
        float(line.get_xdata()[0])
        for line in axes.lines
        if line.get_linestyle() == "--" and len(set(line.get_xdata())) == 1
    ]


def line_named(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


# Reading a run


def test_a_line_still_being_written_is_left_out(tmp_path):
    folder = write_run(tmp_path / "run")
    for table in ("steps.csv", "metrics.csv"):
        with (folder / table).open("a") as file:
            file.write("41,5,0.0")
    history = read_history(folder)
    assert len(history.loss) == 40
    assert len(history.evaluations["epoch"]) == 4


def test_an_empty_cell_was_not_measured_but_a_nan_was(tmp_path):
    history = read_history(write_run(tmp_path / "run", rows=["1.0,,0.5", "1.0,nan,0.5", "1.0,0.7,0.5"]))
    epoch, loss = history.curve("validation_loss")
    assert epoch.tolist() == [2.0, 3.0]
    assert np.isnan(loss[0])
    assert loss[1] == 0.7
    assert history.value("validation_loss", 0) is None
    assert history.curve("test_loss")[0].size == 0


def test_a_confusion_matrix_in_the_table_does_no_harm(tmp_path):
    folder = write_run(
        tmp_path / "run",
        rows=['1.0,0.9,"[[1.0, 2.0], [3.0, 4.0]]"'],
        columns=("train_loss", "validation_loss", "validation_confusion_matrix"),
    )
    assert read_history(folder).value("validation_loss", 0) == 0.9
    figure_of(folder)


@pytest.mark.parametrize(
    ("table", "text", "place"),
    [
        ("metrics.csv", "step,epoch,lr,best\n1,1.0,oops,0\n", "metrics.csv:2"),
        ("metrics.csv", "step,epoch,lr,best\n1,1.0,0.1\n", "metrics.csv"),
        ("steps.csv", "step,epoch,loss,lr\n1,1,2.0,0.1\n2,1,\n", "steps.csv:3"),
    ],
)
def test_a_damaged_table_is_told_with_its_place(tmp_path, table, text, place):
    folder = write_run(tmp_path / "run")
    (folder / table).write_text(text)
    with pytest.raises(UserError, match=place):
        read_history(folder)


def test_a_folder_that_is_no_run_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match="expected the folder of a run"):
        draw_loss(tmp_path)
    (tmp_path / "steps.csv").write_text("step,epoch,loss,lr\n")
    with pytest.raises(UserError, match="nothing to draw"):
        draw_loss(tmp_path)


def test_steps_are_placed_by_epochs_done(tmp_path):
    folder = write_run(tmp_path / "run")
    assert read_history(folder).epoch[[9, 19, 24]].tolist() == [1.0, 2.0, 2.5]
    (folder / "metrics.csv").unlink()
    assert read_history(folder).epoch[[9, 19, 24]].tolist() == [1.0, 2.0, 2.5]
    first = read_history(write_run(tmp_path / "first", epochs=1, rows=[]))
    assert first.counts_steps
    assert first.epoch[-1] == 10


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


# The picture of the loss


def test_a_run_is_drawn_to_both_files_and_the_same_bytes_each_time(tmp_path):
    folder = write_run(tmp_path / "run")
    draw_loss(folder)
    first = [(folder / name).read_bytes() for name in ("loss.png", "loss.svg")]
    draw_loss(folder)
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
        draw_loss(folder)
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


def test_values_that_have_no_place_are_marked_at_the_border_and_counted(tmp_path):
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
    if epochs == 0:
        (folder / "steps.csv").write_text(f"step,epoch,loss,lr\n1,1,{lists[0][0]!r},{lists[1][0]!r}\n")
    figure_of(folder)


def test_what_a_user_named_is_text_and_not_mathematics(tmp_path):
    folder = write_run(tmp_path / "a $x^$ [b]run")
    assert figure_of(folder).texts[0].get_text() == folder.name
    draw_loss(folder)


def test_two_hundred_thousand_steps_make_a_small_svg(tmp_path):
    draw = np.random.default_rng(0)
    loss = np.exp(draw.normal(size=200_000)).tolist()
    rows = [f"{i + 1},{i // 1000 + 1},{x!r},0.1\n" for i, x in enumerate(loss)]
    (tmp_path / "steps.csv").write_text("step,epoch,loss,lr\n" + "".join(rows))
    draw_loss(tmp_path)
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


def test_the_module_draws_once_and_loads_nothing_heavy(tmp_path):
    folder = write_run(tmp_path / "run")
    code = (
        f"import sys; from nntrain.report.pictures.__main__ import main; assert main([{str(folder)!r}]) == 0; "
        "print([name for name in ('numba', 'pydantic', 'rich', 'matplotlib.pyplot') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert (folder / "loss.svg").exists()
    command = [sys.executable, "-m", "nntrain.report.pictures", str(tmp_path)]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert failed.stderr.startswith("error: ")


# The other pictures


def test_a_fit_is_drawn(tmp_path):
    x = np.linspace(-1, 1, 20)[:, None]
    grid = grid_over(x)[0]
    assert grid[0] < -1
    assert grid[-1] > 1
    draw_fit(
        tmp_path,
        x,
        x**2,
        grid,
        grid[:, None] ** 2,
        truth=grid**2,
        test_x=x,
        test_target=x,
        labels=("$t$", "[y]"),
    )
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("classes", [1, 2, 11])
@pytest.mark.parametrize("probabilities", [False, True])
def test_regions_are_drawn(tmp_path, classes, probabilities):
    draw = np.random.default_rng(0)
    x, target = draw.normal(size=(50, 2)), draw.integers(0, classes, 50)
    across, up = grid_over(x, 40)
    prediction = draw.random((40, 40, classes)) if probabilities else draw.integers(0, classes, (40, 40))
    draw_decision(tmp_path, x, target, across, up, prediction, class_names=["$a"] * classes)
    assert (tmp_path / "regions.png").read_bytes().startswith(b"\x89PNG")


# Progress


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def plain_console(width=1000):
    return Console(file=io.StringIO(), width=width, markup=False, highlight=False)


def train(progress, clock, folder="runs/toy", epochs=12, steps=5, best_at=3, every=1.0):
    """A training of `epochs` epochs of `steps` steps of 0.1 s on 32 samples, with 2 s of compiling and 0.5 s of scoring."""
    state = SimpleNamespace(step=0)
    with progress:
        progress.started(folder, epochs=epochs, steps_per_epoch=steps)
        with progress.compiling():
            clock.now += 2
        for e in range(round(epochs / every)):
            for _ in range(round(steps * every)):
                clock.now += 0.1
                state.step += 1
                progress.stepped(state, 1 / state.step, 0.1, 32)
            clock.now += 0.5
            progress.evaluating(state)
            progress.evaluated(
                {
                    "step": state.step,
                    "epoch": (e + 1) * every,
                    "lr": 0.1 if e < 6 else 1e-5,
                    "train_loss": 10.0**-e,
                    "train_accuracy": 0.5,
                    "validation_loss": float("nan") if e == 2 else 1.0,
                    "validation_accuracy": 0.5,
                    "best": int(e <= best_at),
                }
            )
        progress.finished()
    return progress


def told(quiet=False, **options):
    """What a training prints where there is no terminal, and what it logs."""
    clock, console, log = Clock(), plain_console(), []
    train(Progress(log.append, quiet, console, clock=clock), clock, **options)
    return console.file.getvalue(), log


def test_without_a_terminal_there_is_a_plain_line_an_epoch():
    text, log = told()
    lines = [line for line in text.splitlines() if line.startswith("epoch")]
    assert len(lines) == 12
    assert "\x1b" not in text
    assert "\r" not in text
    assert lines[0] == (
        "epoch  1/12  step  5  train loss    1.000  accuracy 0.5000  validation loss    1.000  accuracy 0.5000"
        "  lr    0.1   1.0 s  best"
    )
    assert len({line.index("accuracy") for line in lines[:3]}) == 1
    assert "NaN" in lines[2]
    assert [line.endswith("best") for line in lines] == [True] * 4 + [False] * 8
    assert text.splitlines() == log


def test_quiet_prints_the_final_lines_only_and_logs_all():
    loud, log = told()
    quiet, quiet_log = told(quiet=True)
    assert quiet_log == log
    assert quiet == loud[loud.index("finished:") :]


def test_compiling_is_told_once_and_kept_out_of_all_times():
    text, _ = told()
    assert text.count("kernels ready in 2.0 s") == 1
    assert "1.0 s  best" in text.splitlines()[2]
    assert "finished: 12 epochs in 12.0 s, and 2.0 s for compiling" in text


def test_evaluations_between_epochs_are_told_with_decimals():
    lines = [line for line in told(epochs=2, steps=4, every=0.5)[0].splitlines() if line.startswith("epoch")]
    assert [line.split("  ")[0] for line in lines] == [
        "epoch 0.50/2",
        "epoch 1.00/2",
        "epoch 1.50/2",
        "epoch 2.00/2",
    ]


def test_the_end_says_where_everything_is_and_what_to_type_next(tmp_path):
    folder = tmp_path / "my [run]"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "loss.png").touch()
    text, _ = told(folder=folder)
    end = text[text.index("finished:") :]
    assert "epoch 4, step 20" in end
    assert str(folder / "loss.png") in end
    assert f"next        nntrain eval '{folder}'" in end
    assert "best.safetensors" not in end  # it is not there
    (folder / "checkpoints" / "best.safetensors").touch()
    assert "best.safetensors" in told(folder=folder)[0]


def test_a_resumed_run_keeps_its_best_and_counts_its_own_time():
    clock, console = Clock(), plain_console()
    progress = Progress(console=console, clock=clock)
    best = {"step": 5, "epoch": 1.0, "lr": 0.1, "train_loss": 0.25, "best": 1}
    progress.started("runs/toy", epochs=4, steps_per_epoch=5, step=10, best=best)
    for step in range(11, 16):
        clock.now += 1
        progress.stepped(SimpleNamespace(step=step), 1.0, 0.1, 8)
    assert progress.seconds_left == 5.0
    assert progress.samples_per_s == 8.0
    progress.evaluated({"step": 15, "epoch": 3.0, "lr": 0.1, "train_loss": 0.5, "best": 0})
    progress.finished("interrupted", next_command="nntrain fit toy.yaml --resume")
    text = console.file.getvalue()
    assert "interrupted: 3 of 4 epochs in 5.0 s" in text
    assert "epoch 1, step 5" in text
    assert "loss 0.2500" in text
    assert text.endswith("next        nntrain fit toy.yaml --resume\n")


def terminal(width):
    return Console(
        file=io.StringIO(),
        width=width,
        height=30,
        force_terminal=True,
        color_system=None,
        markup=False,
        highlight=False,
    )


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_live_display_fits_the_terminal(width, monkeypatch):
    clock, console, seen = Clock(), terminal(width), []
    original = screen.Screen.draw

    def draw(self, phase=""):
        original(self, phase)
        paper = terminal(width)
        paper.print(self._live.renderable)
        seen.append(paper.file.getvalue())

    monkeypatch.setattr(screen.Screen, "draw", draw)
    train(Progress(console=console, live=True, clock=clock), clock)
    assert all(len(line) <= width for text in seen for line in text.splitlines())
    last = seen[-1].splitlines()
    assert sum(bool(re.match(r" +\d+ +\d", line)) for line in last) == 10  # ten epochs, not more
    assert [line.split()[0] for line in last if line.rstrip().endswith("best")] == ["4"]
    assert any("compiling" in text for text in seen)
    assert any("elapsed" in text for text in seen)


def test_the_live_display_draws_ten_times_a_second_at_most(monkeypatch):
    clock, times = Clock(), []
    monkeypatch.setattr(screen.Screen, "draw", lambda self, phase="": times.append(clock.now))
    progress = Progress(console=terminal(80), live=True, clock=clock)
    with progress:
        progress.started("runs/toy", epochs=1, steps_per_epoch=10_000)
        for step in range(1, 10_001):
            clock.now += 0.001
            progress.stepped(SimpleNamespace(step=step), 1.0, 0.1, 32)
    assert 90 <= len(times) <= 101


def test_the_terminal_is_put_right_when_training_fails():
    console = terminal(80)
    progress = Progress(console=console, live=True)
    with pytest.raises(ZeroDivisionError), progress:  # noqa: PT012
        progress.started("runs/toy", epochs=1, steps_per_epoch=1)
        raise ZeroDivisionError
    text = console.file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


def test_colours_forced_into_a_pipe_do_not_bring_the_live_display(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not Progress(console=Console(file=io.StringIO(), force_terminal=True)).live


# Tables and messages


def text_of(renderable, width=1000):
    console = plain_console(width)
    console.print(renderable)
    return console.file.getvalue()


ROWS = [
    LayerRow("input", "", (32,), 0, 0),
    LayerRow("wide [red]one[/red]", "dense", (2048,), 1_234_567, 25_000_000),
    LayerRow("wide.relu", "relu", (2048,), 0, 2048, fused=True),
    LayerRow("last", "dense", (10,), 20_490, 40_960, frozen=True),
]


def test_the_model_table_has_readable_numbers_and_totals():
    text = text_of(summary(ROWS))
    assert "1.23 M" in text
    assert "25.0 M" in text
    assert "(2048,)" in text
    assert "3 layers" in text
    assert "1,255,057 parameters, 4.79 MiB; 1,234,567 of them learn, 20,490 are frozen" in text
    assert "25.0 MFLOP a sample forward" in text
    assert "relu (fused)" in text
    assert "wide [red]one[/red]" in text
    assert "9.58 MiB" in text_of(summary(ROWS, bytes_per_value=8))


def test_the_model_table_is_made_from_a_graph():
    rows = layer_rows(build_graph([Dense(units=8, activation="relu", freeze=True), Dense(units=3)], (4,)))
    assert [(row.name, row.kind, row.output_shape, row.parameters) for row in rows] == [
        ("input", "", (4,), 0),
        ("dense_1", "dense", (8,), 40),
        ("dense_1.relu", "relu", (8,), 0),
        ("dense_2", "dense", (3,), 27),
    ]
    assert [row.frozen for row in rows] == [False, True, False, False]
    assert rows[1].flops >= 2 * 4 * 8


CHECKS = [
    SimpleNamespace(
        component=name,
        tensor="weight",
        checked=25,
        max_abs_error=1e-9,
        max_rel_error=error,
        worst_index="(2, 3)",
        backprop=0.125,
        numeric=0.25,
        status=status,
    )
    for name, error, status in [("dense", 3e-9, "PASS"), ("relu", 2e-7, "KINK"), ("[b]odd", 0.031, "FAIL")]
]


def test_the_gradient_table_says_everything_in_words():
    text = text_of(gradcheck(CHECKS, SimpleNamespace(weights=4810, backward_s=3e-4, numeric_s=1.2)))
    for word in (
        "component",
        "checked",
        "max abs",
        "worst at",
        "3.0e-09",
        "3.1e-02",
        "(2, 3)",
        "0.125",
        "0.25",
        "[b]odd",
    ):
        assert word in text
    assert "3 tensors: 1 PASS, 1 KINK, 1 FAIL" in text
    assert "KINK: the function has a corner" in text
    assert "all 4,810 slopes in 300 µs" in text
    assert "4,000 times as long" in text
    assert "FAIL [b]odd, weight at (2, 3): backprop 0.125, numeric 0.25" in text


@pytest.mark.parametrize("renderable", [summary(ROWS), gradcheck(CHECKS)], ids=["summary", "gradcheck"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_leave_out_columns_rather_than_overflow(renderable, width):
    text = text_of(renderable, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "not shown" not in text_of(renderable)
    if width == 60:
        assert "not shown, as the terminal is narrow" in text


def test_scores_are_shown_with_a_matrix_below():
    text = text_of(scores({"loss": 0.1123, "confusion_matrix": [[50.0, 2.0], [0.0, 7.0]], "accuracy": 0.975}))
    assert text.splitlines()[:2] == ["loss      0.1123", "accuracy  0.9750"]
    assert text.splitlines()[-1].split() == ["1", "0", "7"]
    console = plain_console()
    show_scores(
        {"split": "test", "samples": 1360, "loss": 0.5}, "runs/[b]x/checkpoints/best.safetensors", console
    )
    assert (
        console.file.getvalue()
        == "test split, 1,360 samples, by runs/[b]x/checkpoints/best.safetensors\nloss  0.5000\n"
    )


def test_an_error_is_printed_as_it_is_on_one_line():
    path = "/a/very/long/path" * 20 + "/[bold]config[/bold].yaml"
    console = terminal(40)
    show_error(UserError(f"{path}: no such file\x1b[2J"), console)
    assert console.file.getvalue() == f"error: {path}: no such file\\x1b[2J\n"


def test_an_error_goes_to_stderr(capsys):
    show_error(UserError("first\nsecond"))
    assert capsys.readouterr() == ("", "error: first\nsecond\n")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (words.number(0.45), "0.4500"),
        (words.number(1234.4), "1234"),
        (words.number(0.99996), "1.000"),
        (words.number(1.234e-5), "1.234e-5"),
        (words.number(None), ""),
        (words.number(0.0), "0"),
        (words.number(float("-inf")), "-inf"),
        (words.number(1e7), "1.000e7"),
        (words.short(0.1), "0.1"),
        (words.short(3e-4), "3e-4"),
        (words.short(1e-10), "1e-10"),
        (words.short(0.0), "0"),
        (words.count(640), "640"),
        (words.count(1290), "1,290"),
        (words.count(52_100), "52.1 k"),
        (words.count(999_950), "1.00 M"),
        (words.count(25e6, "FLOP"), "25.0 MFLOP"),
        (words.count(123e6), "123 M"),
        (words.count(12, "FLOP"), "12 FLOP"),
        (words.size(640), "640 B"),
        (words.size(4300), "4.2 KiB"),
        (words.size(1023 * 2**20), "1023 MiB"),
        (words.duration(3.4e-4), "340 µs"),
        (words.duration(0.0042), "4.2 ms"),
        (words.duration(0.124), "0.12 s"),
        (words.duration(59.97), "1 min 00 s"),
        (words.duration(3599.7), "1 h 00 min"),
        (words.duration(90_000), "1 d 01 h"),
        (words.clock(3723), "1:02:03"),
        (words.clock(7.9), "0:07"),
        (words.split_and_score("validation_top_k_accuracy"), ("validation", "top k accuracy")),
        (words.split_and_score("lr"), ("", "lr")),
    ],
)
def test_numbers_are_written_as_a_person_reads_them(call, expected):
    assert call == expected
