"""Observer: the base of what watches a run. Several are called in their order, and none can harm the run."""

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntrain.run.session import Session
    from nntrain.training.state import TrainingState


class Observer:
    """A `run.session.SessionObserver` that does nothing."""

    name = "observer"  # what warnings call it

    def started(self, session: "Session") -> None:
        """The run folder is open; nothing is compiled yet."""

    def compiling(self) -> None:
        """The kernels are loaded or compiled until `ready`."""

    def ready(self, session: "Session") -> None:
        """The kernels are loaded; the first step follows."""

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        """A step on `rows` samples with that mean loss is done. Called often: it must not take more than a microsecond."""

    def evaluating(self, state: "TrainingState") -> None:
        """The splits are about to be scored."""

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        """A row of metrics.csv, and whether it is the best so far."""

    def warned(self, message: str) -> None:
        """Training continues, but not as intended."""

    def ended(self, session: "Session") -> None:
        """The run is finished or stopped early, and has its scores."""

    def interrupted(self, session: "Session", message: str) -> None:
        """The run was asked to stop, and can be resumed."""

    def closed(self) -> None:
        """The last call, also after an error."""


class Guarded(Observer):
    """An observer that cannot harm the run: where it fails, that is a warning, and it is not called again."""

    def __init__(self, observer: Observer, warn: Callable[[str], None]):
        self._observer, self._warn = observer, warn

    def started(self, session: "Session") -> None:
        self._call(self._observer.started, session)

    def compiling(self) -> None:
        self._call(self._observer.compiling)

    def ready(self, session: "Session") -> None:
        self._call(self._observer.ready, session)

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        try:
            self._observer.stepped(state, loss, lr, rows)
        except Exception as error:
            self._failed(error)

    def evaluating(self, state: "TrainingState") -> None:
        self._call(self._observer.evaluating, state)

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        self._call(self._observer.evaluated, row, best)

    def warned(self, message: str) -> None:
        self._call(self._observer.warned, message)

    def ended(self, session: "Session") -> None:
        self._call(self._observer.ended, session)

    def interrupted(self, session: "Session", message: str) -> None:
        self._call(self._observer.interrupted, session, message)

    def closed(self) -> None:
        self._call(self._observer.closed)

    def _call(self, method: Callable[..., None], *arguments: Any) -> None:
        try:
            method(*arguments)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        observer, self._observer = self._observer, Observer()
        with contextlib.suppress(Exception):
            observer.closed()
        with contextlib.suppress(Exception):
            self._warn(
                f"the {observer.name} failed; the run continues without: {type(error).__name__}: {error}"
            )


class Observers(Observer):
    """Several observers as one, called in their order, each of them guarded."""

    def __init__(self, observers: Iterable[Observer], warn: Callable[[str], None]):
        self.observers = tuple(Guarded(observer, warn) for observer in observers)
        self._stepped = tuple(observer.stepped for observer in self.observers)

    def started(self, session: "Session") -> None:
        for observer in self.observers:
            observer.started(session)

    def compiling(self) -> None:
        for observer in self.observers:
            observer.compiling()

    def ready(self, session: "Session") -> None:
        for observer in self.observers:
            observer.ready(session)

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        for stepped in self._stepped:
            stepped(state, loss, lr, rows)

    def evaluating(self, state: "TrainingState") -> None:
        for observer in self.observers:
            observer.evaluating(state)

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        for observer in self.observers:
            observer.evaluated(row, best)

    def warned(self, message: str) -> None:
        for observer in self.observers:
            observer.warned(message)

    def ended(self, session: "Session") -> None:
        for observer in self.observers:
            observer.ended(session)

    def interrupted(self, session: "Session", message: str) -> None:
        for observer in self.observers:
            observer.interrupted(session, message)

    def closed(self) -> None:
        for observer in reversed(self.observers):
            observer.closed()
