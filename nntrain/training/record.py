"""What training reports as it runs: a record keeps it, an observer shows it. Neither steers training."""

from typing import Any, Protocol

from nntrain.network.snapshot import Snapshot
from nntrain.training.state import TrainingState


class Record(Protocol):
    """Keeps what training produces: in a run folder, or in memory."""

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None: ...

    def add_evaluation(self, row: dict[str, Any]) -> None:
        """One row of metrics.csv."""

    def add_layers(self, rows: list[dict[str, Any]]) -> None:
        """The rows of layers.csv of one step; None where a value does not exist."""

    def flush(self) -> None:
        """Everything added so far is kept from now on."""

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        """Replaces the last snapshot, and the best one too if this one is the best so far.

        `keep`: 0, or this snapshot is one of so many that are kept, the last ones.
        """


class Unrecorded:
    """A record that keeps nothing: of a rank that is not the root, or of training that is only watched."""

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        pass

    def add_evaluation(self, row: dict[str, Any]) -> None:
        pass

    def add_layers(self, rows: list[dict[str, Any]]) -> None:
        pass

    def flush(self) -> None:
        pass

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        pass


class Observer(Protocol):
    """Watches training."""

    def stepped(self, state: TrainingState, loss: float, lr: float, rows: int) -> None: ...

    def evaluating(self, state: TrainingState) -> None: ...

    def evaluated(self, row: dict[str, Any], best: bool) -> None: ...

    def warned(self, message: str) -> None: ...


class Silent:
    """An observer that shows nothing."""

    def stepped(self, state: TrainingState, loss: float, lr: float, rows: int) -> None:
        pass

    def evaluating(self, state: TrainingState) -> None:
        pass

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        pass

    def warned(self, message: str) -> None:
        pass
