"""Cost: the measured time of one backward pass, and of the losses that would give the same gradient by finite differences."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.report.pictures.subject import Subject

SECONDS = 0.15  # of each measurement
FEWEST = 5
IN_FULL_S = 0.5  # so many seconds of losses are really computed


@dataclass
class Cost:
    """Seconds for one batch. `backward_s` includes the forward pass and the loss. `counted`: not all losses were computed."""

    parameters: int
    rows: int
    loss_s: float
    backward_s: float
    losses_s: float
    counted: bool


def measured_cost(subject: Subject) -> Cost:
    """With the kernels and the precision of training, on its first batch, in evaluation mode."""
    from nntrain import kernels
    from nntrain.inference.feed import Feeds

    setup = subject.setup
    rows = setup.batches().rows
    network = subject.learner(rows)
    feed = Feeds(network, setup.splits.train).at(rows)
    setup.splits.train.gather(np.arange(rows), feed.batch)
    theta = network.theta

    def loss(gradient: np.ndarray = feed.no_gradient) -> None:
        feed.forward(training=False)
        setup.config.loss(feed.prediction, feed.target, feed.weight, gradient)

    def backward() -> None:
        assert feed.gradient is not None, "a learner has gradients"
        loss(feed.gradient)
        feed.executor.backward()

    def losses() -> None:
        loss()
        for place in range(theta.size):
            before = theta[place]
            theta[place] = before + 1e-3
            loss()
            theta[place] = before

    with kernels.exclusive.lock, kernels.denormals.flushed():
        loss_s, backward_s = median_s(loss), median_s(backward)
        losses_s = loss_s * (theta.size + 1)
        counted = losses_s > IN_FULL_S
        if not counted:
            losses_s = timed(losses)
    return Cost(theta.size, rows, loss_s, backward_s, losses_s, counted)


def median_s(work: Callable[[], None]) -> float:
    work()  # compiles the kernels
    times: list[float] = []
    while len(times) < FEWEST or (sum(times) < SECONDS and len(times) < 1000):
        times.append(timed(work))
    return statistics.median(times)


def timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
