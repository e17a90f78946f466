"""Network check: a network with its loss and penalty on the first training samples, in training mode with fixed masks."""

import time
from collections.abc import Callable, Iterator

import numpy as np

from nntrain import kernels, randomness
from nntrain.gradient_check.check import Check, Cost, Sampling
from nntrain.gradient_check.tensor import check_tensor
from nntrain.inference.feed import Feeds
from nntrain.network.network import Network
from nntrain.network.snapshot import Snapshot, load_for_inference
from nntrain.training.setup import Setup

ROWS = 16
MOVE = 0.01  # far beyond the steps of the differences, and too little to change what the network does


class NetworkCheck:
    """Checks at the initial parameters, or at those of a snapshot; see `leave_special_points`."""

    def __init__(
        self,
        setup: Setup,
        snapshot: Snapshot | None = None,
        rows: int = ROWS,
        sampling: Sampling | None = None,
    ):
        train = setup.splits.train
        counting = np.arange(len(train)) if train.weight is None else np.flatnonzero(train.weight)
        rows = min(rows, len(counting))
        self.config = setup.config
        self.sampling = sampling
        self.network = setup.network(rows, precision="float64")
        if snapshot is not None:
            load_for_inference(self.network, snapshot)
        self.moved = leave_special_points(self.network, setup.config.seed)
        self.states = [
            (state, state.copy()) for state in (*self.network.state.values(), *self.network.carried.values())
        ]
        self.feed = Feeds(self.network, train).at(rows)
        train.gather(counting[:rows], self.feed.batch)

    def loss(self, gradient: np.ndarray | None = None) -> float:
        """The mean loss with the penalty. States are reset, so that it is a function of the parameters alone."""
        feed, penalty = self.feed, self.config.train.regularize
        for state, start in self.states:
            state[...] = start
        feed.forward(training=True)
        gradient = feed.no_gradient if gradient is None else gradient
        total, weight = self.config.loss(feed.prediction, feed.target, feed.weight, gradient)
        weights = [self.network.theta[place] for place in self.network.arena.weights()]
        return (
            total / weight
            + penalty.l1 * sum(float(np.abs(part).sum()) for part in weights)
            + penalty.l2 * sum(float(np.square(part).sum()) for part in weights)
        )

    def backward(self) -> None:
        """Computes the gradient of `loss`; call it after `loss(gradient)`."""
        self.feed.executor.backward()
        penalty, network = self.config.train.regularize, self.network
        if penalty.l1 or penalty.l2:
            for place in network.arena.weights():
                kernels.gradient.add_penalty(
                    network.grad[place], network.theta[place], penalty.l1, penalty.l2
                )

    def run(self) -> Iterator[Check]:
        self.network.forget_gradients()
        self.loss(self.feed.gradient)
        self.backward()
        arena = self.network.arena
        gradients = {name: array.copy() for name, array in arena.gradients.items()}
        for name, gradient in gradients.items():
            component, _, tensor = name.rpartition(".")
            yield check_tensor(component, tensor, arena.parameters[name], gradient, self.loss, self.sampling)

    def cost(self) -> Cost:
        def backward() -> None:
            self.loss(self.feed.gradient)
            self.backward()

        loss_s = _median_time(self.loss)
        return Cost(self.network.theta.size, max(_median_time(backward) - loss_s, 0.0), loss_s)


def leave_special_points(network: Network, seed: int) -> int:
    """Moves parameters at values where many kinks meet, by normal numbers of standard deviation `MOVE`. Returns how many.

    Zero biases put ReLU on black pixels at exactly 0, equal weights let all inputs of max pooling tie. There backprop chooses
    one of the one-sided derivatives at each kink, and their sum may lie outside those of the loss. So tensors of one value
    are moved, and zeros among biases.
    """
    moved = 0
    roles = {
        f"{node.name}.{name}": param.role
        for node in network.graph.layers
        for name, param in node.parameters.items()
    }
    for name, values in network.arena.parameters.items():
        if values.size > 1 and np.ptp(values) == 0:
            chosen = np.ones(values.shape, bool)
        else:
            chosen = (values == 0) & (roles[name] != "weight")
        noise = randomness.normal(randomness.key(seed, "gradcheck", "move", name), values.size)
        values[chosen] += MOVE * noise.reshape(values.shape)[chosen]
        moved += int(chosen.sum())
    return moved


def _median_time(call: Callable[[], object], repeats: int = 20) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
