"""Progress observer: shows a run on the terminal, and logs it: the model, progress, scores, what to type next."""

import contextlib
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntrain.report.formats import number
from nntrain.report.observer import Observer
from nntrain.report.pictures import registry
from nntrain.report.terminal.console import output
from nntrain.report.terminal.curve import LossCurve
from nntrain.report.terminal.lines import score_line
from nntrain.report.terminal.progress import Progress
from nntrain.report.terminal.tables import show_model
from nntrain.run.folder import TENSORBOARD
from nntrain.run.history import LAST

if TYPE_CHECKING:
    from nntrain.data.dataset import Splits
    from nntrain.run.folder import RunFolder
    from nntrain.run.session import Session
    from nntrain.training.state import TrainingState

IN_NATS = ("cross_entropy", "nll", "binary_cross_entropy")


class ProgressObserver(Observer):
    """Shows a run on the terminal and writes the same lines to its log: the model, progress, scores, what to type next."""

    name = "display of progress"

    def __init__(self, terminal: bool = True, quiet: bool = False, progress: Progress | None = None):
        self.quiet = quiet or not terminal
        silent = None if terminal else output(silent=True)
        self.progress = progress or Progress(quiet=self.quiet, console=silent)
        self._started = False
        self._monitor = ""  # the column of metrics.csv that chooses the best checkpoint
        self._undefined = False  # whether it was NaN, which is warned of once
        self._folder: RunFolder | None = None
        self._compiling = contextlib.ExitStack()

    def warn(self, text: str) -> None:
        self.progress.warn(text)

    def warned(self, text: str) -> None:
        """A warning in the course of training, which the log keeps."""
        if self.progress.log is not None:
            self.progress.log(f"warning: {text}")
        self.warn(text)

    def started(self, session: "Session") -> None:
        setup, trainer, folder, progress = session.setup, session.trainer, session.folder, self.progress
        self._folder = folder
        progress.log = self._log if folder is not None else None
        if not self.quiet:
            show_model(setup.config, setup.graph, progress.console)
        for warning in session.warnings:
            progress.warn(warning)
            if folder is not None:
                self._log(f"warning: {warning}")
        progress.started(
            folder.path.name if folder is not None else setup.config.name or "run",
            folder.path if folder is not None else None,
            epochs=setup.config.train.epochs,
            steps_per_epoch=len(trainer.batches),
            step=trainer.state.step,
            best=trainer.state.best,
            curve=past_curve(session) if progress.live else None,
            facts=(data_line(session.setup.splits), *session.setup.splits.notes, *session.notes),
        )
        self._monitor = setup.monitor.name
        self._started = True

    def _log(self, line: str) -> None:
        """A line of train.log; where it cannot be written, that is warned of once."""
        if self._folder is None:
            return
        try:
            self._folder.append_log(line)
        except OSError as error:
            place, self._folder = self._folder.log, None
            self.warn(f"{place}: cannot be written: {error.strerror}; the run continues without")

    def compiling(self) -> None:
        self._compiling.enter_context(self.progress.compiling())

    def ready(self, session: "Session") -> None:
        self._compiling.close()
        self.progress.ready()

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        self.progress.stepped(state, loss, lr, rows)

    def evaluating(self, state: "TrainingState") -> None:
        self.progress.evaluating(state)

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        self.progress.evaluated(row, best and self._monitor != LAST)
        if math.isnan(row.get(self._monitor, 0.0)) and not self._undefined:
            self._undefined = True
            self.warned(
                f"{self._monitor} is NaN in step {row['step']:,}: NaN is never the best, nor an improvement"
            )

    def ended(self, session: "Session") -> None:
        folder = session.folder
        if session.trainer.state.best is None:
            self.warned(
                f"{self._monitor} was NaN in every evaluation, so that no checkpoint is the best: the scores are those of the last one. "
                "Set another `train.monitor`"
            )
        command = (
            None if folder is None else generate_command(session, folder.path) or eval_command(folder.path)
        )
        files, baseline = files_of(folder), baseline_line(session)
        self.progress.finished(session.status, session.scores, files, command, baseline)
        for finding in session.findings:
            self.warned(finding)

    def interrupted(self, session: "Session", message: str) -> None:
        if self._started:
            self.progress.note(message)
            self.progress.finished(
                "interrupted", None, files_of(session.folder), resume_command(session.folder)
            )

    def closed(self) -> None:
        self.progress.close()


def past_curve(session: "Session") -> LossCurve | None:
    """The losses of a run that is resumed, from its tables."""
    record, step = session.record, session.trainer.state.step
    return LossCurve.of(step, record.step_columns(), record.evaluation_columns()) if step else None


def data_line(splits: "Splits") -> str:
    """ "data: 1,437 for train, 360 for test"."""
    parts = splits.parts()
    return "data: " + ", ".join(f"{len(data):,} for {name}" for name, data in parts.items())


def baseline_line(session: "Session") -> str:
    """ "loss 2.303  accuracy 0.1111  (test, best constant prediction; ln 10 = 2.303)"; empty where there is none."""
    split = next((name for name in ("test", "validation", "train") if name in session.baseline), None)
    if split is None:
        return ""
    classes, loss = len(session.setup.splits.train.classes), session.setup.config.loss
    # The loss of equal probabilities, where the loss is measured in nats.
    uniform = (
        f"; ln {classes:,} = {number(math.log(classes))}" if classes and loss.yaml_name in IN_NATS else ""
    )
    return f"{score_line(session.baseline[split])}  ({split}, best constant prediction{uniform})"


def files_of(folder: "RunFolder | None") -> dict[str, str]:
    """The files of a run that people look for, by label: pictures, the checkpoint."""
    if folder is None:
        return {}
    files = {name: str(path) for name, path in registry.drawn_in(folder.path).items()}
    if (events := folder.path / TENSORBOARD).is_dir():
        files["tensorboard"] = str(events)
    return {**files, "checkpoint": str(folder.best)} if folder.best.is_file() else files


def eval_command(run: Path) -> str:
    return shlex.join(["nntrain", "eval", str(run)])


def generate_command(session: "Session", run: Path) -> str | None:
    """The command that generates text with a network of text; None for any other network."""
    from nntrain.data.sequences.tokens import first_word

    train = session.setup.splits.train
    if not train.unit or not (prompt := first_word(train)):
        return None
    return shlex.join(["nntrain", "predict", str(run), "--prompt", prompt])


def resume_command(folder: "RunFolder | None") -> str | None:
    """The command that resumes the run from any folder; None where there is no folder, or not a run any more."""
    if folder is None or not (folder.info.is_file() and folder.config.is_file()):
        return None
    plugins = folder.read_info().get("plugins", [])
    options = [word for plugin in plugins for word in ("--plugin", plugin["path"])]
    return shlex.join(["nntrain", "fit", str(folder.path.resolve()), *options, "--resume"])
