"""The progress of a training, on a terminal and elsewhere."""

import io
import re
from contextlib import closing
from types import SimpleNamespace

import pytest
from rich.console import Console

from nntrain.report.terminal import screen
from nntrain.report.terminal.progress import Progress

FILES = {"loss": "runs/toy/loss.png"}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def plain_console(width=1000):
    return Console(file=io.StringIO(), width=width, markup=False, highlight=False)


def train(progress, clock, folder="runs/toy", epochs=12, steps=5, best_at=3, every=1.0):
    """A training of `epochs` epochs of `steps` steps of 0.1 s on 32 samples, with 2 s of compiling and 0.5 s of scoring."""
    state = SimpleNamespace(step=0)
    with closing(progress):
        progress.started("toy", folder, epochs=epochs, steps_per_epoch=steps)
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
        progress.finished("finished", None, FILES, "nntrain eval runs/toy")
    return progress


def shown(quiet=False, **options):
    """What a training prints without a terminal, and what it logs."""
    clock, console, log = Clock(), plain_console(), []
    train(Progress(log.append, quiet, console, clock=clock), clock, **options)
    return console.file.getvalue(), log


def test_without_a_terminal_there_is_a_plain_line_per_epoch(wording):
    text, log = shown()
    lines = [line for line in text.splitlines() if line.startswith("epoch")]
    assert len(lines) == 12
    assert "\x1b" not in text
    assert "\r" not in text
    wording(text)
    assert len({line.index("accuracy") for line in lines[:3]}) == 1
    assert "NaN" in lines[2]
    assert [line.endswith("best") for line in lines] == [True] * 4 + [False] * 8
    assert text.splitlines() == log


def test_quiet_prints_the_final_lines_only_and_logs_all():
    loud, log = shown()
    quiet, quiet_log = shown(quiet=True)
    assert quiet_log == log
    assert quiet == loud[loud.index("finished:") :]


def test_compiling_is_shown_once_and_excluded_from_all_times():
    text, _ = shown()
    assert text.count("ready in 2.0 s") == 1
    assert "1.0 s  best" in text.splitlines()[2]
    final = next(line for line in text.splitlines() if line.startswith("finished: "))
    assert "12 epochs in 12.0 s" in final
    assert "2.0 s for compiling" in final


def test_evaluations_within_epochs_have_decimals():
    lines = [line for line in shown(epochs=2, steps=4, every=0.5)[0].splitlines() if line.startswith("epoch")]
    assert [line.split("  ")[0] for line in lines] == [
        "epoch 0.50/2",
        "epoch 1.00/2",
        "epoch 1.50/2",
        "epoch 2.00/2",
    ]


def test_the_final_lines_name_files_and_the_next_command():
    text, _ = shown()
    final = text[text.index("finished:") :].splitlines()
    assert [line.split()[0] for line in final[1:]] == ["best", "train", "validation", "run", "loss", "next"]
    assert "epoch 4, step 20" in final[1]
    assert FILES["loss"] in final[-2]
    assert final[-1].endswith("nntrain eval runs/toy")


def test_a_long_label_of_the_final_lines_is_apart_from_its_text():
    console = plain_console()
    progress = Progress(console=console)
    progress.started("toy", "runs/toy", epochs=1, steps_per_epoch=1)
    progress.finished(files={"a_picture_of_layers": "runs/toy/x.png", "loss": "runs/toy/loss.png"})
    final = console.file.getvalue().splitlines()[-2:]
    assert [line.split() for line in final] == [
        ["a_picture_of_layers", "runs/toy/x.png"],
        ["loss", "runs/toy/loss.png"],
    ]
    assert final[0].index("runs") == final[1].index("runs")


def test_progress_goes_to_stderr_and_the_final_lines_to_stdout(capsys):
    clock = Clock()
    train(Progress(clock=clock), clock)
    out, err = capsys.readouterr()
    assert out.startswith("finished: ")
    assert "epoch  1/12" in err
    train(Progress(quiet=True, clock=clock), clock)
    assert capsys.readouterr() == (out, "")


def test_a_resumed_run_keeps_its_best_and_counts_its_own_time():
    clock, console = Clock(), plain_console()
    progress = Progress(console=console, clock=clock)
    best = {"step": 5, "epoch": 1.0, "lr": 0.1, "train_loss": 0.25, "best": 1}
    progress.started("toy", "runs/toy", epochs=4, steps_per_epoch=5, step=10, best=best)
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
    with closing(progress):
        progress.started("toy", "runs/toy", epochs=1, steps_per_epoch=10_000)
        for step in range(1, 10_001):
            clock.now += 0.001
            progress.stepped(SimpleNamespace(step=step), 1.0, 0.1, 32)
    assert 90 <= len(times) <= 101


def test_the_terminal_is_restored_when_training_fails():
    console = terminal(80)
    progress = Progress(console=console, live=True)
    with pytest.raises(ZeroDivisionError), closing(progress):  # noqa: PT012
        progress.started("toy", "runs/toy", epochs=1, steps_per_epoch=1)
        raise ZeroDivisionError
    text = console.file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


def test_colours_forced_into_a_pipe_do_not_enable_the_live_display(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not Progress(console=Console(file=io.StringIO(), force_terminal=True)).live
