"""Fitting: trains networks of different widths on the data of a setup, in memory, and keeps their functions as they change."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from nntrain.config.schema import Config
    from nntrain.layers.layer import Layer
    from nntrain.training.setup import Setup

STEPS = 3000  # of a training, at most, unless the epochs are given


class Fitted(NamedTuple):
    """A trained network: its function at each of some moments (moments, points), their epochs, and the final loss (NaN: diverged)."""

    curves: np.ndarray
    epochs: np.ndarray
    loss: float


def hidden_layers(config: "Config") -> list[int]:
    """The places of the dense layers of a model, but for its last layer."""
    from nntrain.layers.dense import Dense

    layers = config.model.layers
    return [place for place, layer in enumerate(layers[:-1]) if isinstance(layer, Dense)]


def with_width(config: "Config", units: int, epochs: int) -> "Config":
    """The config with so many units in each hidden layer, which only evaluates at its end."""
    from nntrain.config.train_section import IntervalSection

    layers: list[Layer] = list(config.model.layers)
    for place in hidden_layers(config):
        layers[place] = layers[place].model_copy(update={"units": units})
    shorter = {
        "epochs": epochs,
        "schedule_epochs": None,
        "evaluate_every": IntervalSection(epochs=epochs),
        "early_stopping": None,
        "record": None,
    }
    return config.model_copy(
        update={
            "model": config.model.model_copy(update={"layers": tuple(layers)}),
            "train": config.train.model_copy(update=shorter),
        }
    )


def epochs_for(setup: "Setup", wanted: int | None) -> int:
    """The epochs of a training: those wanted, or the config's, as far as they have at most STEPS steps."""
    if wanted is not None:
        return wanted
    return max(min(setup.config.train.epochs, STEPS // len(setup.batches())), 1)


def fitted(setup: "Setup", units: int, epochs: int, grid: np.ndarray, moments: int) -> Fitted:
    """Trains the setup's network with `units` hidden units; its function on the grid before, and at `moments` - 1 later steps that
    are evenly spaced on a logarithmic scale.
    """
    from nntrain.data.conform.arrays import unlabeled
    from nntrain.inference.evaluate import evaluate, predictions
    from nntrain.run.memory import MemoryRecord
    from nntrain.training.diagnosis import Diverged
    from nntrain.training.loop import Trainer
    from nntrain.training.record import Silent
    from nntrain.training.setup import prepare

    own = prepare(with_width(setup.config, units, epochs), Path(), loaded=(setup.splits, setup.indices))
    trainer = Trainer(own)
    trainer.network.initialize()
    train = setup.splits.train
    points = unlabeled(train, grid[:, None].astype(train.x.dtype))
    loss = own.config.loss

    def curve() -> np.ndarray:
        return loss.point(predictions(trainer.network, points)).ravel()

    total = epochs * len(trainer.batches)
    steps = set(np.unique(np.geomspace(1, total, moments - 1).round().astype(int)).tolist())
    curves, reached = [curve()], [0.0]

    class Watcher(Silent):
        def stepped(self, state: Any, loss: float, lr: float, rows: int) -> None:
            if state.step in steps:
                curves.append(curve())
                reached.append(state.step / len(trainer.batches))

    judged = next(reversed(own.splits.parts().values()))
    try:
        trainer.train(MemoryRecord(), Watcher(), False)
        final = evaluate(trainer.feeds, judged, loss, ())["loss"]
    except Diverged:
        final = float("nan")
    return Fitted(np.array(curves), np.array(reached), final)
