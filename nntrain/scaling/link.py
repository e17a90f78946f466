"""Link: the latency and the bandwidth between ranks, from the time of their sums at several sizes."""

import statistics
from collections.abc import Callable

import numpy as np

from nntrain.distributed.ranks import Ranks
from nntrain.distributed.route import Traffic, gathered, summed
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum
from nntrain.scaling.prediction import Link
from nntrain.scaling.repeating import times_of

SIZES = (256, 4096, 65_536, 1 << 20)  # values of 4 bytes
SECONDS = 0.1  # of each size
ASSUMED = Link(latency_s=20e-6, bytes_per_s=25e9 / 8)  # 25 Gbit/s Ethernet


def measured_link(ranks: Ranks, values: int) -> Link:
    """Between several ranks, with sums of the given number of values and of others."""
    found = [(gathered(1, ranks.size), seconds_of(lambda: ranks.any(False), ranks))]
    for size in sorted({*SIZES, values}):
        found.append((summed(size, 4, ranks.size), sum_seconds(size, ranks)))
    return fitted(found)


def sum_seconds(size: int, ranks: Ranks) -> float:
    """The time in which the ranks add up an array each."""
    shared = ranks.memory(size, np.dtype(np.float32))
    out = np.zeros(size, np.float32) if shared is None else shared
    sums, shards = TreeSum(), Shards(ranks.size, ranks.size)

    def exchange() -> None:
        sums.add_leaf(ranks.rank, out, own=True)
        ranks.total(out, sums, shards, ranks.size)

    return seconds_of(exchange, ranks)


def seconds_of(call: Callable[[], object], ranks: Ranks) -> float:
    return statistics.fmean(ranks.gathered(statistics.median(times_of(call, SECONDS, ranks))))


def fitted(found: list[tuple[Traffic, float]]) -> Link:
    """The latency and the bandwidth with the smallest relative errors; neither is negative."""
    terms = np.array([(traffic.messages, traffic.sent) for traffic, _ in found]) / np.array(
        [[seconds] for _, seconds in found]
    )
    latency, per_byte = np.linalg.lstsq(terms, np.ones(len(found)), rcond=None)[0]
    if latency < 0 or per_byte <= 0:  # one of the two explains it all
        best = terms.sum(axis=0) / (terms**2).sum(axis=0)
        latency, per_byte = (0.0, best[1]) if latency < 0 else (best[0], 0.0)
    return Link(float(latency), 1 / float(per_byte) if per_byte else np.inf)
