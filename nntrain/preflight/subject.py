"""Subject: what checks look at: the data, the network at its initial weights, its first steps."""

import math
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.data.dataset import Dataset
from nntrain.inference import baseline
from nntrain.inference.evaluate import evaluate
from nntrain.network.node import Node
from nntrain.preflight import samples
from nntrain.preflight.columns import chance_of_equal
from nntrain.preflight.cost import Cost, cost_of, evaluation_s
from nntrain.preflight.finding import Finding
from nntrain.preflight.one_batch import one_batch
from nntrain.preflight.spread import Spread, layer_facts
from nntrain.preflight.trial import Trial, first_steps, restored
from nntrain.run.pretrained import initialize
from nntrain.run.review.evidence import SAMPLES, Evidence, Scores
from nntrain.training.loop import Trainer
from nntrain.training.scales import evenly
from nntrain.training.setup import Setup

T = TypeVar("T")


class Subject:
    """A config with its data, and all that is measured before training. Nothing is written; relative paths count from `folder`."""

    def __init__(self, setup: Setup, folder: Path):
        self.setup = setup
        self.findings: list[Finding] = []  # of the checks so far, which may explain what others see
        self.trainer = trainer = Trainer(setup)
        initialize(setup.graph, trainer.network, folder)
        begun = time.perf_counter()
        trainer.warm_up()
        compile_s = time.perf_counter() - begun
        unknown = {split: {"loss": math.nan} for split in setup.splits.parts()}
        self.baseline: Scores = self._safely("the baseline", trainer.baseline, unknown)
        self.trial = Trial()
        self.evidence = Evidence(trainer, {}, self.baseline, self.trial.record, untrained=True)
        # Restored are the statistics of batch norm, and the states that are carried over.
        with restored(trainer), np.errstate(all="ignore"), kernels.denormals.flushed():
            self._look_at_initial_network()
        self.one_batch = self._safely("one batch", lambda: one_batch(trainer), None)
        evaluation = evaluation_s(trainer)
        first_steps(trainer, self.trial)
        self.cost: Cost = cost_of(trainer, compile_s, self.trial.step_s, evaluation)

    def _safely(self, what: str, compute: Callable[[], T], otherwise: T) -> T:
        """What depends on more than training itself does, such as the best constant of a plugin's loss, is a warning if it fails."""
        try:
            return compute()
        except Exception as error:
            text = f"cannot compute {what}: {type(error).__name__}: {error}"
            self.findings.append(Finding("warning", "measurements", text))
            return otherwise

    def _look_at_initial_network(self) -> None:
        trainer, config = self.trainer, self.config
        some = self.train.select(evenly(len(self.train), SAMPLES))
        first_loss = evaluate(trainer.feeds, some, config.loss, ())["loss"]
        self.inactive_units = self.evidence.inactive_units
        self.gradient_sizes = self.evidence.gradient_sizes
        rows = evenly(len(self.train), trainer.network.rows)[: trainer.network.rows]
        with kernels.exclusive.lock:
            feed = trainer.feeds.filled(self.train, rows)
            feed.info.fresh = True
        self.input = Spread.of(feed.batch.x)
        self.layers, batch_loss = layer_facts(feed, config.loss)
        # Batch norm has no statistics yet that evaluation could use.
        by_batch = any(node.layer.depends_on_batch for node in self.setup.graph.layers)
        self.first_loss: float = batch_loss if by_batch else first_loss

    @cached_property
    def expected_loss(self) -> float:
        """About where the loss should start: that of equal probabilities for a loss of logits, else of the best constant prediction."""
        loss = self.config.loss
        if not loss.from_logits:
            return float(self.baseline["train"]["loss"])
        undecided = np.zeros(self.setup.graph.output.shape[-1])
        dtype = self.trainer.network.dtype
        return float(baseline.scores(loss, (), undecided, self.train, dtype)["loss"])

    @property
    def config(self) -> Config:
        return self.setup.config

    @property
    def train(self) -> Dataset:
        return self.setup.splits.train

    @property
    def learning(self) -> list[Node]:
        """The layers with trained weights, in their order."""
        return self.evidence.learning

    def has_found(self, check: str) -> bool:
        """Whether a check before has found something, of which what another one sees is a consequence."""
        return any(finding.check == check for finding in self.findings)

    def sample(self, split: str, position: int) -> str:
        """A sample as people find it: "people.csv:12", else its number, counted from 1, in the source that the split is taken from."""
        origin, rows = self.setup.splits.parts()[split].origin, self.setup.indices.get(split)
        if origin is not None:
            return origin.place(position)
        return (
            f"sample {position + 1:,} of the {split} split"
            if rows is None
            else f"sample {rows[position] + 1:,}"
        )

    @cached_property
    def keys(self) -> dict[str, np.ndarray]:
        """For each split one number per sample, equal for equal inputs; empty where samples are not compared."""
        parts = self.setup.splits.parts()
        if not all(samples.comparable(data) for data in parts.values()):
            return {}
        return {name: samples.keys(data) for name, data in parts.items()}

    @cached_property
    def chance_of_equal(self) -> float:
        """The probability that two samples have equal inputs by chance."""
        return chance_of_equal(self.train)
