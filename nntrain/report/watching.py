"""Watching: all that a person sees of a training: the progress, the log, the pictures, and the scores at the end."""

import shlex

from nntrain.data.sequences.tokens import first_word
from nntrain.inference.evaluate import evaluate
from nntrain.inference.feed import Feeds
from nntrain.report.pictures.drawing import Drawing
from nntrain.report.pictures.examples import augmented_examples
from nntrain.report.pictures.found_filters import first_filters
from nntrain.report.pictures.learned import draw_learned
from nntrain.report.terminal.errors import show_warning
from nntrain.report.terminal.progress import Progress
from nntrain.report.terminal.tables import show_model
from nntrain.training.loop import Trainer

LOOK_EVERY = 256  # steps between two looks at the clock, whether the picture is due


class Watching:
    """A `training.loop.Watcher` that passes on what it sees."""

    def __init__(self, trainer: Trainer, quiet: bool):
        self.trainer = trainer
        self.folder = trainer.folder
        self.quiet = quiet
        self.progress = Progress(self.folder.append_log, quiet)
        self.drawing = Drawing(self.folder.path)
        self.augmented = Drawing(self.folder.path, "augmented")
        self.filters = Drawing(self.folder.path, "filters")

    def __enter__(self) -> "Watching":
        """Shows the model and what is about to happen."""
        trainer, config = self.trainer, self.trainer.config
        if not self.quiet:
            show_model(trainer.setup.graph, config.train.precision)
        warnings = [
            f"schedule: {warning}"
            for warning in config.schedule.warnings(len(trainer.batches), config.train.epochs)
        ]
        for warning in [*warnings, *trainer.setup.warnings]:
            show_warning(f"{warning}.")
            self.folder.append_log(f"warning: {warning}.")
        state = trainer.state
        self.progress.__enter__()
        self.progress.started(
            self.folder.path,
            epochs=config.train.epochs,
            steps_per_epoch=len(trainer.batches),
            step=state.step,
            best=state.best,
            facts=(self._data_line(), *trainer.notes),
        )
        return self

    def __exit__(self, *error) -> None:
        self.progress.__exit__(*error)

    def warm_up(self) -> None:
        """Loads the kernels before any clock runs."""
        with self.progress.compiling():
            self.trainer.warm_up()
            if self.trainer.config.data.augment:
                self.folder.write_augmented(augmented_examples(self.trainer.setup))
                self.augmented.draw_last()

    def stepped(self, state, loss, lr, rows) -> None:
        self.progress.stepped(state, loss, lr, rows)
        if state.step % LOOK_EVERY == 0:
            self.drawing.refresh()

    def evaluating(self, state) -> None:
        self.progress.evaluating(state)

    def evaluated(self, row, best) -> None:
        self.progress.evaluated(row, best)
        self.drawing.refresh()

    def interrupted(self, message: str) -> None:
        """Says how to go on, by a command that does so from any folder."""
        seconds = self.progress.seconds
        if self.folder.metrics.exists():
            self.drawing.draw_last()
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

    def finished(self) -> None:
        """Draws once more, scores the best checkpoint on every split, and says where everything is."""
        trainer, seconds = self.trainer, self.progress.seconds
        self.drawing.draw_last()
        network = trainer.best_network()
        filters = first_filters(trainer.setup, network)
        if filters is not None:
            self.folder.write_filters(filters)
            self.filters.draw_last()
        picture = draw_learned(self.folder.path, trainer.setup, network)
        if picture is not None:
            self.progress.note(f"what it learned: {picture}")
        scores = {
            name: evaluate(Feeds(network, data), data, trainer.config.loss, trainer.config.metrics)
            for name, data in trainer.setup.splits.parts().items()
        }
        self.folder.write_info(scores=scores)
        self._finish_drawing()
        status = "stopped early" if trainer.state.stopped_early else "finished"
        self.progress.finished(status, scores, self._going_on_with_text(), seconds)

    def _going_on_with_text(self) -> str | None:
        """The command that lets a network of text write; None for any other."""
        train = self.trainer.setup.splits.train
        if not train.unit or not (prompt := first_word(train)):
            return None
        return shlex.join(["nntrain", "predict", str(self.folder.path), "--prompt", prompt])

    def _finish_drawing(self) -> None:
        for drawing, what in (
            (self.drawing, "the loss"),
            (self.augmented, "augmented images"),
            (self.filters, "filters"),
        ):
            drawing.finish()
            if drawing.error:
                show_warning(f"{what} could not be drawn: {drawing.error}")

    def _data_line(self) -> str:
        parts = self.trainer.setup.splits.parts()
        return "data: " + ", ".join(f"{len(data):,} for {name}" for name, data in parts.items())
