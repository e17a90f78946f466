"""Group pictures: loss.png of each run of a cross-validation or a sweep, and the pictures of the whole."""

from collections.abc import Iterable
from pathlib import Path

from nntrain.report.pictures.process import DrawingProcess
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.search.group import draw_group

LOSS = "loss"


class GroupPictures:
    """Draws the losses of runs as they end, by one other process at a time, while the next runs train."""

    def __init__(self) -> None:
        self.errors: dict[Path, str] = {}  # by run folder
        self._waiting: list[Path] = []
        self._drawing: DrawingProcess | None = None

    def add(self, run: Path) -> None:
        """A run that has ended."""
        self._waiting.append(run)
        if self._drawing is not None and not self._drawing.running:
            self._end()
        if self._drawing is None:
            self._drawing = DrawingProcess(self._waiting.pop(0), (LOSS,))
            self._drawing.start()

    def finish(self, group: Path, runs: Iterable[Path]) -> list[str]:
        """Draws what is missing of `runs`, and the pictures of the folder that holds them. Returns warnings."""
        self._end()
        try:
            list(draw_group(group))
            warnings = []
        except Exception as error:
            warnings = [f"{group}: cannot draw its pictures: {error}"]
        loss = pictures()[LOSS]
        for run in runs:
            if run in self.errors or all((run / file).is_file() for file in loss.files):
                continue
            try:
                loss.draw_stored(run)  # here, where matplotlib is loaded now
            except Exception as error:
                self.errors[run] = str(error) or type(error).__name__
        return [*warnings, *(f"{run}: cannot draw its loss: {reason}" for run, reason in self.errors.items())]

    def stop(self) -> None:
        """Ends a drawing that nobody waits for."""
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing = None

    def _end(self) -> None:
        if self._drawing is not None:
            self._drawing.finish()
            if self._drawing.errors:
                self.errors[self._drawing.folder] = self._drawing.errors[LOSS]
            self._drawing = None
