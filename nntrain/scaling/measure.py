"""Measure: times the parts of whole sharded training steps on all ranks."""

import itertools
import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import numpy as np

from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.distributed.shards import Shards
from nntrain.inference.evaluate import Tally
from nntrain.inference.feed import Feed
from nntrain.network.network import Network
from nntrain.scaling.link import ASSUMED, measured_link
from nntrain.scaling.prediction import Costs, Link, Predicted, same_batch, same_per_rank, step_time
from nntrain.scaling.repeating import repeats, times_of
from nntrain.scaling.timed_ranks import TimedRanks
from nntrain.training.loader import LoadedBatch, Loader
from nntrain.training.loop import memory_for
from nntrain.training.setup import Setup
from nntrain.training.sharded_step import PENDING, ShardedStep

SECONDS = 1.0  # of timed steps
ROUNDS = 3  # of these: the first long message between two ranks took 60 ms
SECONDS_PER_SIZE = 0.1  # of each smaller shard


@dataclass
class Scaling:
    """What `bench --shards` found. The step is the median of whole steps on one batch; its parts are timed in further steps."""

    step_us: float
    samples_per_s: float
    batch_size: int
    shards: int
    ranks: int
    hosts: list[str]  # of the ranks
    threads: int  # per rank
    forward_backward_us: float  # all shards of the slowest rank
    repeated_us: float  # the update, and what every rank repeats
    exchange_us: float
    wait_us: float  # for the slowest rank
    sent_bytes: float  # by a rank in a step
    shard_us: dict[int, float]  # by the rows of a shard
    latency_us: float
    bandwidth_gbit_s: float
    link_measured: bool
    predicted_us: float  # of this number of ranks
    same_batch: list[Predicted] = field(default_factory=list)
    same_per_rank: list[Predicted] = field(default_factory=list)

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class WatchedBatch(LoadedBatch):
    """A batch after whose shards this rank waits for the others; it notes the time before, between and after."""

    ranks: TimedRanks
    times: list[float] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, Feed]]:
        self.times.append(time.perf_counter())
        yield from super().__iter__()
        self.times.append(time.perf_counter())
        self.ranks.barrier()
        self.times.append(time.perf_counter())


class StepTimer:
    """Steps on the first batch of a setup, cut into shards."""

    def __init__(self, setup: Setup, ranks: Ranks, shards: Shards, network: Network):
        self.ranks, self.shards, self.network = TimedRanks(ranks), shards, network
        own = self.shards.share(ranks.rank, ranks.size)
        self.loader = Loader(setup.batches(), setup.augmenter(), self.network, False, self.shards, own)
        self.step = ShardedStep(setup.config, self.network, self.shards, self.ranks)
        self.step.begin()
        self.tally = Tally(setup.config.loss, setup.config.metrics)
        self.numbers = itertools.count(1)
        self.lr = setup.config.optimizer.lr * 1e-3  # small, so that the loss does not diverge

    def take(self, batch: LoadedBatch) -> None:
        self.step(batch, next(self.numbers), self.lr, self.tally)
        self.step.agreed(False, False)  # as the loop asks whether to stop and whether to save

    def move(self) -> None:
        self.take(self.loader.batch(0, 0))

    def move_in_parts(self) -> np.ndarray:
        """(4,) seconds: the shards, waiting for the others, the exchange, the rest."""
        batch = WatchedBatch(self.loader, 0, 0, self.shards.batch_rows, self.ranks)
        self.ranks.exchange_s = 0.0
        begun = time.perf_counter()
        self.take(batch)
        whole = time.perf_counter() - begun
        first, computed, together = batch.times
        parts = computed - first, together - computed, self.ranks.exchange_s
        return np.array([*parts, whole - sum(parts)])

    def warm_up(self) -> None:
        """Compiles, without the other ranks."""
        with self.step.alone():
            self.step(self.loader.batch(0, 0), next(self.numbers), self.lr, self.tally)
            self.collect()

    def update(self) -> None:
        """Of all parameters, by the gradient of the last step."""
        self.step.update(next(self.numbers), self.lr)

    def collect(self) -> None:
        self.step.collect(self.tally)


def measure(
    setup: Setup,
    ranks: Ranks,
    threads: int,
    latency_s: float | None = None,
    bytes_per_s: float | None = None,
) -> Scaling:
    """Times steps on all ranks, which call this together, and predicts those on others.

    latency_s, bytes_per_s: predict for such a network, instead of the one between these ranks; a single one assumes `ASSUMED`.
    """
    shards = setup.shards()
    network = setup.network(shards.rows, memory=memory_for(ranks))
    timer = StepTimer(setup, ranks, shards, network)
    with ranks.in_turn():  # the first rank of a machine compiles for the others
        timer.warm_up()
    step_s = statistics.median(times_of(timer.move, SECONDS, ranks))
    computing, waiting, exchange, rest, collecting = parts_of_step(timer, ranks)
    update_s = max(ranks.gathered(statistics.median(times_of(timer.update, SECONDS_PER_SIZE, ranks))))
    in_parts = not timer.step.needs_whole_gradient
    own_update_s = update_s / (ranks.size if in_parts else 1)
    costs = Costs(
        {**small_shards(setup, network, ranks), shards.rows: computing * ranks.size / shards.count},
        update_s,
        in_parts,
        max(rest - own_update_s, 0.0),
        collecting / shards.count,
        network.grad.size,
        sum(state.size for state in network.state.values()),
        network.dtype.itemsize,
    )
    found = measured_link(ranks, network.grad.size) if ranks.size > 1 else ASSUMED
    link = Link(
        found.latency_s if latency_s is None else latency_s,
        found.bytes_per_s if bytes_per_s is None else bytes_per_s,
    )
    step_s += collecting
    return Scaling(
        step_us=1e6 * step_s,
        samples_per_s=shards.batch_rows / step_s,
        batch_size=shards.batch_rows,
        shards=shards.count,
        ranks=ranks.size,
        hosts=ranks.gathered(platform.node()),
        threads=threads,
        forward_backward_us=1e6 * computing,
        repeated_us=1e6 * (rest + collecting),
        exchange_us=1e6 * exchange,
        wait_us=1e6 * waiting,
        sent_bytes=costs.traffic(shards.count, ranks.size).sent,
        shard_us={rows: 1e6 * spent for rows, spent in costs.shard_s.items()},
        latency_us=1e6 * link.latency_s,
        bandwidth_gbit_s=8e-9 * link.bytes_per_s,
        link_measured=link == found and ranks.size > 1,
        predicted_us=1e6 * step_time(costs, found, shards.rows, shards.count, ranks.size),
        same_batch=same_batch(costs, link, shards.batch_rows, shards.count),
        same_per_rank=same_per_rank(costs, link, shards.batch_rows, shards.count),
    )


def parts_of_step(timer: StepTimer, ranks: Ranks) -> list[float]:
    """Seconds of the shards, waiting, the exchange, the rest, and collecting the sums for the metrics, which happens now and then.

    Of the slowest rank; of waiting and the exchange, the mean over the ranks.
    """
    count = repeats(timer.move, SECONDS / ROUNDS, ranks, most=PENDING - 1)
    timer.collect()
    steps, collecting = [], []
    for _ in range(ROUNDS):
        steps += [timer.move_in_parts() for _ in range(count)]
        timer.ranks.barrier()
        begun = time.perf_counter()
        timer.collect()
        collecting.append((time.perf_counter() - begun) / count)
    parts = np.median(steps, axis=0)
    by_rank = np.array(ranks.gathered([*parts.tolist(), statistics.median(collecting)]))
    slowest, mean = by_rank.max(axis=0), by_rank.mean(axis=0)
    return [slowest[0], mean[1], mean[2], slowest[3], slowest[4]]


def small_shards(setup: Setup, network: Network, ranks: Ranks) -> dict[int, float]:
    """The time of shards of 1, 2, 4, ... rows, fewer than those of the setup; each rank computes some, at the same time."""
    found = {}
    fewest = max(node.layer.minimum_rows(*node.input_shapes) for node in setup.graph.layers)
    for rows in (1 << level for level in range((setup.shards().rows - 1).bit_length())):
        if rows < fewest:
            continue
        timer = StepTimer(setup, ALONE, Shards(1, rows), network)
        timer.move()
        ranks.any(False)
        count = repeats(timer.move, SECONDS_PER_SIZE, ALONE)
        own = float(np.median([timer.move_in_parts()[0] for _ in range(count)]))
        found[rows] = statistics.fmean(ranks.gathered(own))
    return found
