"""Ascent: the second gradient of `sam`, at the worst point near the parameters."""

import math
from collections.abc import Callable

import numpy as np

from nntrain import kernels
from nntrain.inference.feed import Feed
from nntrain.network.memory import zeros
from nntrain.network.network import Network


class Ascent:
    """Computes a gradient again at theta + radius grad / |grad|, on the batch in the feed and with the same random masks.

    Parameters, running statistics, what stateful layers carry and predictions are afterwards those of the first gradient: so the
    statistics are updated once, as in the implementation of the paper's authors.
    """

    def __init__(self, radius: float, network: Network):
        self.radius, self.network = radius, network
        self.theta = zeros(network.theta.size, network.theta.dtype)
        self.before: list[np.ndarray] = []  # what stateful layers carry into the batch

    def remember(self) -> None:
        """Before the first gradient."""
        self.before = [state.copy() for state in self.network.carried.values()]

    def __call__(self, feed: Feed, differentiate: Callable[[], object]) -> None:
        """After it; `differentiate` computes the gradient of the network as it is."""
        network, theta = self.network, self.network.theta
        norm = math.sqrt(kernels.reduce.sum_of_squares(network.grad))
        if norm == 0 or not math.isfinite(norm):
            return  # no direction; what is not finite stays for the checks of the update
        self.theta[...] = theta
        kept = [*network.state.values(), *network.carried.values(), feed.prediction]
        copies = [array.copy() for array in kept]
        for state, before in zip(network.carried.values(), self.before, strict=True):
            state[...] = before
        kernels.gradient.add_scaled(theta, network.grad, self.radius / norm)
        differentiate()
        theta[...] = self.theta
        for array, copy in zip(kept, copies, strict=True):
            array[...] = copy
