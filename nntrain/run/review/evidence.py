"""Evidence: what a review of a finished run looks at; computed where a finding asks for it, on some hundred samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.inference.feed import Feed
from nntrain.network.node import Node
from nntrain.run.folder import RunFolder
from nntrain.run.memory import MemoryRecord
from nntrain.training.loop import Trainer
from nntrain.training.scales import evenly
from nntrain.training.setup import Setup

SAMPLES = 512
CLIPPED = ("relu", "relu6")  # activations that are 0, as their gradient is, for all negative inputs

Scores = Mapping[str, Mapping[str, Any]]


@dataclass
class Evidence:
    """A run after its last step."""

    trainer: Trainer
    scores: Scores  # of the best checkpoint, by split
    baseline: Scores  # of the best constant prediction, by split
    record: RunFolder | MemoryRecord
    untrained: bool = False  # at its initial weights, where batch norm has no statistics of the data yet

    @property
    def setup(self) -> Setup:
        return self.trainer.setup

    @cached_property
    def evaluations(self) -> Mapping[str, np.ndarray]:
        """The columns of metrics.csv."""
        return self.record.evaluation_columns()

    @property
    def config(self) -> Config:
        return self.setup.config

    @cached_property
    def step_losses(self) -> np.ndarray:
        """(steps,): the mini-batch losses."""
        return self.record.step_columns()["loss"]

    @property
    def held_out(self) -> str:
        """The split that tells whether the network generalizes; the training split where there is no other."""
        return next((name for name in ("validation", "test") if name in self.scores), "train")

    @property
    def learning(self) -> list[Node]:
        """The layers with trained weights, in their order."""
        return [node for node in self.setup.graph.layers if node.learns and self.weights_of(node)]

    def weights_of(self, node: Node) -> list[str]:
        """The full names of a layer's trained weights, without biases and scales."""
        return [f"{node.name}.{name}" for name, param in node.trained.items() if param.role == "weight"]

    @cached_property
    def inactive_units(self) -> dict[str, tuple[int, int]]:
        """For each layer with relu, how many units are 0 for all samples that were tried, and how many it has."""
        largest: dict[str, np.ndarray] = {}
        for start in range(0, len(self.sampled), self.trainer.network.rows):
            feed = self._filled(self.sampled[start : start + self.trainer.network.rows])
            with kernels.exclusive.lock:
                feed.pass_lengths()
                for node, y in feed.executor.outputs(training=self.untrained):
                    if any(part.layer.yaml_name in CLIPPED for part in (node, *node.fused)):
                        highest = y.reshape(-1, y.shape[-1]).max(axis=0)
                        largest[node.name] = np.maximum(largest.get(node.name, highest), highest)
        return {name: (int((highest <= 0).sum()), len(highest)) for name, highest in largest.items()}

    @property
    def sampled(self) -> np.ndarray:
        """Indices of the training samples that are tried."""
        return evenly(len(self.setup.splits.train), SAMPLES)

    @cached_property
    def gradient_sizes(self) -> dict[str, float]:
        """The root mean square of the gradient of each layer's weights, in the order of the layers, for one batch."""
        trainer, network = self.trainer, self.trainer.network
        feed = self._filled(evenly(len(self.setup.splits.train), network.rows)[: network.rows])
        with kernels.exclusive.lock:
            feed.forward(training=True)
            assert feed.gradient is not None
            trainer.config.loss(feed.prediction, feed.target, feed.weight, feed.gradient)
            feed.executor.backward()
            return {node.name: self._gradient_size(node) for node in self.learning}

    def _gradient_size(self, node: Node) -> float:
        arrays = [
            self.trainer.network.arena.gradients[name].astype(np.float64) for name in self.weights_of(node)
        ]
        return float(np.sqrt(sum((array**2).sum() for array in arrays) / sum(array.size for array in arrays)))

    def _filled(self, indices: np.ndarray) -> Feed:
        with kernels.exclusive.lock:
            feed = self.trainer.feeds.filled(self.setup.splits.train, indices)
        feed.info.fresh = True
        return feed
