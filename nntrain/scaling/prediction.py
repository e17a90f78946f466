"""Prediction: the time of a training step on any number of ranks, from the measured times of its parts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.distributed.route import Traffic, gathered, shared, summed
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import nodes_of

MOST_RANKS = 1024
LOSS_BYTES = 16  # of a shard: the sums of its loss and of its weights


@dataclass(frozen=True)
class Link:
    """What connects the ranks: seconds until a message arrives, and bytes that a rank sends per second."""

    latency_s: float
    bytes_per_s: float

    def seconds(self, traffic: Traffic) -> float:
        return traffic.messages * self.latency_s + traffic.sent / self.bytes_per_s


@dataclass(frozen=True)
class Costs:
    """Of a network on one rank: measured times, and what its ranks exchange in each step."""

    shard_s: dict[int, float]  # forward and backward, by the rows of a shard, in ascending order
    update_s: float  # of all parameters: clipping, the optimizer, the average
    update_in_parts: bool  # whether each rank updates a part of them
    repeated_s: float  # what every rank does once per step
    shard_sums_s: float  # what every rank does for each shard of the batch: it adds up losses and metrics
    gradient_values: int
    state_values: int
    itemsize: int

    def forward_backward(self, rows: int) -> float:
        """The time of a shard of so many rows, between those that were measured."""
        return float(np.interp(rows, list(self.shard_s), list(self.shard_s.values())))

    def traffic(self, shards: int, ranks: int) -> Traffic:
        """What a rank sends in a step of so many shards in all."""
        if ranks == 1:
            return Traffic()
        shares = (Shards(shards, shards).share(rank, ranks) for rank in range(ranks))
        sums = max(len(nodes_of(own.start, own.stop)) for own in shares)
        parameters = Traffic() if self.update_in_parts else shared(self.gradient_values, self.itemsize, ranks)
        return (
            summed(self.gradient_values, self.itemsize, ranks, sums, self.update_in_parts)
            + parameters  # of those that all ranks have updated, each passes on its part, so that they stay equal
            + summed(self.state_values, self.itemsize, ranks, sums)
            + gathered(shards // ranks * LOSS_BYTES, ranks)
            + gathered(2, ranks)  # whether any rank was asked to stop or to save
        )


def step_time(costs: Costs, link: Link, rows: int, shards: int, ranks: int) -> float:
    """Seconds of a step on shards of so many rows; `ranks` divides their number."""
    computing = shards // ranks * costs.forward_backward(rows)
    update = costs.update_s / (ranks if costs.update_in_parts else 1)
    repeated = costs.repeated_s + shards * costs.shard_sums_s
    return computing + update + repeated + link.seconds(costs.traffic(shards, ranks))


@dataclass(frozen=True)
class Predicted:
    """A line of the table. Speed-up is that of samples per second over one rank, efficiency that per rank."""

    ranks: int
    shards: int
    batch_size: int
    step_us: float
    samples_per_s: float
    speedup: float
    efficiency: float


def same_batch(costs: Costs, link: Link, batch: int, shards: int) -> list[Predicted]:
    """Strong scaling, down to the smallest shard that was measured; with more shards where ranks need them."""
    smallest = min(costs.shard_s)
    plans = ((ranks, batch, ranks * -(-shards // ranks)) for ranks in powers())
    return predicted(costs, link, [plan for plan in plans if batch // plan[2] >= smallest])


def same_per_rank(costs: Costs, link: Link, batch: int, shards: int) -> list[Predicted]:
    """Weak scaling: each rank has as many shards and samples as one rank has alone."""
    return predicted(costs, link, [(ranks, ranks * batch, ranks * shards) for ranks in powers()])


def predicted(costs: Costs, link: Link, plans: list[tuple[int, int, int]]) -> list[Predicted]:
    """For (ranks, batch, shards), the first of which is of one rank."""
    rows, alone = [], math.nan
    for ranks, batch, shards in plans:
        step_s = step_time(costs, link, -(-batch // shards), shards, ranks)
        alone = batch / step_s if ranks == 1 else alone
        speedup = batch / step_s / alone
        rows.append(Predicted(ranks, shards, batch, 1e6 * step_s, batch / step_s, speedup, speedup / ranks))
    return rows


def powers() -> Iterator[int]:
    """1, 2, 4, ... 1,024."""
    return (1 << level for level in range(MOST_RANKS.bit_length()))
