"""Measure: times training steps of a network on one batch, and their parts in further steps."""

import itertools
import os
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from nntrain import __version__, kernels
from nntrain.bench.layers import layer_times, training_flops
from nntrain.bench.peak import Peak
from nntrain.bench.result import Bench
from nntrain.config.schema import Config
from nntrain.errors import ConfigError
from nntrain.inference.evaluate import Tally
from nntrain.inference.feed import Feeds
from nntrain.machine import cpu_name
from nntrain.network.network import timed_call
from nntrain.training.memory import memory_problems
from nntrain.training.setup import Setup
from nntrain.training.step import Step

SECONDS = 2.0  # of whole steps, and of steps whose parts are timed
ROUNDS = 5  # in which both alternate, with the peak in between
BESIDE_S = 0.1  # of loading the batch, and of the metrics
FEWEST = 5


class StepTimer:
    """A network's steps on the first samples of its data."""

    def __init__(self, setup: Setup, rows: int):
        self.config, self.rows = setup.config, rows
        self.network = setup.network(rows)
        data = setup.splits.train
        self.augmenter = setup.augmenter(rows)
        self.feed = Feeds(self.network, data, self.augmenter.mixed_outputs).at(rows)
        self.indices = np.arange(rows) % len(data)
        self.step = Step(self.config, self.network)
        self.step.begin()
        self.numbers = itertools.count(1)
        self.lr = self.config.optimizer.lr * 1e-3  # small, so that the loss does not diverge
        self.tally = Tally(self.config.loss, self.config.metrics)
        self.load()

    def load(self) -> None:
        self.augmenter.gather(self.indices, 0, self.feed.batch)

    def move(self) -> tuple[float, float]:
        return self.step.move(self.feed, next(self.numbers), self.lr)


def bench(
    setup: Setup, batch_size: int | None, threads: int, seconds: float = SECONDS, name: str = ""
) -> Bench:
    """Times training steps of the setup's network. name: of the config's file."""
    config = setup.config
    rows = batch_size or setup.batches().rows
    if problems := memory_problems(config, setup.graph, rows):
        raise ConfigError(problems)
    timer = StepTimer(setup, rows)
    executor = timer.feed.executor
    begun = time.perf_counter()
    sums = timer.move()
    compile_s = time.perf_counter() - begun
    peak = Peak(timer.network.dtype, threads)
    whole: list[float] = []
    in_parts: list[float] = []  # steps whose parts are timed
    layer_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    part_s: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        peak.measure()
        whole += times_of(timer.move, seconds / ROUNDS, 1)
        with executor.timed() as of_layers, timer.step.timed() as of_parts:
            in_parts += times_of(timer.move, seconds / ROUNDS, 1)
        extend(layer_s, of_layers)
        extend(part_s, of_parts)
    peak.measure()
    step_s = statistics.median(whole)
    layers, in_layers_s = layer_times(executor, layer_s)
    names = part_names(config)
    parts = {names[key]: statistics.median(spent) for key, spent in part_s.items() if key in names and spent}
    timing_s = (len(layer_s) + len(part_s)) * seconds_per_timed_call()
    parts["Python and calls"] = max(
        statistics.median(in_parts) - in_layers_s - sum(parts.values()) - timing_s, 0.0
    )
    flops = sum(training_flops(executor, layer) for layer in executor.contexts)
    return Bench(
        step_us=1e6 * step_s,
        samples_per_s=rows / step_s,
        gflops=flops / step_s / 1e9,
        peak_gflops=max(peak.gflops, *(layer.gflops for layer in layers if layer.algorithm is None), 0.0),
        compile_s=compile_s,
        peak_rss_mb=peak_rss_mb(),
        batch_size=rows,
        threads=threads,
        other_us=1e6 * sum(parts.values()),
        layers=layers,
        parts={part: 1e6 * spent for part, spent in parts.items()},
        data_us=1e6 * statistics.median(times_of(timer.load, BESIDE_S)),
        metrics_us=1e6 * statistics.median(times_of(lambda: timer.tally.add(*sums, timer.feed), BESIDE_S)),
        flops=flops,
        config=name,
        precision=config.train.precision,
        cpu=cpu_name(),
        cores=os.cpu_count() or 0,
        vector_lanes=kernels.host.FLOAT32_LANES,
        version=__version__,
    )


def part_names(config: Config) -> dict[str, str]:
    """What the methods of a step do that are timed, by their names; without those that do nothing."""
    train = config.train
    shaping = {
        "penalty": train.regularize.l1 or train.regularize.l2,
        "noise": train.gradient_noise,
        "clipping": train.grad_clip,
    }
    names = {
        "loss": "loss",
        "shape_gradient": ", ".join(name for name, used in shaping.items() if used),
        "optimize": "optimizer",
        "average_parameters": "parameter average" if train.ema else "",
    }
    return {method: name for method, name in names.items() if name}


def seconds_per_timed_call(calls: int = 2000) -> float:
    """What timing a call adds to a step."""

    def run(call: Callable[[], None]) -> float:
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begun) / calls

    def nothing() -> None:
        pass

    return max(run(timed_call(nothing, [])) - run(nothing), 0.0)


def extend(lists: dict, more: Mapping) -> None:
    for key, values in more.items():
        lists[key] += values


def times_of(call: Callable[[], object], seconds: float, fewest: int = FEWEST) -> list[float]:
    """Seconds of each call, repeated for `seconds`, after one that does not count."""
    call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < fewest or time.perf_counter() < end:
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return times


def peak_rss_mb() -> float:
    """Peak resident memory of this process, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6  # macOS counts bytes, Linux KiB
