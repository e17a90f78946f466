"""Step: one training step, from a batch in the network to moved parameters."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nntrain import kernels, randomness
from nntrain.config.schema import Config
from nntrain.inference.evaluate import Port, Tally
from nntrain.network.memory import zeros
from nntrain.network.network import Network
from nntrain.run.checkpoint import AVERAGE


class Step:
    """Holds what every step needs; `slots` are the optimizer's arrays, by name, as long as theta."""

    def __init__(self, config: Config, network: Network):
        self.config = config
        self.network = network
        size, dtype = network.theta.size, network.theta.dtype
        self.slots = {name: zeros(size, dtype) for name in config.optimizer.slot_names()}
        self.average = zeros(size, dtype) if config.train.ema else None

    def __call__(self, port: Port, step: int, lr: float, tally: Tally, fresh: bool = True) -> float:
        """The mean loss of the batch that is in the port, before the step. Not finite: the parameters were left alone.

        step counts from 1. fresh: the batch does not go on from the one before.
        """
        self.network.info.fresh = fresh
        loss_sum, weight_sum = self.move(port, step, lr)
        if not math.isfinite(loss_sum):
            return loss_sum
        tally.add(loss_sum, weight_sum, port)
        return loss_sum / weight_sum if weight_sum else 0.0

    def move(self, port: Port, step: int, lr: float) -> tuple[float, float]:
        """Forward, loss, backward and update on the batch that is in the port. Gives the loss's sum and its weight."""
        network, config = self.network, self.config
        network.info.step = step
        port.forward(training=True)
        loss_sum, weight_sum = config.loss(port.prediction, port.target, port.weight, port.gradient)
        if math.isfinite(loss_sum) and weight_sum:  # where no row counts, there is nothing to learn
            port.executor.backward()
            self.shape_gradient(step)
            config.optimizer.update(network.theta, network.grad, self.slots, lr, step, network.arena.decayed)
            if self.average is not None:
                decay = (
                    config.train.ema.decay if step > 1 else 0.0
                )  # the average starts where the first step leads
                kernels.gradient.average(self.average, network.theta, decay)
        return loss_sum, weight_sum

    def arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint must keep of the steps so far, each (learning parameters,)."""
        kept = {f"optimizer.{name}": slot for name, slot in self.slots.items()}
        return kept if self.average is None else {**kept, AVERAGE: self.average}

    def shape_gradient(self, step: int) -> None:
        """Adds the penalty's gradient and the noise, then clips."""
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
        if bounds.value:
            kernels.gradient.clip(grad, bounds.value)
        elif (norm := math.sqrt(kernels.reduce.sum_of_squares(grad))) > bounds.norm:
            kernels.gradient.scale(grad, bounds.norm / norm)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it, the network has the average of its parameters, where one is kept."""
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
