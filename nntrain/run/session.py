"""Session: opens a run, trains it, evaluates the best checkpoint, and records how the run ended."""

import contextlib
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from nntrain.config import Document, dump
from nntrain.errors import NntrainError
from nntrain.files import write_atomic, write_npz
from nntrain.inference.evaluate import evaluate
from nntrain.inference.feed import Feeds
from nntrain.inference.trained import ROWS
from nntrain.network.network import Network
from nntrain.network.snapshot import Snapshot, load_for_inference
from nntrain.run.checkpoint import read
from nntrain.run.environment import environment
from nntrain.run.folder import RunFolder, claim_free
from nntrain.run.lock import RunLock
from nntrain.run.memory import MemoryRecord
from nntrain.run.opening import CannotResume, Existing, check_resumable, chosen_folder
from nntrain.run.pretrained import initialize
from nntrain.run.start import Start
from nntrain.training.interruption import Interrupted
from nntrain.training.loop import StopRequest, Trainer
from nntrain.training.record import Observer
from nntrain.training.seam import seam_warnings
from nntrain.training.setup import Setup

Scores = dict[str, dict[str, Any]]  # {"test": {"loss": 0.11, "accuracy": 0.975}}


class SessionObserver(Observer, Protocol):
    """Watches a run from its start to its end, in the order of these methods."""

    def started(self, session: "Session") -> None: ...

    def compiling(self) -> contextlib.AbstractContextManager[None]:
        """Around the compiling or loading of kernels, which no clock counts."""

    def ready(self, session: "Session") -> None:
        """Kernels are loaded; the first step follows."""

    def ended(self, session: "Session") -> None:
        """Training has finished or stopped early, and `session.scores` are known."""

    def interrupted(self, session: "Session", message: str) -> None: ...

    def closed(self) -> None:
        """Always the last call, however the run ended."""


@dataclass(frozen=True)
class Place:
    """Where a run is kept: in RUNS/NAME, or in the first free folder of the config's name."""

    runs: Path
    name: str | None = None
    existing: Existing = Existing.REFUSE


class Session:
    """A run from opening to end. Use it as a context manager: meanwhile no other process can work on the run."""

    def __init__(
        self,
        setup: Setup,
        source: Document,
        overrides: Iterable[str] = (),
        threads: int = 1,
        start: Start | None = None,
    ):
        """start: the checkpoint whose weights a new run starts from."""
        self.setup, self.source, self.start = setup, source, start
        self.overrides, self.threads = list(overrides), threads
        self.trainer = Trainer(setup)
        self.folder: RunFolder | None = None
        self.record: RunFolder | MemoryRecord = MemoryRecord()
        self.notes: list[str] = []  # facts about the start, such as which pretrained arrays were used
        self.status = "running"
        self.scores: Scores = {}
        self.warnings = warnings_of(setup, len(self.trainer.batches))
        self.error: BaseException | None = None
        self.trained = False  # whether `train` was called
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and self.status == "running":  # opening failed, as on a full disk
            self._record_failure(error)
        self._stack.close()

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do: a run that was resumed had finished."""
        return self.trainer.finished and self.folder is not None and self.folder.ended

    def open(self, place: Place | None, clears: Sequence[str] = ()) -> None:
        """Puts the trainer at the start, or at the last checkpoint of a run to resume; None keeps the run in memory.

        `clears`: files of an earlier run, such as pictures, that are removed with it.

        Raises UserError. The folder is made or changed only once everything is known to be right.
        """
        if place is None:
            self._initialize()
            return
        default_name = self.setup.config.name or self.source.name
        folder = chosen_folder(place.runs, place.name, default_name, place.existing)
        if place.existing is Existing.RESUME and folder is not None:
            self._lock(folder)
            self._resume_start(folder)
            if folder.last.exists():
                self._resume(folder, clears)
                return
        self._initialize()
        if folder is None:
            folder = claim_free(place.runs, default_name)
        elif not folder.claim() and place.existing is Existing.REFUSE:
            chosen_folder(place.runs, place.name, default_name, place.existing)  # another process was faster
        if place.existing is not Existing.RESUME:
            self._lock(folder)
        self._start(folder, clears)

    def _initialize(self) -> None:
        if self.start is not None:
            self.start.check_unchanged()
        start = Path(self.start.checkpoint) if self.start else None
        self.notes = initialize(self.setup.graph, self.trainer.network, self.source.folder, start)

    def _resume_start(self, folder: RunFolder) -> None:
        """A run that is resumed has the start that it began with. Raises CannotResume for another one."""
        recorded = Start.recorded(folder.read_info())
        if self.start is not None and self.start != recorded and folder.last.exists():
            start = f"was started from {recorded.checkpoint}" if recorded else "started from initial weights"
            raise CannotResume(f"the run {start}", str(folder.path), "Undo the change")
        self.start = recorded or self.start

    def _lock(self, folder: RunFolder) -> None:
        if warning := self._stack.enter_context(RunLock(folder.path)).warning:
            self.warnings.append(warning)

    def _start(self, folder: RunFolder, clears: Sequence[str]) -> None:
        self.folder = self.record = folder
        folder.clear(clears)
        folder.last.parent.mkdir(exist_ok=True)
        folder.write_info(
            **self._info(),
            started=now(),
            seed=self.setup.config.seed,
            data_sha256=self.setup.hashes,
            resumed_from_steps=[],
            **(self.start.to_info() if self.start else {}),
            **environment(self.threads),
        )
        write_npz(folder.split, self.setup.indices)
        self._write_config()

    def _resume(self, folder: RunFolder, clears: Sequence[str]) -> None:
        snapshot = read(folder.last)
        check_resumable(self.setup, snapshot, folder)
        self.trainer.restore(snapshot)
        self.warnings += seam_warnings(self.trainer, snapshot.facts)
        self.folder = self.record = folder
        if self.complete:
            return
        folder.remove_unfinished(clears)
        step = self.trainer.state.step
        folder.cut_back(step)
        resumed = folder.read_info().get("resumed_from_steps", [])
        folder.write_info(**self._info(), resumed_from_steps=[*resumed, step])
        self._write_config()

    def _info(self) -> dict[str, Any]:
        file = None if self.source.piped else str(Path(self.source.file).resolve())
        places = {"config": file, "config_folder": str(self.source.folder.resolve())}
        return {"status": "running", **places, "overrides": self.overrides}

    def _write_config(self) -> None:
        folder = self.record
        assert isinstance(folder, RunFolder)
        write_atomic(folder.config, self.source.raw)
        write_atomic(folder.resolved, dump(self.setup.config.model_dump(mode="json")).encode())

    def train(
        self, observer: SessionObserver, interruption: contextlib.AbstractContextManager[StopRequest]
    ) -> None:
        """Trains to the end and evaluates. However it ends, the run says how.

        Raises Diverged, Interrupted, and whatever else goes wrong.
        """
        self.trained = True
        try:
            observer.started(self)
            with observer.compiling():
                self.trainer.warm_up()
            observer.ready(self)
            with interruption as stop:
                self.trainer.train(self.record, observer, stop)
            self.status = "stopped early" if self.trainer.state.stopped_early else "finished"
            self.scores = self.evaluated()
            self._write_info(scores=self.scores)
            observer.ended(self)
            self._write_info(status=self.status, ended=now())
        except BaseException as error:
            self._failed(error, observer)
            raise
        finally:
            observer.closed()

    def _failed(self, error: BaseException, observer: SessionObserver) -> None:
        self._record_failure(error)
        if self.status == "interrupted":
            observer.interrupted(self, str(error) or "interrupted before the first step")

    def _record_failure(self, error: BaseException) -> None:
        self.error = error
        interrupted = isinstance(error, (Interrupted, KeyboardInterrupt))
        self.status = "interrupted" if interrupted else "failed"
        reason = {} if interrupted else {"error": described(error)}
        with contextlib.suppress(OSError):  # a full disk may be what went wrong
            self._write_info(status=self.status, **reason)
            if self.folder is not None and reason:
                self.folder.append_log(f"error: {reason['error']}")

    def _write_info(self, **facts: Any) -> None:
        if self.folder is not None:
            self.folder.write_info(**facts)

    def snapshot(self, best: bool = True) -> Snapshot:
        """The best snapshot of the run, or the last one; the last one too if no evaluation was the best."""
        best = best and self.trainer.state.best is not None
        if isinstance(self.record, RunFolder):
            return read(self.record.best if best else self.record.last)
        found = self.record.best if best else self.record.last
        assert found is not None, "the run has saved nothing yet"
        return found

    def best_network(self) -> Network:
        """The network with the best parameters, for inference."""
        network = self.setup.network(ROWS, backward=False, initial=False)
        load_for_inference(network, self.snapshot())
        return network

    def evaluated(self) -> Scores:
        """The loss and the metrics of the best network on every split."""
        network, config = self.best_network(), self.setup.config
        return {
            name: evaluate(Feeds(network, data), data, config.loss, config.metrics)
            for name, data in self.setup.splits.parts().items()
        }


def warnings_of(setup: Setup, steps_per_epoch: int) -> list[str]:
    """What trains, but not as intended."""
    schedule = setup.config.schedule.warnings(steps_per_epoch, setup.config.train.epochs)
    return [*(f"schedule: {warning}" for warning in schedule), *setup.warnings]


def described(error: BaseException) -> str:
    return str(error) if isinstance(error, NntrainError) else f"{type(error).__name__}: {error}"


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
