"""Session: opens a run, trains it, evaluates the best checkpoint, and records how the run ended."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from nntrain.config import Document, dump
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.distributed.together import together
from nntrain.files import write_atomic, write_npz
from nntrain.inference.evaluate import evaluate
from nntrain.inference.feed import Feeds
from nntrain.inference.trained import ROWS
from nntrain.network.network import Network
from nntrain.network.snapshot import Snapshot, load_for_inference, load_network
from nntrain.run.checkpoint import read
from nntrain.run.folder import RunFolder, claim_free
from nntrain.run.info import described, first_facts, now, resumed
from nntrain.run.lock import RunLock
from nntrain.run.memory import MemoryRecord
from nntrain.run.moving import places
from nntrain.run.opening import Existing, Place, check_resumable, chosen_folder
from nntrain.run.pretrained import initialize
from nntrain.run.recovery import Recovery, recover
from nntrain.run.review.evidence import Evidence
from nntrain.run.review.verdict import review
from nntrain.run.session_observer import SessionObserver
from nntrain.run.start import Start, resumed_start, start_from
from nntrain.run.unwritable import cannot_save
from nntrain.training.diagnosis import Diverged
from nntrain.training.interruption import Interrupted, Pruned, postponed
from nntrain.training.loop import StopRequest, Trainer
from nntrain.training.record import Unrecorded
from nntrain.training.seam import kept_horizon, seam_warnings
from nntrain.training.setup import Setup

T = TypeVar("T")
Scores = dict[str, dict[str, Any]]  # {"test": {"loss": 0.11, "accuracy": 0.975}}


class Session:
    """A run from opening to end. Use it as a context manager: meanwhile no other process can work on the run."""

    def __init__(
        self,
        setup: Setup,
        source: Document,
        overrides: Iterable[str] = (),
        threads: int = 1,
        start: Start | None = None,
        ranks: Ranks = ALONE,
        weights: Snapshot | None = None,
        facts: Mapping[str, Any] | None = None,
    ):
        """start: the checkpoint whose weights a new run starts from; weights: or the snapshot, of the same network. ranks: each has
        a session; the root's keeps the run. facts: what else run.json says of it.
        """
        self.setup, self.source, self.start = setup, source, start
        self.overrides, self.threads = [*source.overrides, *overrides], threads
        self.ranks, self.weights, self.facts = ranks, weights, facts or {}
        self.trainer = Trainer(setup, ranks)
        self.folder: RunFolder | None = None
        self.record: RunFolder | MemoryRecord = MemoryRecord()
        self.complete = False  # whether there is nothing left to do: a run that was resumed had finished
        self.notes: list[str] = []  # facts about the start, such as which pretrained arrays were used
        self.status = "running"
        self.scores: Scores = {}
        self.warnings = warnings_of(setup, len(self.trainer.batches))
        self.baseline: Scores = {}  # of the best constant prediction
        self.findings: list[str] = []  # what the end of the run shows, as warnings
        self.error: BaseException | None = None
        self.trained = False  # whether `train` was called
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and self.status == "running":  # opening failed, as on a full disk
            self._record_failure(error)
        self._stack.close()

    def open(self, place: Place | None, clears: Sequence[str] = ()) -> None:
        """Puts the trainer at the start, or at the last checkpoint of a run to resume; None keeps the run in memory.

        `clears`: files of an earlier run, such as pictures, that are removed with it.

        Raises UserError. The folder is made or changed only once everything is known to be right.
        """
        with together(self.ranks):
            if self.ranks.is_root:
                try:
                    self._open(place, clears)
                except OSError as error:
                    raise self._explained(error) from None
        self._share()

    def _share(self) -> None:
        """Puts the trainers of all ranks where the root's is."""
        if self.ranks.size == 1:
            return
        self.complete = self.ranks.broadcast(self.complete)
        snapshot = self.ranks.broadcast(self.trainer.snapshot() if self.ranks.is_root else None)
        if not self.ranks.is_root:
            assert snapshot is not None
            self.trainer.take(snapshot)

    def _open(self, place: Place | None, clears: Sequence[str]) -> None:
        if place is None:
            self._initialize()
            return
        default_name = self.source.run or self.setup.config.name or self.source.name
        folder = chosen_folder(place.runs, place.name, default_name, place.existing)
        if place.existing is Existing.RESUME and folder is not None:
            self._lock(folder)
            recovery = recover(folder.checkpoints)
            self.start = resumed_start(folder, self.start, has_begun=recovery is not None)
            if recovery is not None:
                self._resume(folder, recovery)
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
        if self.weights is not None:
            load_network(self.trainer.network, self.weights)
            return
        if self.start is not None:
            self.start.check_unchanged()
        start = Path(self.start.checkpoint) if self.start else None
        self.notes = initialize(self.setup.graph, self.trainer.network, self.source.folder, start)

    def _lock(self, folder: RunFolder) -> None:
        if warning := self._stack.enter_context(RunLock(folder.path)).warning:
            self.warnings.append(warning)

    def _start(self, folder: RunFolder, clears: Sequence[str]) -> None:
        self.folder = self.record = folder
        folder.clear(clears)
        folder.checkpoints.folder.mkdir(exist_ok=True)
        folder.replace_info(self._info() | self._first_info())
        self._write_config(folder)

    def _resume(self, folder: RunFolder, recovery: Recovery) -> None:
        snapshot = recovery.latest.snapshot
        check_resumable(self.setup, snapshot, folder)
        self.trainer.restore(snapshot)
        step = folder.saved_step = self.trainer.state.step
        tables = folder.tables_until(step)
        self.folder = self.record = folder  # whose run.json says from now on how it goes
        self.complete = self.trainer.finished and folder.ended
        if self.complete:
            return
        if (horizon := kept_horizon(self.trainer)) is not None:  # so that the run can be repeated
            self.overrides.append(f"train.schedule_epochs={horizon}")
        self.warnings += [*recovery.warnings, *seam_warnings(self.trainer, snapshot.facts)]
        folder.remove_unfinished()
        recovery.restore(folder.checkpoints)
        folder.checkpoints.cut_back(step, self.setup.config.train.checkpoint.keep)
        folder.cut_back(tables)
        folder.replace_info(resumed(self._info(), self._first_info(), folder.read_info(), step))
        self._write_config(folder)

    def _first_info(self) -> dict[str, Any]:
        start = self.start.to_info() if self.start else {}
        return {**first_facts(self.setup, self.threads, self.ranks.size), **start, **self.facts}

    def _info(self) -> dict[str, Any]:
        file = None if self.source.piped else str(Path(self.source.file).resolve())
        assert self.folder is not None
        begin = places(self.source.folder, self.folder)
        return {"status": "running", "config": file, **begin, "overrides": self.overrides}

    def _write_config(self, folder: RunFolder) -> None:
        write_npz(folder.split, self.setup.indices)
        write_atomic(folder.config, self.source.raw)
        resolved = self.setup.config.model_dump(mode="json")
        resolved["train"]["schedule_epochs"] = (
            kept_horizon(self.trainer) or resolved["train"]["schedule_epochs"]
        )
        write_atomic(folder.resolved, dump(resolved).encode())

    def train(
        self, observer: SessionObserver, interruption: contextlib.AbstractContextManager[StopRequest]
    ) -> None:
        """Trains to the end and evaluates. However it ends, the run says how.

        Raises Diverged, Interrupted, CannotSave, and whatever else goes wrong.
        """
        self.trained = True
        try:
            self._train(observer, interruption)
            observer.ended(self)
            self._write_info(ended=now(), warnings=self.all_warnings)
        except KeyboardInterrupt as error:
            self.error = error  # so that nothing is waited for
            raise
        except OSError as error:
            raise self._explained(error) from None
        finally:
            observer.closed()

    def _train(
        self, observer: SessionObserver, interruption: contextlib.AbstractContextManager[StopRequest]
    ) -> None:
        """To the scores and the status, before anything is drawn or printed of them."""
        try:
            observer.started(self)
            observer.compiling()
            with self.ranks.in_turn():  # the first rank of a machine compiles for the others
                self.trainer.warm_up()
            self.ranks.wait()
            if self.ranks.is_root:
                self.baseline = self._safely("the baseline", self.trainer.baseline, {})
            self._write_info(baseline=self.baseline)
            observer.ready(self)
            with interruption as stop:
                record = self.record if self.ranks.is_root else Unrecorded()
                self.trainer.train(record, observer, stop)
            self.scores = self.evaluated()
            if self.ranks.is_root:
                self.findings += self._safely("the review of the run", self._reviewed, [])
            with postponed():
                self.status = "stopped early" if self.trainer.state.stopped_early else "finished"
                self._write_info(status=self.status, scores=self.scores, warnings=self.all_warnings)
        except BaseException as error:
            explained = self._explained(error)
            self._record_failure(explained)
            if isinstance(explained, Diverged) and self.folder is not None:
                explained.hint += start_from(self.folder)
            if self.status in ("interrupted", "pruned"):
                observer.interrupted(self, str(error) or self._interrupted())
            if explained is error:
                raise
            raise explained from None

    def _explained(self, error: BaseException) -> BaseException:
        """An error of the operating system about a file of the run, as a message for people; any other as it is."""
        if isinstance(error, OSError) and self.folder is not None:
            return cannot_save(self.folder, error, self.trainer.state.step) or error
        return error

    def _interrupted(self) -> str:
        """What to say of a run that stopped at once, without saving."""
        if not self.trainer.state.step:
            return "interrupted before the first step"
        saved = self.record.saved_step
        return (
            f"interrupted; saved up to step {saved:,}"
            if saved is not None
            else "interrupted; nothing is saved"
        )

    def _record_failure(self, error: BaseException) -> None:
        self.error = error
        if self.status != "running":  # it has ended already
            return
        interrupted = isinstance(error, (Interrupted, KeyboardInterrupt))
        reason = {} if interrupted else {"error": described(error)}
        with postponed():
            self.status = (
                "pruned" if isinstance(error, Pruned) else "interrupted" if interrupted else "failed"
            )
            try:
                self._write_info(status=self.status, warnings=self.all_warnings, **reason)
                if self.folder is not None and reason:
                    self.folder.append_log(f"error: {reason['error']}")
            except OSError:  # a full disk may be what went wrong
                with contextlib.suppress(OSError):
                    self._mark_failed()

    def _mark_failed(self) -> None:
        if self.folder is not None:
            self.folder.mark_failed()

    @property
    def all_warnings(self) -> list[str]:
        """Those of the start, and those of the end."""
        return [*self.warnings, *self.findings]

    def _reviewed(self) -> list[str]:
        return review(Evidence(self.trainer, self.scores, self.baseline, self.record))

    def _safely(self, what: str, compute: Callable[[], T], otherwise: T) -> T:
        """What only reports on a run never ends it: an error becomes a warning."""
        try:
            return compute()
        except Exception as error:
            self.findings.append(f"cannot compute {what}: {described(error)}")
            return otherwise

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

    def best_network(self, snapshot: Snapshot | None = None) -> Network:
        """The network with the best parameters, for inference. snapshot: those of the best checkpoint, where they are known."""
        snapshot = snapshot or self.snapshot()  # first: reading takes twice its size for a moment
        network = self.setup.network(ROWS, backward=False, initial=False)
        load_for_inference(network, snapshot)
        return network

    def evaluated(self) -> Scores:
        """The loss and the metrics of the best network on every split."""
        best = self.ranks.broadcast(self.snapshot() if self.ranks.is_root else None)
        network, config = self.best_network(best), self.setup.config
        return {
            name: evaluate(Feeds(network, data), data, config.loss, config.metrics, self.ranks)
            for name, data in self.setup.splits.parts().items()
        }


def warnings_of(setup: Setup, steps_per_epoch: int) -> list[str]:
    """What trains, but not as intended."""
    schedule = setup.config.schedule.warnings(steps_per_epoch, setup.config.train.epochs)
    return [*(f"schedule: {warning}" for warning in schedule), *setup.warnings]
