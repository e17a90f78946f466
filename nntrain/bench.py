"""Bench: the cost of one training step per layer, compared with the machine's peak performance."""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from nntrain import kernels
from nntrain.errors import ConfigError
from nntrain.inference.feed import Feeds
from nntrain.network.network import Executor
from nntrain.training.memory import memory_problems
from nntrain.training.setup import Setup
from nntrain.training.step import Step

SECONDS = 2.0  # of timed steps
FEWEST = 5


@dataclass
class LayerTime:
    """Medians of one node; gflops counts the multiply-adds of forward and backward."""

    name: str
    forward_us: float
    backward_us: float
    gflops: float


@dataclass
class Bench:
    """step_us is the median over whole steps on the same batch: forward, loss, backward, optimizer."""

    step_us: float
    samples_per_s: float
    gflops: float
    peak_gflops: float
    compile_s: float
    peak_rss_mb: float
    batch_size: int
    threads: int
    other_us: float  # loss, clipping, optimizer
    layers: list[LayerTime] = field(default_factory=list)

    def to_dict(self) -> dict:
        return asdict(self)


def bench(setup: Setup, batch_size: int | None, threads: int, seconds: float = SECONDS) -> Bench:
    """Times training steps of the setup's network on its first samples."""
    config, data = setup.config, setup.splits.train
    rows = batch_size or (len(data) if config.train.batch_size == "full" else config.train.batch_size)
    if problems := memory_problems(config, setup.graph, rows):
        raise ConfigError(problems)
    network = setup.network(rows)
    feed = Feeds(network, data).at(rows)
    data.gather(np.arange(rows) % len(data), feed.batch)
    step = Step(config, network)
    step.begin()
    number = iter(range(1, sys.maxsize))
    lr = config.optimizer.lr * 1e-3  # small, so that the loss does not diverge

    def move() -> None:
        step.move(feed, next(number), lr)

    begun = time.perf_counter()
    move()
    compile_s = time.perf_counter() - begun
    step_s = median_time(move, seconds)
    layers, spent_s = time_layers(feed.executor, move, seconds)
    flops = sum(training_flops(feed.executor, name) for name in feed.executor.contexts)
    return Bench(
        step_us=1e6 * step_s,
        samples_per_s=rows / step_s,
        gflops=flops / step_s / 1e9,
        peak_gflops=peak_gflops(config.train.precision, threads),
        compile_s=compile_s,
        peak_rss_mb=peak_rss_mb(),
        batch_size=rows,
        threads=threads,
        other_us=1e6 * max(step_s - spent_s, 0.0),
        layers=layers,
    )


def median_time(call: Callable[[], None], seconds: float) -> float:
    """Median seconds of a call, repeated for `seconds`."""
    call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def time_layers(
    executor: Executor, move: Callable[[], None], seconds: float
) -> tuple[list[LayerTime], float]:
    """The time of each node within whole steps, measured around its calls; and their sum in seconds."""
    with executor.timed() as times:
        median_time(move, seconds)
    medians = {key: statistics.median(seconds) for key, seconds in times.items()}
    layers = []
    for name in executor.contexts:
        ahead = medians.get((name, "forward"), 0.0)
        back = sum(spent for (node, call), spent in medians.items() if node == name and call != "forward")
        flops = training_flops(executor, name)
        layers.append(
            LayerTime(name, 1e6 * ahead, 1e6 * back, flops / (ahead + back) / 1e9 if flops else 0.0)
        )
    return layers, sum(medians.values())


def training_flops(executor: Executor, name: str) -> int:
    """FLOPs of one step: forward, and as many for each of the two gradients that are needed."""
    node = next(node for node in executor.network.graph.layers if node.name == name)
    passes = 1 + node.learns + (node.inputs[0].name in executor.network.learning)
    return passes * node.flops * executor.rows


def peak_gflops(precision: str, threads: int) -> float:
    """Peak of multiply-adds on independent registers with all threads, the best of several tries."""
    width = (
        kernels.tile.ROWS * kernels.tile.VECTORS * kernels.host.VECTOR_BYTES // np.dtype(precision).itemsize
    )
    out = np.zeros(threads * width, precision)
    a = np.zeros(kernels.peak.STEPS * kernels.tile.ROWS, precision)
    b = np.zeros(kernels.peak.STEPS * width // kernels.tile.ROWS, precision)
    kernels.peak.multiply_adds.parallel(out, a, b, 1)
    repeats, best = 2000, 0.0
    for _ in range(10):
        begun = time.perf_counter()
        kernels.peak.multiply_adds.parallel(out, a, b, repeats)
        best = max(best, 2 * repeats * kernels.peak.STEPS * out.size / (time.perf_counter() - begun) / 1e9)
    return best


def peak_rss_mb() -> float:
    """Peak resident memory of this process, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6  # macOS counts bytes, Linux KiB
