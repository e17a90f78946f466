"""Observers: what follows a run from outside: its pictures and, on the terminal, its progress. They never steer it."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nntrain.report.observer import Observer, Observers
from nntrain.report.pictures import process, registry
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
        self._first: DrawingProcess | None = None  # of the pictures that are drawn once, before training
        self._others: DrawingProcess | None = (
            None  # of those redrawn as training goes on, and in the end of all others
        )

    def ready(self, session: "Session") -> None:
        self._session, self._folder = session, session.folder
        if self._folder is None:  # a run in memory
            return
        self._first = DrawingProcess(self._folder.path, self._collected("start", session))
        self._first.start()
        self._others = DrawingProcess(self._folder.path, self._collected("during", session))
        process.prepare()

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        if state.step % CHECK_EVERY == 0:
            self._refresh()

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        self._refresh()

    def ended(self, session: "Session") -> None:
        if self._others is not None:
            self._others.finish()
            self._others.pictures += self._collected("end", session)
            self._others.start()
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
            for drawing in self._all():
                drawing.stop()
        elif isinstance(error, Diverged):  # its curve shows how
            self._draw_tables()
        self._finish()

    def _draw_tables(self) -> None:
        """Draws what the tables hold, for a run that does not reach its end."""
        if self._folder is not None and self._others is not None and has_tables(self._folder.path):
            self._others.start()

    def _refresh(self) -> None:
        if self._others is not None:
            self._others.refresh()

    def _collected(self, moment: Moment, session: "Session") -> tuple[str, ...]:
        """The names of a moment's pictures that apply to the run; their arrays are in the run folder."""
        folder = session.folder
        assert folder is not None  # see `ready`
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
        return tuple(names)

    def _finish(self) -> None:
        """Waits for the running processes, warns of those that failed, and ends the one that is only prepared."""
        for drawing in self._all():
            drawing.finish()
            for picture, reason in drawing.errors.items():
                self._failed(picture, reason)
            drawing.errors = {}
        process.discard()

    def _all(self) -> list[DrawingProcess]:
        return [drawing for drawing in (self._first, self._others) if drawing is not None]

    def _failed(self, name: str, reason: str) -> None:
        text = f"cannot draw the picture {name!r}: {reason}"
        if self._session is not None:
            self._session.warnings.append(text)
        if self._folder is not None:
            with contextlib.suppress(OSError):  # a full disk may be why the picture failed
                self._folder.append_log(f"warning: {text}")
        if self._warn is not None:
            self._warn(text)
