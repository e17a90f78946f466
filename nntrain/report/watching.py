"""Watching: all that a person sees of a training: the progress, the log, the pictures, and the scores at the end."""

import shlex

from nntrain.data.sequences.tokens import first_word
from nntrain.report.pictures.drawing import Drawing
from nntrain.report.pictures.examples import augmented_examples
from nntrain.report.pictures.found_filters import first_filters
from nntrain.report.pictures.learned import draw_learned
from nntrain.report.terminal.errors import show_warning
from nntrain.report.terminal.progress import Progress
from nntrain.report.terminal.tables import show_model
from nntrain.run.session import Session

LOOK_EVERY = 256  # steps between two looks at the clock, whether the picture is due


def observers(session: Session, terminal: bool = True, quiet: bool = False):
    return Watching(session, quiet or not terminal)


class Watching:
    def __init__(self, session: Session, quiet: bool):
        self.session = session
        self.folder = session.folder
        self.quiet = quiet
        self.progress = Progress(self.folder.append_log if self.folder else None, quiet)
        self.drawings = {}
        if self.folder:
            self.drawings = {
                name: Drawing(self.folder.path, name) for name in ("loss", "augmented", "filters")
            }

    def started(self, session):
        trainer, config = session.trainer, session.setup.config
        if not self.quiet:
            show_model(session.setup.graph, config.train.precision)
        for warning in session.warnings:
            show_warning(warning)
            if self.folder:
                self.folder.append_log(f"warning: {warning}")
        state = trainer.state
        self.progress.__enter__()
        self.progress.started(
            self.folder.path if self.folder else "memory",
            epochs=config.train.epochs,
            steps_per_epoch=len(trainer.batches),
            step=state.step,
            best=state.best,
            facts=(self._data_line(), *session.notes),
        )

    def compiling(self):
        return self.progress.compiling()

    def ready(self, session):
        if session.setup.config.data.augment and self.folder:
            self.folder.write_arrays("augmented", augmented_examples(session.setup))
            self.drawings["augmented"].draw_last()

    def stepped(self, state, loss, lr, rows):
        self.progress.stepped(state, loss, lr, rows)
        if state.step % LOOK_EVERY == 0 and self.folder:
            self.drawings["loss"].refresh()

    def evaluating(self, state):
        self.progress.evaluating(state)

    def evaluated(self, row, best):
        self.progress.evaluated(row, best)
        if self.folder:
            self.drawings["loss"].refresh()

    def interrupted(self, session, message):
        seconds = self.progress.seconds
        if self.folder and self.folder.metrics.exists():
            self.drawings["loss"].draw_last()
        self._finish_drawing()
        info, folder = self.folder.read_info(), self.folder.path.resolve()
        options = [("--set", override) for override in info["overrides"]]
        options += [("--plugin", plugin["path"]) for plugin in info.get("plugins", [])]
        command = [
            "nntrain",
            "fit",
            info["config"],
            *(word for option in options for word in option),
            "--runs-dir",
            str(folder.parent),
            f"--name={folder.name}",
            "--resume",
        ]
        self.progress.note(message)
        self.progress.finished("interrupted", next_command=shlex.join(command), seconds=seconds)

    def ended(self, session):
        seconds = self.progress.seconds
        if self.folder:
            self.drawings["loss"].draw_last()
            network = session.best_network()
            filters = first_filters(session.setup, network)
            if filters is not None:
                self.folder.write_arrays("filters", filters)
                self.drawings["filters"].draw_last()
            picture = draw_learned(self.folder.path, session.setup, network)
            if picture is not None:
                self.progress.note(f"what it learned: {picture}")
        self._finish_drawing()
        self.progress.finished(session.status, session.scores, self._continuing_text(), seconds)

    def closed(self):
        self.progress.__exit__(None, None, None)

    def _continuing_text(self) -> str | None:
        train = self.session.setup.splits.train
        if not self.folder or not train.unit or not (prompt := first_word(train)):
            return None
        return shlex.join(["nntrain", "predict", str(self.folder.path), "--prompt", prompt])

    def _finish_drawing(self) -> None:
        for name, drawing in self.drawings.items():
            drawing.finish()
            if drawing.error:
                show_warning(f"{name} could not be drawn: {drawing.error}")

    def _data_line(self) -> str:
        parts = self.session.setup.splits.parts()
        return "data: " + ", ".join(f"{len(data):,} for {name}" for name, data in parts.items())
