"""A run in memory: what `fit` keeps when nothing is written to disk."""

from typing import Any

import numpy as np

from nntrain.network.snapshot import Snapshot
from nntrain.run import layers
from nntrain.run.history import columns_of


class MemoryRecord:
    """A `training.record.Record` that keeps every row, the last snapshot and the best one."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, float, float]] = []  # step, epoch, loss, lr
        self.evaluations: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []
        self.last: Snapshot | None = None
        self.best: Snapshot | None = None
        self.saved_step: int | None = None  # of the last snapshot

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        self.steps.append((step, epoch, loss, lr))

    def add_evaluation(self, row: dict[str, Any]) -> None:
        self.evaluations.append(row)

    def add_layers(self, rows: list[dict[str, Any]]) -> None:
        self.layers += rows

    def evaluation_columns(self) -> dict[str, np.ndarray]:
        return columns_of(self.evaluations)

    def step_columns(self) -> dict[str, np.ndarray]:
        names = ("step", "epoch", "loss", "lr")
        return columns_of([dict(zip(names, row, strict=True)) for row in self.steps])

    def layer_columns(self) -> dict[str, np.ndarray]:
        return layers.columns_of(self.layers)

    def flush(self) -> None:
        pass

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        copied = {name: array.copy() for name, array in snapshot.tensors.items()}
        self.last = Snapshot(copied, snapshot.facts)
        self.saved_step = snapshot.facts["training"]["step"]
        if best:
            self.best = self.last
