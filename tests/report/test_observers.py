"""The observers of a run: pictures drawn at their moments, and progress on the terminal and in the log."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from nntrain.config import load
from nntrain.report.observer import Observer, Observers
from nntrain.report.observers import PictureObserver, RunDisplay
from nntrain.report.pictures import registry
from nntrain.report.pictures.picture import Picture, registered
from nntrain.report.pictures.process import DrawingProcess
from nntrain.report.progress_observer import ProgressObserver
from nntrain.report.terminal.progress import Progress
from nntrain.run.folder import RunFolder
from nntrain.training.setup import prepare
from tests.conftest import MOONS
from tests.support.run_tables import write_run


class Fake(Picture, name="fake"):
    """A picture that records its calls."""

    title = "A fake."
    moment = "end"

    def __init__(self):
        self.calls = []

    def applies(self, subject):
        self.calls.append("applies")
        return True

    def collect(self, subject):
        self.calls.append("collect")
        return {"values": np.arange(3)}

    def figure(self, drawn):
        raise AssertionError("only a separate process draws")


registered.pop("fake")  # other tests list all pictures


@pytest.fixture
def session(shell, pictures, tmp_path):
    config, _ = load(shell.write(MOONS))
    setup = prepare(config, shell.folder)
    folder = RunFolder(write_run(tmp_path / "run"))
    folder.config.write_text(MOONS)
    folder.write_info(
        config=str(shell.folder / "config.yaml"), overrides=["seed=1"], plugins=[{"path": "p.py"}]
    )
    trainer = SimpleNamespace(
        state=SimpleNamespace(step=0, best=None), batches=setup.batches(), config=config
    )
    return SimpleNamespace(
        setup=setup,
        trainer=trainer,
        folder=folder,
        notes=["a note"],
        warnings=["first warning"],
        findings=["learned nothing"],
        baseline={"test": {"loss": 0.7}},
        best_network=lambda: setup.network(32, backward=False),
        status="finished",
        scores={"test": {"loss": 0.5}},
        error=None,
    )


@pytest.fixture
def started(monkeypatch):
    """The names of the pictures whose processes were started; none really starts."""
    names = []
    monkeypatch.setattr(DrawingProcess, "_start", lambda self: names.extend(self.pictures))
    return names


def only(monkeypatch, **pictures):
    monkeypatch.setattr(registry, "pictures", lambda: pictures)


@pytest.mark.parametrize("moment", ["start", "end", "during"])
def test_pictures_are_collected_and_drawn_at_their_moment(monkeypatch, session, started, moment):
    fake = Fake()
    fake.moment = moment
    only(monkeypatch, fake=fake)
    observer = PictureObserver()
    observer.started(session)
    assert fake.calls == []
    observer.ready(session)
    assert started == (["fake"] if moment == "start" else [])
    assert fake.calls == ([] if moment == "end" else ["applies", "collect"])
    observer.ended(session)
    observer.closed()
    assert started == ["fake"]
    assert fake.calls == ["applies", "collect"]
    with np.load(session.folder.path / "plots/fake.npz") as arrays:
        assert arrays["values"].tolist() == [0, 1, 2]


def test_pictures_of_training_are_redrawn_when_a_run_is_interrupted(monkeypatch, session, started):
    observer = PictureObserver()
    observer.ready(session)
    observer.interrupted(session, "interrupted")
    assert started == ["loss"]


def test_a_picture_that_cannot_be_collected_or_drawn_is_a_warning(monkeypatch, session):
    broken, good = Fake(), Fake()
    broken.collect = lambda subject: 1 / 0
    only(monkeypatch, broken=broken, fake=good)
    shown = []
    observer = PictureObserver(shown.append)
    observer.ready(session)
    observer.ended(session)  # the process of `fake` fails: its registry does not have it
    observer.closed()
    assert len(shown) == 2
    assert all("'fake'" in text for text in shown)
    assert session.warnings == ["first warning", *shown]
    assert session.folder.log.read_text().count("warning: ") == 2


def test_a_process_that_cannot_be_started_is_a_warning(monkeypatch, session):
    def refuse(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("subprocess.Popen", refuse)
    shown = []
    observer = PictureObserver(shown.append)
    observer.ready(session)
    observer.ended(session)
    assert shown
    assert all("Cannot allocate memory" in text for text in shown)


def run_through(observer, session):
    observer.started(session)
    observer.compiling()
    observer.ready(session)
    state = SimpleNamespace(step=5)
    observer.stepped(state, 1.0, 0.1, 20)
    observer.evaluating(state)
    observer.evaluated({"step": 5, "epoch": 1.0, "lr": 0.1, "train_loss": 1.0, "best": 1}, True)


def progress_of(quiet=False):
    errors, results = (Console(file=io.StringIO(), width=200, markup=False) for _ in range(2))
    progress = Progress(quiet=quiet, console=errors, results=results)
    return ProgressObserver(quiet=quiet, progress=progress), errors, results


@pytest.mark.parametrize("quiet", [False, True])
def test_a_run_is_shown_and_logged(session, quiet):
    observer, errors, results = progress_of(quiet)
    run_through(observer, session)
    (session.folder.path / "loss.png").touch()
    observer.ended(session)
    observer.closed()
    progress, final = errors.file.getvalue(), results.file.getvalue()
    assert ("dense_1" in progress, "a note" in progress, "epoch 1/4" in progress) == (not quiet,) * 3
    assert "warning: first warning" in progress
    assert final.startswith("finished: 1 of 4 epochs")
    assert str(session.folder.path / "loss.png") in final
    assert final.splitlines()[-1].endswith(f"nntrain eval {session.folder.path}")
    log = session.folder.log.read_text()
    assert log.startswith("warning: first warning\n")
    assert log.endswith(f"{final}warning: learned nothing\n")
    assert "warning: learned nothing" in progress
    assert "baseline    loss 0.7000" in final


def test_a_run_in_memory_has_progress_and_no_pictures(session, capsys, started):
    session.folder = None
    for terminal in (True, False):
        display = RunDisplay(terminal=terminal)
        run_through(display, session)
        display.ended(session)
        display.closed()
        out, err = capsys.readouterr()
        assert bool(out) == bool(err) == terminal
        assert "nntrain eval" not in out
    assert started == []


def test_without_a_terminal_the_log_is_the_same(session, capsys, started):
    for terminal in (True, False):
        display = RunDisplay(terminal=terminal)
        run_through(display, session)
        display.interrupted(session, "interrupted at step 5")
        display.closed()
    out, _ = capsys.readouterr()
    assert out.count("interrupted: ") == 1
    lines = session.folder.log.read_text().splitlines()
    half = len(lines) // 2
    assert [line.split()[0] for line in lines[:half]] == [line.split()[0] for line in lines[half:]]


def test_an_interrupted_run_names_the_command_that_resumes_it(session):
    observer, errors, results = progress_of()
    run_through(observer, session)
    observer.interrupted(session, "interrupted at step 5")
    assert "interrupted at step 5" in errors.file.getvalue()
    assert results.file.getvalue().splitlines()[-1].split(maxsplit=1)[1] == (
        f"nntrain fit {session.folder.path} --plugin p.py --resume"
    )
    session.folder.config.unlink()
    observer.interrupted(session, "interrupted at step 5")
    assert "--resume" not in results.file.getvalue().splitlines()[-1]


class Recorder(Observer):
    def __init__(self, name, calls, fails=None):
        self.name, self.calls, self.fails = name, calls, fails

    def called(self, method):
        self.calls.append(f"{self.name} {method}")
        if method == self.fails:
            raise ZeroDivisionError("oops")

    def stepped(self, *_):
        self.called("stepped")

    def ended(self, *_):
        self.called("ended")

    def closed(self):
        self.called("closed")


def test_observers_are_called_in_order(session):
    calls, warnings = [], []
    observers = Observers([Recorder("a", calls), Recorder("b", calls)], warnings.append)
    run_through(observers, session)
    observers.ended(session)
    observers.closed()
    assert calls == ["a stepped", "b stepped", "a ended", "b ended", "b closed", "a closed"]
    assert warnings == []


def test_an_observer_that_fails_is_a_warning_and_is_not_called_again(session, wording):
    calls, warnings = [], []
    observers = Observers([Recorder("first", calls, fails="stepped"), Recorder("b", calls)], warnings.append)
    run_through(observers, session)
    observers.ended(session)
    observers.closed()
    assert calls == ["first stepped", "first closed", "b stepped", "b ended", "b closed"]
    assert len(warnings) == 1
    assert "oops" in warnings[0]
    wording(warnings[0])
