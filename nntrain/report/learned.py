"""Learned: what a network with one or two inputs made of its data, as a picture; larger inputs have none."""

from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.network.network import Network
from nntrain.training.evaluate import predictions
from nntrain.training.setup import Setup

CELLS = 300  # of the plane, along each side


def draw_learned(folder: Path, setup: Setup, network: Network) -> Path | None:
    """Draws fit.png (one number from one) or regions.png (classes in the plane) where that is what the data are."""
    train, test = setup.splits.train, setup.splits.test
    if train.input_shape == (1,) and train.target_shape == (1,):
        from nntrain.report.plots import draw_fit, grid_over

        grid = grid_over(train.x, CELLS * 2)[0]
        found = predictions(network, like(train, grid[:, None]))
        held_out = (test.x, test.target) if test is not None else (None, None)
        draw_fit(folder, train.x, train.target, grid, found, None, *held_out)
        return folder / "fit.png"
    if train.input_shape == (2,) and train.classes and train.target_shape == ():
        from nntrain.report.plots import draw_decision, grid_over

        across, up = grid_over(train.x, CELLS)
        plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        found = probabilities(predictions(network, like(train, plane)), setup.config.loss.from_logits)
        draw_decision(folder, train.x, train.target, across, up, found.reshape(len(up), len(across), -1), list(train.classes))
        return folder / "regions.png"
    return None


def like(data: Dataset, x: np.ndarray) -> Dataset:
    """Inputs x in the units of `data`, with no targets to speak of."""
    return Dataset(x.astype(data.x.dtype), np.zeros((len(x), *data.target_shape), data.target.dtype), data.classes,
                   shift=data.shift, scale=data.scale)


def probabilities(outputs: np.ndarray, from_logits: bool) -> np.ndarray:
    """(samples, classes): how likely each class is by the network's outputs; of least squares, its answers cut to [0, 1]."""
    outputs = outputs.astype(np.float64)
    if outputs.shape[1] == 1:  # one logit for the second of two classes
        outputs = np.concatenate([np.zeros_like(outputs), outputs], axis=1)
    if not from_logits:
        return outputs.clip(0, 1)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
