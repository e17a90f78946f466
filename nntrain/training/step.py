"""Step: one training step, from a batch in the network to updated parameters."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nntrain import kernels, randomness
from nntrain.config.schema import Config
from nntrain.inference.evaluate import Tally
from nntrain.inference.feed import Feed
from nntrain.network.memory import zeros
from nntrain.network.network import Network
from nntrain.network.snapshot import AVERAGE


class Step:
    """Holds what every step needs; `slots` are the optimizer's arrays, by name, as long as theta."""

    def __init__(self, config: Config, network: Network):
        self.config = config
        self.network = network
        size, dtype = network.theta.size, network.theta.dtype
        self.slots = {name: zeros(size, dtype) for name in config.optimizer.slot_names()}
        self.average = zeros(size, dtype) if config.train.ema else None

    def __call__(self, feed: Feed, step: int, lr: float, tally: Tally, fresh: bool = True) -> float:
        """The mean loss of the batch in the feed, before the update. If it is not finite, there is no update.

        step counts from 1. fresh: the batch does not continue the previous one.
        """
        with kernels.exclusive.lock:
            self.network.info.fresh = fresh
            loss_sum, weight_sum = self.move(feed, step, lr)
            if not math.isfinite(loss_sum):
                return loss_sum
            tally.add(loss_sum, weight_sum, feed)
            return loss_sum / weight_sum if weight_sum else 0.0

    def move(self, feed: Feed, step: int, lr: float) -> tuple[float, float]:
        """Forward, loss, backward and update on the batch in the feed. Returns the sum of the loss and of the weights."""
        network, config = self.network, self.config
        network.info.step = step
        feed.forward(training=True)
        gradient = feed.gradient
        assert gradient is not None, "a network without gradients cannot be trained"
        loss_sum, weight_sum = config.loss(feed.prediction, feed.target, feed.weight, gradient)
        if math.isfinite(loss_sum) and weight_sum:  # if all weights are 0, there is nothing to learn
            feed.executor.backward()
            self.shape_gradient(step)
            config.optimizer.update(network.theta, network.grad, self.slots, lr, step, network.arena.decayed)
            if self.average is not None and config.train.ema is not None:
                decay = config.train.ema.decay if step > 1 else 0.0  # the average starts at the first update
                kernels.gradient.average(self.average, network.theta, decay)
        return loss_sum, weight_sum

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that training needs to continue, each (learning parameters,)."""
        kept = {f"optimizer.{name}": slot for name, slot in self.slots.items()}
        return kept if self.average is None else {**kept, AVERAGE: self.average}

    def shape_gradient(self, step: int) -> None:
        """Adds the gradient of the penalty and the noise, then clips."""
        grad, train = self.network.grad, self.config.train
        penalty, noise, bounds = train.regularize, train.gradient_noise, train.grad_clip
        if penalty.l1 or penalty.l2:
            decayed = self.network.arena.decayed
            kernels.gradient.add_penalty(grad[:decayed], self.network.theta[:decayed], penalty.l1, penalty.l2)
        if noise:
            key = np.uint64(randomness.key(self.config.seed, "gradient noise", step))
            kernels.dropout.add_noise(grad, grad, key, math.sqrt(noise.eta / (1 + step) ** noise.gamma))
        if bounds is None:
            return
        if bounds.value is not None:
            kernels.gradient.clip(grad, bounds.value)
        elif (
            bounds.norm is not None and (norm := math.sqrt(kernels.reduce.sum_of_squares(grad))) > bounds.norm
        ):
            kernels.gradient.scale(grad, bounds.norm / norm)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Meanwhile the network has the average of its parameters, if the run keeps one."""
        if self.average is None:
            yield
            return
        theta = self.network.theta
        moving = theta.copy()
        theta[...] = self.average
        try:
            yield
        finally:
            theta[...] = moving
