"""Runs whose outputs a test chooses: the inputs are the outputs, and the network is the identity."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.config import Document, checked
from nntrain.data.dataset import Dataset, Splits
from nntrain.report.pictures.subject import Subject
from nntrain.training.setup import prepare
from tests.support.pictures import subject_of

TEXT = """
data: digits
model: {{layers: [{layers}]}}
loss: {loss}
optimizer: {{sgd: {{lr: 0.1}}}}
train: {{epochs: 1, batch_size: 2}}
"""


def run_of(data: Dataset | Splits, layers: str, loss: str) -> Subject:
    """A run of a network on data in memory; its parameters are the initial ones."""
    config, _ = checked(Document.parse(TEXT.format(layers=layers, loss=loss)))
    splits = Splits(train=data, test=data) if isinstance(data, Dataset) else data
    setup = prepare(config, Path(), to_train=False, loaded=(splits, {}))
    return subject_of(setup, setup.network(256, backward=False))


def with_outputs(
    outputs: Any, target: Any, classes: tuple[str, ...] = (), loss: str = "cross_entropy", **more: Any
) -> Subject:
    """A run that predicts these outputs (samples, outputs), or (samples, steps, outputs) for targets per step."""
    outputs = np.asarray(outputs, np.float32)
    target = np.asarray(target, np.int32 if classes else np.float32)
    data = replace(Dataset(outputs, target, classes), **more)
    subject = run_of(data, f"dense: {outputs.shape[-1]}", loss)
    parameters = subject.network.arena.parameters
    parameters["dense_1.weight"][...] = np.eye(outputs.shape[-1])
    parameters["dense_1.bias"][...] = 0
    return subject


def logits(draw: np.random.Generator, samples: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs that are mostly right, and the true classes."""
    target = draw.integers(0, classes, samples)
    return draw.normal(size=(samples, classes)) + 2 * (target[:, None] == np.arange(classes)), target
