"""Learned: what a network made of its data, as a picture: a curve, regions of the plane, or forecasts; other data have none."""

from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.windows import Windows
from nntrain.inference.evaluate import predictions
from nntrain.network.network import Network
from nntrain.training.setup import Setup

CELLS = 300  # of the plane, along each side
PANELS, STEPS = 4, 60  # forecasts of several steps; steps that are foretold one at a time


def draw_learned(folder: Path, setup: Setup, network: Network) -> Path | None:
    """Draws fit.png (one number from one), regions.png (classes in the plane) or forecast.png where that is what the data are."""
    train, test = setup.splits.train, setup.splits.test
    if train.vocabulary:  # tokens are no numbers to draw
        return None
    if train.input_shape == (1,) and train.target_shape == (1,):
        from nntrain.report.pictures import draw_fit, grid_over

        grid = grid_over(train.x, CELLS * 2)[0]
        found = setup.config.loss.values(predictions(network, like(train, grid[:, None])))
        held_out = (test.x, test.target) if test is not None else (None, None)
        draw_fit(folder, train.x, train.target, grid, found, None, *held_out)
        return folder / "fit.png"
    if train.input_shape == (2,) and train.classes and train.target_shape == ():
        from nntrain.report.pictures import draw_decision, grid_over

        across, up = grid_over(train.x, CELLS)
        plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        found = setup.config.loss.probabilities(predictions(network, like(train, plane)))
        draw_decision(
            folder,
            train.x,
            train.target,
            across,
            up,
            found.reshape(len(up), len(across), -1),
            list(train.classes),
        )
        return folder / "regions.png"
    if train.series is not None and isinstance(train.target, Windows):
        from nntrain.report.pictures import draw_forecast

        draw_forecast(folder, *forecasts(setup, network))
        return folder / "forecast.png"
    return None


def forecasts(setup: Setup, network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray, str, str]:
    """What `draw_forecast` takes, of the first thing that is foretold, from the split that training saw least of."""
    split, data = next((name, data) for name, data in reversed(setup.splits.parts().items()))
    horizon = data.target.steps
    past = min(data.x.shape[1], max(4 * horizon, STEPS // 2))
    if horizon > 1:
        chosen = np.unique(np.linspace(0, len(data) - 1, PANELS).astype(int))
        what = f"{len(chosen)} places of the {split} part, each with the {horizon:,} steps that came next"
    else:
        first = len(data) // 2
        chosen = np.arange(
            first, min(first + STEPS, np.searchsorted(data.series, data.series[first], "right"))
        )
        what = f"{len(chosen)} steps of the {split} part, each foretold from all that came before it"
    some = data.select(chosen)
    values = data.target.stream.reshape(len(data.target.stream), -1)[:, 0]
    found = setup.config.loss.values(predictions(network, some)).reshape(len(some), horizon, -1)[..., 0]
    starts = some.target.starts
    truth = values[starts[:, None] + np.arange(horizon)]
    before = values[starts[:, None] + np.arange(-past, 0)]
    name = data.target_names[0].removesuffix("+1") if data.target_names else "value"
    if horizon == 1:
        before, truth, found = before[:1], truth.T, found.T
    return before, truth, found, what, name


def like(data: Dataset, x: np.ndarray) -> Dataset:
    """Inputs x in the units of `data`, with no targets to speak of."""
    return Dataset(
        x.astype(data.x.dtype),
        np.zeros((len(x), *data.target_shape), data.target.dtype),
        data.classes,
        shift=data.shift,
        scale=data.scale,
    )
