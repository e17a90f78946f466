"""Prediction: the formula of a step's time at its limits, and the network that measured sums reveal."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nntrain.distributed.route import SHORT, Traffic, gathered, summed
from nntrain.scaling.link import fitted
from nntrain.scaling.prediction import MOST_RANKS, Costs, Link, same_batch, same_per_rank, step_time

# 1 ms for a shard of 32 rows, in proportion to its rows; a gradient of 400 kB.
COSTS = Costs({rows: rows * 1e-3 / 32 for rows in (1, 2, 4, 8, 16, 32)}, 0.0, True, 0.0, 0.0, 100_000, 0, 4)
FREE = Link(0.0, math.inf)
ETHERNET = Link(20e-6, 25e9 / 8)


def test_without_communication_and_repeated_work_it_is_linear():
    for lines in (same_batch(COSTS, FREE, 128, 4), same_per_rank(COSTS, FREE, 128, 4)):
        assert [line.speedup for line in lines] == pytest.approx([line.ranks for line in lines])
        assert [line.efficiency for line in lines] == pytest.approx([1.0] * len(lines))


def test_a_slow_network_makes_every_further_rank_useless():
    lines = same_batch(COSTS, Link(1.0, math.inf), 128, 4)
    assert all(line.speedup < 0.01 for line in lines[1:])
    steps = [line.step_us for line in lines]
    assert steps == sorted(steps)


def test_repeated_work_limits_the_speed_up_as_amdahl_says():
    costs = replace(COSTS, repeated_s=1e-3)  # beside 4 ms of shards
    lines = {line.ranks: line.speedup for line in same_batch(costs, FREE, 128, 4)}
    assert lines[4] == pytest.approx(5 / 2)
    assert lines[128] < 5


def test_an_update_in_parts_is_shared_and_one_that_needs_the_whole_gradient_is_not():
    costs = replace(COSTS, update_s=1e-3)
    assert step_time(costs, FREE, 32, 4, 4) == pytest.approx(1e-3 + 1e-3 / 4)
    assert step_time(replace(costs, update_in_parts=False), FREE, 32, 4, 4) == pytest.approx(2e-3)


def test_the_sums_over_shards_grow_with_the_batch():
    costs = replace(COSTS, shard_sums_s=1e-6)
    assert step_time(costs, FREE, 32, 4096, 1024) == pytest.approx(4e-3 + 4096e-6)


def test_two_ranks_by_hand():
    """Two shards each; half of the gradient, half of the parameters, 32 bytes of losses and a question are a message each."""
    expected = 2e-3 + 4 * 20e-6 + (400_000 + 32 + 2) / (25e9 / 8)
    assert step_time(COSTS, ETHERNET, 32, 4, 2) == pytest.approx(expected)


def test_one_rank_sends_nothing():
    assert COSTS.traffic(4, 1) == Traffic()
    assert step_time(COSTS, Link(1.0, 1.0), 32, 4, 1) == pytest.approx(4e-3)


def test_the_same_batch_has_a_sample_for_each_rank():
    lines = same_batch(COSTS, ETHERNET, 100, 4)
    assert [line.ranks for line in lines] == [1, 2, 4, 8, 16, 32, 64]
    assert all(line.shards % line.ranks == 0 for line in lines)
    assert {line.batch_size for line in lines} == {100}


def test_shards_that_ranks_do_not_divide_become_more():
    assert [line.shards for line in same_batch(COSTS, ETHERNET, 96, 6)] == [6, 6, 8, 8, 16, 32, 64]


def test_a_batch_that_grows_goes_up_to_the_most_ranks():
    lines = same_per_rank(COSTS, ETHERNET, 128, 4)
    assert [line.ranks for line in lines] == [2**level for level in range(11)]
    assert lines[-1].batch_size == 128 * MOST_RANKS
    assert all(before.step_us < line.step_us for before, line in pairwise(lines))


def test_times_of_shards_lie_between_those_measured():
    assert COSTS.forward_backward(12) == pytest.approx(12e-3 / 32)
    assert COSTS.forward_backward(32) == pytest.approx(1e-3)


def test_several_partial_sums_travel_more_often():
    assert COSTS.traffic(6, 2).sent > 1.4 * COSTS.traffic(4, 2).sent  # three shards have two sums


@pytest.mark.parametrize("ranks", [2, 4, 64])
def test_latency_and_bandwidth_are_found_from_times(ranks):
    sizes = (256, 4096, SHORT, 65_536, 1 << 20)
    traffic = [gathered(1, ranks), *(summed(size, 4, ranks) for size in sizes)]
    found = fitted([(each, ETHERNET.seconds(each)) for each in traffic])
    assert found.latency_s == pytest.approx(ETHERNET.latency_s)
    assert found.bytes_per_s == pytest.approx(ETHERNET.bytes_per_s)


@pytest.mark.parametrize("times", [(1e-3, 1e-6), (1e-6, 1e-3), (1e-6, 1e-6)])
def test_odd_times_give_no_negative_network(times):
    traffic = [summed(1000, 4, 2), summed(100_000, 4, 2)]
    found = fitted(list(zip(traffic, times, strict=True)))
    assert found.latency_s >= 0
    assert found.bytes_per_s > 0


class Recorder:
    """Stands for the communicator of rank 1; counts the bytes that it sends to others."""

    def __init__(self, size: int):
        self.size, self.sent = size, 0

    def Get_rank(self) -> int:
        return 1

    def Get_size(self) -> int:
        return self.size

    def Sendrecv(self, values, peer, recvbuf, source) -> None:
        self.sent += values.nbytes

    def Allgatherv(self, sent, received) -> None:
        values, sizes = received
        counts = sizes[0] if isinstance(sizes, tuple) else sizes
        self.sent += counts[1] * values.itemsize * (self.size - 1)

    def Alltoallv(self, sent, received) -> None:
        values, (sizes, _) = sent
        self.sent += (sum(sizes) - sizes[1]) * values.itemsize


@pytest.mark.parametrize(("shards", "ranks"), [(2, 2), (6, 2), (4, 4), (12, 4), (16, 16)])
@pytest.mark.parametrize("values", [1000, 64_000])
def test_the_exchange_sends_what_the_route_says(values, shards, ranks):
    pytest.importorskip("mpi4py.MPI", reason="needs mpi4py", exc_type=(ImportError, RuntimeError))
    from nntrain.distributed.exchange import Exchange
    from nntrain.distributed.shards import Shards
    from nntrain.distributed.tree_sum import TreeSum, nodes_of

    recorder, sums, out = Recorder(ranks), TreeSum(), np.zeros(values, np.float32)
    own = Shards(shards, shards).share(1, ranks)
    for shard in own:
        sums.add_leaf(shard, out)
    with np.errstate(all="ignore"):  # of values that never arrive
        Exchange(recorder, False).total(out, sums, Shards(shards, shards), shards)
    expected = summed(values, 4, ranks, len(nodes_of(own.start, own.stop)))
    assert recorder.sent == pytest.approx(expected.sent, rel=0.05)
