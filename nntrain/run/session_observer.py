"""What a session reports as a run goes on: the pictures and the terminal follow it."""

from typing import TYPE_CHECKING, Protocol

from nntrain.training.record import Observer

if TYPE_CHECKING:
    from nntrain.run.session import Session


class SessionObserver(Observer, Protocol):
    """Watches a run from its start to its end, in the order of these methods."""

    def started(self, session: "Session") -> None: ...

    def compiling(self) -> None:
        """Kernels are compiled or loaded until `ready`, which no clock counts."""

    def ready(self, session: "Session") -> None:
        """Kernels are loaded; the first step follows."""

    def ended(self, session: "Session") -> None:
        """Training has finished or stopped early, and `session.scores` are known. All of it is on the disk."""

    def interrupted(self, session: "Session", message: str) -> None: ...

    def closed(self) -> None:
        """Always the last call, however the run ended."""
