"""Loop: training from where the state stands to the end, one page from top to bottom."""

import math
from typing import Any, Protocol

import numpy as np

from nntrain.data.conform import described
from nntrain.inference.evaluate import ROWS, Ports, Tally, evaluate
from nntrain.network.network import Network
from nntrain.run.checkpoint import (
    CARRIED,
    MEASURED,
    Checkpoint,
    encode,
    load_for_use,
    load_network,
    read,
    write_atomic,
)
from nntrain.run.folder import RunFolder
from nntrain.training.diagnosis import diagnose, finite
from nntrain.training.interruption import Interrupted, Interruption
from nntrain.training.loader import Loader
from nntrain.training.setup import Setup
from nntrain.training.state import TrainingState
from nntrain.training.step import Step

FEWEST_ROWS = 32  # at least so many samples at once when scoring, however small the training batch


class Watcher(Protocol):
    """Sees how training goes on; never steers it."""

    def stepped(self, state: TrainingState, loss: float, lr: float, rows: int) -> None: ...

    def evaluating(self, state: TrainingState) -> None: ...

    def evaluated(self, row: dict[str, Any], best: bool) -> None: ...


class Trainer:
    """A run in memory: the setup, its arrays and where training stands."""

    def __init__(self, setup: Setup, folder: RunFolder):
        config = setup.config
        self.setup, self.config, self.folder = setup, config, folder
        self.data = setup.splits.train
        self.batches = setup.batches()
        self.network = setup.network(max(self.batches.rows, FEWEST_ROWS))
        self.ports = Ports(self.network, self.data)  # to score splits
        self.loader = Loader(self.batches, setup.augmenter(), self.network, setup.waits_for_disk)
        self.step = Step(config, self.network)
        self.state = TrainingState(schedule=config.schedule.start())
        self.monitor = setup.monitor
        self.notes: list[str] = []  # what there is to say before the first step

    def train(self, watcher: Watcher) -> None:
        """Goes on to the last epoch, or until early stopping ends it.

        Raises Diverged at the step where a NaN or an infinity shows, Interrupted when asked to stop, after saving.
        """
        config, state, folder = self.config, self.state, self.folder
        tally = Tally(config.loss, config.metrics, state.sums)
        state.sums = tally.sums
        with Interruption() as asked_to_stop, self.loader:
            while not self.finished:
                port = self.loader(state.epoch, state.batch)
                lr = self.learning_rate()
                loss = self.step(
                    port, state.step + 1, lr, tally, fresh=state.batch == 0 or not self.data.consecutive
                )
                if not math.isfinite(loss):
                    raise self.diverged(port.rows, lr)
                state.step += 1
                state.batch += 1
                folder.append_step(state.step, state.epoch + 1, loss, lr)
                watcher.stepped(state, loss, lr, port.rows)
                if ends_epoch := state.batch == len(self.batches):
                    state.epoch, state.batch = state.epoch + 1, 0
                if evaluated := self.evaluation_is_due(ends_epoch):
                    self.evaluate(tally, lr, watcher)
                    tally = Tally(config.loss, config.metrics)
                    state.sums = tally.sums
                if evaluated or ends_epoch or self.checkpoint_is_due() or asked_to_stop:
                    self.save()
                if asked_to_stop and not self.finished:
                    raise Interrupted(f"interrupted at step {state.step}, in epoch {state.epoch + 1}; saved.")

    def warm_up(self) -> None:
        """Compiles or loads every kernel that training will call, and leaves all as it was at the start."""
        network = self.network
        arrays = [
            network.arena.values,
            *network.state.values(),
            *network.carried.values(),
            *self.step.arrays().values(),
        ]
        copies = [array.copy() for array in arrays]
        with np.errstate(all="ignore"):
            for number in {0, len(self.batches) - 1}:  # the last one may be shorter
                self.step(
                    self.loader(0, number),
                    1,
                    self.config.optimizer.lr,
                    Tally(self.config.loss, self.config.metrics),
                )
            evaluate(self.ports, self.data.select(slice(1)), self.config.loss, self.config.metrics)
        for array, copy in zip(arrays, copies, strict=True):
            array[...] = copy

    @property
    def finished(self) -> bool:
        return self.state.stopped_early or self.state.epoch >= self.config.train.epochs

    def learning_rate(self) -> float:
        state, config = self.state, self.config
        progress = (state.step, len(self.batches), config.train.epochs)
        return config.schedule.lr(config.optimizer.lr, *progress, state.schedule)

    def evaluation_is_due(self, ends_epoch: bool) -> bool:
        every, state = self.config.train.evaluate_every, self.state
        ends_training = ends_epoch and state.epoch == self.config.train.epochs
        if every.steps:
            return state.step % every.steps == 0 or ends_training
        return ends_epoch and (state.epoch % every.epochs == 0 or ends_training)

    def checkpoint_is_due(self) -> bool:
        every = self.config.train.checkpoint.every_steps
        return every is not None and self.state.step % every == 0

    def evaluate(self, tally: Tally, lr: float, watcher: Watcher) -> None:
        """Scores the splits, and lets `best`, the schedule and early stopping see the monitored value."""
        config, state, splits = self.config, self.state, self.setup.splits
        watcher.evaluating(state)
        row: dict[str, Any] = {
            "step": state.step,
            "epoch": state.epoch + state.batch / len(self.batches),
            "lr": lr,
        }
        row |= columns("train", tally.scores())
        watched = {"validation": splits.validation, "test": splits.test if config.train.watch_test else None}
        with self.step.averaged():
            for split, data in watched.items():
                if data is not None:
                    row |= columns(split, evaluate(self.ports, data, config.loss, config.metrics))
        value = row[self.monitor.name]
        best = state.best is None or self.monitor.improves(
            value, state.best[self.monitor.name], config.train.early_stopping
        )
        row["best"] = int(best)
        state.best = row if best else state.best
        state.waited = 0 if best else state.waited + 1
        state.schedule = config.schedule.observe(value, state.schedule)
        stopping = config.train.early_stopping
        state.stopped_early = stopping is not None and state.waited >= stopping.patience
        self.folder.append_metrics(row)
        watcher.evaluated(row, best)

    def save(self) -> None:
        """Writes `last`, and `best` where it is the best so far. What is not finite is never saved."""
        if not finite(self.network.arena.values):
            raise self.diverged(self.batches.rows, self.learning_rate())
        self.folder.flush_steps()
        data = encode(self.checkpoint())
        write_atomic(self.folder.last, data)
        if self.state.best is not None and self.state.best["step"] == self.state.step:
            write_atomic(self.folder.best, data)

    def checkpoint(self) -> Checkpoint:
        tensors = {f"parameter.{name}": array for name, array in self.network.arena.parameters.items()}
        tensors |= {f"state.{name}": array for name, array in self.network.state.items()}
        tensors |= {f"{CARRIED}{name}": array for name, array in self.network.carried.items()}
        tensors |= self.step.arrays()
        tensors |= self.state.arrays()
        tensors |= {MEASURED + name: array for name, array in self.data.measured.items()}
        facts = {
            "config": self.config.model_dump(mode="json"),
            "training": self.state.to_dict(),
            "data": {**described(self.data), "sha256": self.setup.hashes},
        }
        return Checkpoint(tensors, facts)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes up where the checkpoint stands; it must be of this config."""
        load_network(self.network, checkpoint)
        kept = {
            f"{CARRIED}{name}": array for name, array in self.network.carried.items()
        } | self.step.arrays()
        for name, array in kept.items():
            array[...] = checkpoint.tensors[name]
        self.state = TrainingState.from_dict(checkpoint.facts["training"], checkpoint.tensors)

    def best_network(self) -> Network:
        """The network of the best checkpoint, for scoring."""
        network = self.setup.network(ROWS, backward=False)
        load_for_use(network, read(self.folder.best))
        return network

    def diverged(self, rows: int, lr: float) -> Exception:
        self.folder.flush_steps()
        return diagnose(self.network.at(rows), self.state.step + 1, lr, self.state.epoch + 1)


def columns(split: str, scores: dict[str, Any]) -> dict[str, float]:
    """A split's columns of metrics.csv; a confusion matrix has none."""
    return {f"{split}_{name}": value for name, value in scores.items() if not isinstance(value, list)}
