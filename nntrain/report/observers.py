"""Observers: what follows a run from outside: its pictures and, on the terminal, its progress. They never steer it."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nntrain.report.observer import Observer, Observers
from nntrain.report.pictures import registry
from nntrain.report.pictures.picture import Moment
from nntrain.report.pictures.process import DrawingProcess
from nntrain.report.pictures.subject import Subject
from nntrain.report.progress_observer import ProgressObserver
from nntrain.report.tensorboard import TensorBoardObserver
from nntrain.run.history import has_tables

if TYPE_CHECKING:
    from nntrain.run.folder import RunFolder
    from nntrain.run.session import Session
    from nntrain.training.state import TrainingState

CHECK_EVERY = 256  # steps between two checks whether a picture is due


class RunDisplay(Observers):
    """What people see of a run: pictures and a log in its folder, and progress on the terminal.

    `quiet` prints the final lines and warnings only; without `terminal`, nothing is printed. `tensorboard` writes for TensorBoard too.
    """

    def __init__(self, terminal: bool = True, quiet: bool = False, tensorboard: bool = False):
        progress = ProgressObserver(terminal, quiet)
        # Pictures first: at the end TensorBoard gets those that there are, and the terminal lists them.
        written = [TensorBoardObserver()] if tensorboard else []
        super().__init__([PictureObserver(progress.warn), *written, progress], progress.warn)


class PictureObserver(Observer):
    """Draws the pictures of a run in separate processes. A picture that fails is a warning that names it."""

    name = "drawing of pictures"

    def __init__(self, warn: Callable[[str], None] | None = None):
        """`warn` shows a warning; without it, warnings only go to the session and its log."""
        self._warn = warn
        self._session: Session | None = None
        self._folder: RunFolder | None = None
        self._processes: list[DrawingProcess] = []
        self._during: list[DrawingProcess] = []  # redrawn as training goes on
        self._spare: DrawingProcess | None = None  # prepared for the end of a short run
        self._long_at = math.inf  # when the run is no longer a short one

    def ready(self, session: "Session") -> None:
        self._session, self._folder = session, session.folder
        self._make("start", session)
        self._during = self._collected("during", session)
        if self._folder is not None:
            self._spare = DrawingProcess(self._folder.path, ())
            for process in (*self._during, self._spare):
                process.prepare()
            self._long_at = time.monotonic() + DrawingProcess.FIRST_S

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        if state.step % CHECK_EVERY == 0:
            self._refresh()

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        self._refresh()

    def ended(self, session: "Session") -> None:
        for process in self._during:
            process.start()
        self._make("end", session)
        self._finish()

    def interrupted(self, session: "Session", message: str) -> None:
        if isinstance(session.error, KeyboardInterrupt):  # at once, without waiting for anything
            return
        self._draw_tables()
        self._finish()

    def closed(self) -> None:
        from nntrain.training.diagnosis import Diverged

        error = self._session.error if self._session is not None else None
        if isinstance(error, KeyboardInterrupt):
            for process in self._all():
                process.stop()
        elif isinstance(error, Diverged):  # its curve shows how
            self._draw_tables()
        self._finish()

    def _draw_tables(self) -> None:
        """Draws what the tables hold, for a run that does not reach its end."""
        if self._folder is not None and has_tables(self._folder.path):
            for process in self._during:
                process.start()

    def _refresh(self) -> None:
        for process in self._during:
            process.refresh()
        if self._spare is not None and time.monotonic() > self._long_at:  # which may have hours to go
            self._spare.stop()
            self._spare = None

    def _make(self, moment: Moment, session: "Session") -> None:
        """Collects and starts to draw the pictures of a moment."""
        for process in self._collected(moment, session):
            if moment == "end" and self._spare is not None:
                self._spare.pictures = process.pictures
                process, self._spare = self._spare, None
            self._processes.append(process)
            process.start()

    def _collected(self, moment: Moment, session: "Session") -> list[DrawingProcess]:
        """One process for the pictures of a moment that apply to the run, if any; their arrays are in the run folder."""
        folder = self._folder
        if folder is None:  # a run in memory
            return []
        subject = Subject(folder.path.name, lambda: session.setup, session.best_network, folder.path)
        names = []
        for picture in registry.pictures().values():
            if picture.moment != moment:
                continue
            try:
                if not picture.applies(subject):
                    continue
                arrays = picture.collect(subject)
                if arrays is not None:
                    folder.write_arrays(picture.stored, arrays)
            except Exception as error:
                self._failed(picture.name, str(error) or type(error).__name__)
            else:
                names.append(picture.name)
        return [DrawingProcess(folder.path, names)] if names else []

    def _finish(self) -> None:
        """Waits for the running processes, warns of those that failed, and ends those that are only prepared."""
        if self._spare is not None:
            self._spare.stop()
            self._spare = None
        for process in self._all():
            process.finish()
            for picture, reason in process.errors.items():
                self._failed(picture, reason)
            process.errors = {}
            process.stop()

    def _all(self) -> list[DrawingProcess]:
        return [*self._during, *self._processes]

    def _failed(self, name: str, reason: str) -> None:
        text = f"cannot draw the picture {name!r}: {reason}"
        if self._session is not None:
            self._session.warnings.append(text)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # a full disk may be why the picture failed
                self._folder.append_log(f"warning: {text}")
        if self._warn is not None:
            self._warn(text)
