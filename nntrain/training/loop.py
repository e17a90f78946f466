"""Loop: training from the current state to the end, one page from top to bottom."""

import math
import time
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from nntrain import kernels
from nntrain.data.conform.description import describe
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.inference.baseline import baseline
from nntrain.inference.evaluate import Tally, evaluate
from nntrain.inference.feed import Feeds
from nntrain.inference.trained import ROWS
from nntrain.limits import processors
from nntrain.network.arena import Memory
from nntrain.network.memory import zeros
from nntrain.network.snapshot import CARRIED, STATISTICS, Snapshot, arrays_of, fill, load_network
from nntrain.training.anchor import PREFIX, Anchor
from nntrain.training.diagnosis import Diverged, Moment, Part, diagnose, finite
from nntrain.training.extension import extend
from nntrain.training.interruption import Interrupted
from nntrain.training.loader import Loader
from nntrain.training.memory import FEWEST_ROWS
from nntrain.training.on_nan import Answer, Rollback, Skip
from nntrain.training.on_nan import stop as stop_at_nan
from nntrain.training.record import Observer, Record
from nntrain.training.recorder import Recorder
from nntrain.training.setup import Setup
from nntrain.training.sharded_step import ShardedStep
from nntrain.training.state import TrainingState
from nntrain.training.step import Step


class StopRequest(Protocol):
    """True once somebody asked training to stop after the current step."""

    def __bool__(self) -> bool: ...


class Trainer:
    """A run in memory: its setup, its arrays and the state of training. The caller fills the parameters."""

    def __init__(self, setup: Setup, ranks: Ranks = ALONE):
        """ranks: the processes that train together, each of which has a trainer of its own."""
        config, shards = setup.config, setup.shards()
        self.setup, self.config, self.ranks = setup, config, ranks
        self.data = setup.splits.train
        self.batches = setup.batches()
        self.network = setup.network(max(shards.rows, FEWEST_ROWS), initial=False, memory=memory_for(ranks))
        self.feeds = Feeds(self.network, self.data)  # for the evaluation of splits
        own = shards.share(ranks.rank, ranks.size)
        self.loader = Loader(self.batches, setup.augmenter(), self.network, setup.waits_for_disk, shards, own)
        self.step = (
            Step(config, self.network)
            if shards.count == 1
            else ShardedStep(config, self.network, shards, ranks)
        )
        horizon = config.train.schedule_epochs or config.train.epochs
        self.state = TrainingState(schedule=config.schedule.start(), horizon=horizon)
        self.recorder = (
            Recorder(config.train.record, self.network, len(self.batches)) if config.train.record else None
        )
        self.monitor = setup.monitor
        self.saved_at = time.monotonic()
        self.lr_before: float | None = None  # of the last step, None before the first one of this process
        self.anchor: Anchor | None = None  # where a rollback goes back to
        self.on_nan: Answer = Skip(self.step) if config.train.on_nan == "skip" else stop_at_nan

    def train(self, record: Record, observer: Observer, stop: StopRequest) -> None:
        """Trains to the last epoch, or until early stopping.

        Raises Diverged at a NaN or an infinity, unless `on_nan` lets the run continue, Interrupted after saving if asked to stop.
        """
        config, state = self.config, self.state
        tally = Tally(config.loss, config.metrics, state.sums)
        state.sums = tally.sums
        self.saved_at = time.monotonic()
        if not state.step:
            self.step.begin()
        self.set_anchor()
        with kernels.denormals.flushed(), self.loader:
            while not self.finished:
                batch = self.loader.batch(state.epoch, state.batch)
                lr = self.learning_rate()
                fresh = state.batch == 0 or not self.data.consecutive
                recorder = self.recorder_of_next_step()
                loss = self.step(batch, state.step + 1, lr, tally, fresh=fresh)
                applied = self.step.applied
                if not applied:
                    self.not_finite(loss, lr, record, observer)
                elif state.skipped_in_a_row:
                    state.skipped_in_a_row = 0
                self.lr_before = lr
                state.step += 1
                state.batch += 1
                record.add_step(state.step, state.epoch + 1, loss, lr)
                if applied:
                    if recorder is not None:
                        record.add_layers(recorder.rows(batch.first(), state.step))
                    observer.stepped(state, loss, lr, batch.rows)
                if ends_epoch := state.batch == len(self.batches):
                    state.epoch, state.batch = state.epoch + 1, 0
                if evaluated := self.evaluation_is_due(ends_epoch):
                    self.evaluate(tally, lr, record, observer)
                    tally = Tally(config.loss, config.metrics)
                    state.sums = tally.sums
                scheduled = evaluated or ends_epoch or self.checkpoint_is_due()
                stopping, late = self.step.agreed(bool(stop), self.time_is_up())
                if scheduled or late or stopping:
                    self.step.collect(tally)
                    self.save(record, scheduled)
                if stopping and not self.finished:
                    raise Interrupted(f"interrupted at step {state.step}, in epoch {state.epoch + 1}; saved")

    def warm_up(self) -> None:
        """Compiles or loads every kernel that training calls, and restores every array."""
        kernels.ahead.prepared(self._try_out, self._evaluate_out, processors())

    def compile(self) -> None:
        """Compiles every kernel that a run calls, also at its end."""
        kernels.ahead.compile_for((self._try_out, self._evaluate_out), processors())
        self.warm_up()

    def _evaluate_out(self) -> None:
        """Evaluations of whole batches, as training begins and as it ends."""
        for network in (self.network, self.setup.network(ROWS, backward=False, initial=False)):
            some = self.data.select(slice(network.rows))
            evaluate(Feeds(network, some), some, self.config.loss, self.config.metrics)

    def _try_out(self) -> None:
        """Two steps and an evaluation."""
        network = self.network
        arrays = [
            network.arena.values,
            *network.state.values(),
            *self.step.carried.values(),
            *self.step.arrays().values(),
        ]
        copies = [array.copy() for array in arrays]
        with np.errstate(all="ignore"), kernels.denormals.flushed(), self.step.alone():
            try:
                for number in {0, len(self.batches) - 1}:  # the last batch may be shorter
                    tally = Tally(self.config.loss, self.config.metrics)
                    batch = self.loader.batch(0, number)
                    self.step(batch, 1, self.config.optimizer.lr, tally)
                    self.step.collect(tally)
                    if self.recorder is not None:
                        self.recorder.rows(batch.first(), 1)
                evaluate(self.feeds, self.data.select(slice(1)), self.config.loss, self.config.metrics)
            finally:
                for array, copy in zip(arrays, copies, strict=True):
                    array[...] = copy

    def baseline(self) -> dict[str, dict[str, Any]]:
        """For each split, the scores of the best constant prediction."""
        outputs = self.setup.graph.output.shape[-1]
        loss, metrics = self.config.loss, self.config.metrics
        return baseline(self.setup.splits, loss, metrics, outputs, self.network.dtype)

    @property
    def finished(self) -> bool:
        return self.state.stopped_early or self.state.epoch >= self.config.train.epochs

    def learning_rate(self) -> float:
        """Of the next step."""
        return self.learning_rate_at(self.state.step, self.state.horizon)

    def learning_rate_at(self, step: int, horizon: int) -> float:
        config = self.config
        progress = (step, len(self.batches), horizon)
        return config.schedule.lr(config.optimizer.lr, *progress, self.state.schedule) * self.state.lr_factor

    def recorder_of_next_step(self) -> Recorder | None:
        """The recorder, ready for the next step, where that one is recorded."""
        recorder, state = self.recorder, self.state
        if recorder is None or not recorder.is_due(state.step + 1, state.horizon):
            return None
        recorder.remember()
        return recorder

    def evaluation_is_due(self, ends_epoch: bool) -> bool:
        every, state = self.config.train.evaluate_every, self.state
        ends_training = ends_epoch and state.epoch == self.config.train.epochs
        if every.steps:
            return state.step % every.steps == 0 or ends_training
        epochs = every.epochs or 1
        return ends_epoch and (state.epoch % epochs == 0 or ends_training)

    def checkpoint_is_due(self) -> bool:
        every = self.config.train.checkpoint.every_steps
        return every is not None and self.state.step % every == 0

    def time_is_up(self) -> bool:
        minutes = self.config.train.checkpoint.every_minutes
        return minutes is not None and time.monotonic() - self.saved_at >= 60 * minutes

    def evaluate(self, tally: Tally, lr: float, record: Record, observer: Observer) -> None:
        """Evaluates the splits, then updates `best`, the schedule and early stopping with the monitored value."""
        config, state, splits = self.config, self.state, self.setup.splits
        observer.evaluating(state)
        self.step.collect(tally)
        self.step.complete()
        epoch = state.epoch + state.batch / len(self.batches)
        row: dict[str, Any] = {"step": state.step, "epoch": epoch, "lr": lr}
        row |= columns("train", tally.scores())
        watched = {
            "validation": splits.validation,
            "test": splits.test if config.train.watch_test else None,
        }
        with self.step.averaged():
            for split, data in watched.items():
                if data is not None:
                    row |= columns(split, evaluate(self.feeds, data, config.loss, config.metrics, self.ranks))
        monitor, stopping = self.monitor, config.train.early_stopping
        value = monitor.value(row)
        best = monitor.improves(value, monitor.value(state.best) if state.best else None)
        row["best"] = int(best)
        state.best = row if best else state.best
        if monitor.improves(value, state.to_beat, stopping.min_delta if stopping else 0.0):
            state.to_beat, state.waited = value, 0
        else:
            state.waited += 1
        state.schedule = config.schedule.observe(value, state.schedule, monitor.higher_is_better)
        state.stopped_early = stopping is not None and state.waited >= stopping.patience
        record.add_evaluation(row)
        observer.evaluated(row, best)

    def save(self, record: Record, scheduled: bool = False) -> None:
        """Saves a snapshot, as the best too if it is the best so far. What is not finite is never saved.

        `scheduled`: at a step that the config alone decides. Only such snapshots are kept for longer.
        """
        if not finite(self.network.arena.values):
            record.flush()
            raise self.diverged(math.nan, self.learning_rate())
        self.step.complete()
        if scheduled and self.anchor is not None:
            self.anchor.set(self.state.step)
            self.state.anchor_step = self.state.step
        best = self.state.best is not None and self.state.best["step"] == self.state.step
        record.save(self.snapshot(), best, self.config.train.checkpoint.keep if scheduled else 0)
        self.saved_at = time.monotonic()

    def snapshot(self) -> Snapshot:
        """The run as it is now; its arrays are the network's own, not copies."""
        facts = {
            "config": self.config.model_dump(mode="json"),
            "training": self.state.to_dict(),
            "data": {**describe(self.data), "sha256": self.setup.hashes},
        }
        statistics = {f"{STATISTICS}{name}": array for name, array in self.data.statistics.items()}
        tensors = self.changing() | self.state.arrays()
        if self.anchor is not None and self.anchor.step != self.state.step:
            tensors |= self.anchor.tensors()
        return Snapshot(tensors | statistics, facts)

    def restore(self, snapshot: Snapshot) -> None:
        """Continues where the snapshot was taken; of its config, only the end of training may have changed."""
        self.take(snapshot)
        extend(self.state, snapshot.facts, self.config.train, self.monitor)

    def take(self, snapshot: Snapshot) -> None:
        """Continues exactly where the snapshot was taken."""
        load_network(self.network, snapshot)
        fill(self.carried() | self.step.arrays(), snapshot)
        self.state = TrainingState.from_dict(snapshot.facts["training"], snapshot.tensors)
        self.set_anchor()
        if self.anchor is not None and any(name.startswith(PREFIX) for name in snapshot.tensors):
            self.anchor.read(snapshot.tensors, self.state.anchor_step)

    def changing(self) -> dict[str, np.ndarray]:
        """The arrays that a step changes, by their names in a snapshot."""
        return arrays_of(self.network) | self.carried() | self.step.arrays()

    def carried(self) -> dict[str, np.ndarray]:
        return {f"{CARRIED}{name}": array for name, array in self.step.carried.items()}

    def set_anchor(self) -> None:
        """Makes the parameters as they are the goal of rollbacks, until the next checkpoint."""
        if self.config.train.on_nan == "rollback" and self.anchor is None:
            self.anchor = Anchor(self.changing(), self.state.step)
            self.state.anchor_step = self.state.step
            self.on_nan = Rollback(self.anchor)

    def not_finite(self, loss: float, lr: float, record: Record, observer: Observer) -> None:
        """Handles a step that was not applied as `on_nan` says. Raises Diverged where the run ends."""
        self.step.undo()
        error = self.diverged(loss, lr)
        self.step.undo()  # the diagnosis runs the network again
        try:
            self.on_nan(error, self.state, observer)
        except Diverged:
            record.flush()
            raise

    def diverged(self, loss: float, lr: float) -> Diverged:
        """What is not finite at the next step, or was left so by the last one."""
        self.step.complete()
        state, about_data = self.state, self.setup.scale_warnings
        hint = " ".join(f"{warning[0].upper()}{warning[1:]}." for warning in about_data)
        now = self.moment(state.step + 1, state.epoch, state.batch, lr)
        if self.step.updated and self.step.guards:
            before: Moment | None = now
        elif self.lr_before is None:
            before = None
        elif state.batch:
            before = self.moment(state.step, state.epoch, state.batch - 1, self.lr_before)
        else:
            before = self.moment(state.step, state.epoch - 1, len(self.batches) - 1, self.lr_before)
        with kernels.exclusive.lock, np.errstate(all="ignore"):
            return diagnose(self.config, self.network, self.load, now, before, loss, hint)

    def load(self, moment: Moment) -> Iterator[Part]:
        """The shards of the batch of a step, one after the other: on any rank all of them."""
        loader, info = self.loader, self.network.info
        for shard in range(self.setup.shards().used(len(moment.samples))):
            feed = loader(moment.epoch - 1, moment.batch, shard)
            info.shard = shard
            yield Part(feed, loader.samples_at(moment.epoch - 1, moment.batch, shard))
        info.shard = 0

    def moment(self, step: int, epoch: int, batch: int, lr: float) -> Moment:
        return Moment(step, epoch + 1, batch, lr, self.batches.indices(epoch, batch))


def memory_for(ranks: Ranks) -> Memory:
    """Where ranks exchange parameters and gradients fastest."""

    def make(size: int, dtype: np.dtype) -> np.ndarray:
        shared = ranks.memory(size, dtype)
        return zeros(size, dtype) if shared is None else shared

    return make


def columns(split: str, scores: dict[str, Any]) -> dict[str, float]:
    """A split's columns of metrics.csv; a confusion matrix has none."""
    return {f"{split}_{name}": value for name, value in scores.items() if not isinstance(value, list)}
