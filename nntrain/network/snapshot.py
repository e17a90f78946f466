"""Snapshot: all that a training run consists of at one moment, as named arrays and plain values.

A checkpoint file holds one; with it alone training continues, and a network predicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.network.network import Network

# Names of arrays: "parameter.dense_1.weight", "state.batch_norm_1.running_mean", "optimizer.momentum", ...
PARAMETER, STATE = "parameter.", "state."
AVERAGE = "average.theta"  # the moving average of the parameters, if `ema` is set
CARRIED = "carried."  # the hidden states that stateful layers carry from one batch to the next
STATISTICS = "data."  # statistics computed on the training split
MOST_REASONS = 8  # in one message


@dataclass
class Snapshot:
    """`tensors` by name; `facts` is what JSON can hold: the config, the training state, a description of the data."""

    tensors: dict[str, np.ndarray]
    facts: dict[str, Any]

    def statistics(self) -> dict[str, np.ndarray]:
        """The statistics computed on the training split, by name."""
        return {
            name.removeprefix(STATISTICS): array
            for name, array in self.tensors.items()
            if name.startswith(STATISTICS)
        }


def arrays_of(network: Network) -> dict[str, np.ndarray]:
    """The parameters and states of a network under their names in a snapshot; the arrays themselves, not copies."""
    arrays = {f"{PARAMETER}{name}": array for name, array in network.arena.parameters.items()}
    return arrays | {f"{STATE}{name}": array for name, array in network.state.items()}


class DoesNotFit(UserError):
    """The arrays of a snapshot are not those that the code of the layers asks for."""


def fill(arrays: Mapping[str, np.ndarray], snapshot: Snapshot) -> None:
    """Fills the arrays with those of the same names. Raises DoesNotFit for missing names and other shapes."""
    stored = snapshot.tensors
    reasons = [f"{name} is missing" for name in arrays if name not in stored]
    reasons += [
        f"{name} has shape {stored[name].shape}; the code needs {array.shape}"
        for name, array in arrays.items()
        if name in stored and stored[name].shape != array.shape
    ]
    if reasons:
        more = f"; and {len(reasons) - MOST_REASONS:,} more" if len(reasons) > MOST_REASONS else ""
        raise DoesNotFit(
            f"the checkpoint does not fit the code of its layers: {'; '.join(reasons[:MOST_REASONS])}{more}",
            "Use the plugin or the version of nntrain that it was trained with, or train again.",
        )
    for name, array in arrays.items():
        array[...] = stored[name]


def load_network(network: Network, snapshot: Snapshot) -> None:
    """Fills parameters and states as they are during training. The network must be of the snapshot's config."""
    fill(arrays_of(network), snapshot)


def load_for_inference(network: Network, snapshot: Snapshot) -> None:
    """The same, with the average of the parameters if the run keeps one."""
    load_network(network, snapshot)
    if AVERAGE in snapshot.tensors:
        fill({AVERAGE: network.theta}, snapshot)
