"""Snapshot: all that a training run consists of at one moment, as named arrays and plain values.

A checkpoint file holds one; with it alone training continues, and a network predicts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.network.network import Network

# Names of arrays: "parameter.dense_1.weight", "state.batch_norm_1.running_mean", "optimizer.momentum", ...
PARAMETER, STATE = "parameter.", "state."
AVERAGE = "average.theta"  # the moving average of the parameters, if `ema` is set
CARRIED = "carried."  # the hidden states that stateful layers carry from one batch to the next
STATISTICS = "data."  # statistics computed on the training split


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


def load_network(network: Network, snapshot: Snapshot) -> None:
    """Fills parameters and states as they are during training. The network must be of the snapshot's config."""
    for name, array in arrays_of(network).items():
        array[...] = snapshot.tensors[name]


def load_for_inference(network: Network, snapshot: Snapshot) -> None:
    """The same, with the average of the parameters if the run keeps one."""
    load_network(network, snapshot)
    if AVERAGE in snapshot.tensors:
        network.theta[...] = snapshot.tensors[AVERAGE]
