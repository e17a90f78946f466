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
    if train.vocabulary:  # tokens are no numbers to draw
        return None
    if train.input_shape == (1,) and train.target_shape == (1,):
        from nntrain.report.plots import draw_fit, grid_over

        grid = grid_over(train.x, CELLS * 2)[0]
        found = setup.config.loss.values(predictions(network, like(train, grid[:, None])))
        held_out = (test.x, test.target) if test is not None else (None, None)
        draw_fit(folder, train.x, train.target, grid, found, None, *held_out)
        return folder / "fit.png"
    if train.input_shape == (2,) and train.classes and train.target_shape == ():
        from nntrain.report.plots import draw_decision, grid_over

        across, up = grid_over(train.x, CELLS)
        plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        found = setup.config.loss.probabilities(predictions(network, like(train, plane)))
        draw_decision(folder, train.x, train.target, across, up, found.reshape(len(up), len(across), -1), list(train.classes))
        return folder / "regions.png"
    return None


def like(data: Dataset, x: np.ndarray) -> Dataset:
    """Inputs x in the units of `data`, with no targets to speak of."""
    return Dataset(x.astype(data.x.dtype), np.zeros((len(x), *data.target_shape), data.target.dtype), data.classes,
                   shift=data.shift, scale=data.scale)
