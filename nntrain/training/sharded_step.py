"""Sharded step: a training step whose batch is computed in shards, one after the other, and by several ranks."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.distributed.ranks import ALONE, Ranks
from nntrain.distributed.shards import Shards
from nntrain.distributed.tree_sum import TreeSum
from nntrain.inference.evaluate import Tally
from nntrain.inference.feed import Feed
from nntrain.network.network import Network
from nntrain.training.loader import LoadedBatch
from nntrain.training.step import Step

FLAGS = 2  # at most, in a call of `agreed`
PENDING = 256  # steps whose sums for the metrics wait to be exchanged, at most


class ShardedStep(Step):
    """The gradient of a batch is the mean over its shards, weighted as the loss weights their samples.

    Losses, gradients and states are summed in the order of a fixed tree (see `TreeSum`), so the bits are the same for any number
    of ranks. Each shard starts from the states before the step, as batch norm's running statistics; after it the states are the
    mean over the shards. What stateful layers carry from batch to batch is kept for each shard.

    Where nothing needs the whole gradient, each rank sums and updates its part of the parameters, and passes it on (as in ZeRO,
    Rajbhandari et al. 2020, stage 1): the others' slots and averages are exchanged only where they are saved or evaluated.
    """

    def __init__(self, config: Config, network: Network, shards: Shards, ranks: Ranks):
        self.shards, self.ranks = shards, ranks
        self._partners = ranks  # with which sums are exchanged
        self._carried = {
            name: np.repeat(state[None], shards.count, axis=0) for name, state in network.carried.items()
        }
        super().__init__(config, network)
        self.in_parts = ranks.size > 1 and not self.needs_whole_gradient  # each rank updates its part
        self._gradients, self._state_sums = TreeSum(), TreeSum()
        # Of each shard the sums of the loss and of the weights; of a rank's first shard, the flags for `agreed`.
        self._exchanged = np.zeros((shards.count, 2 + FLAGS))
        self._losses = self._exchanged[:, :2]
        self._flags, self._agreed = (False,) * FLAGS, (False,) * FLAGS
        self._state = _joined(network)  # before the step
        self._pending: list[list[Tally]] = []  # of each step, its shards on this rank

    @property
    def carried(self) -> dict[str, np.ndarray]:
        return self._carried

    def __call__(self, batch: LoadedBatch, step: int, lr: float, tally: Tally, fresh: bool = True) -> float:
        with kernels.exclusive.lock:
            self.remember_states()
            if len(self._state):
                self._state = _joined(self.network)
            self._exchanged.fill(0)
            self._exchanged[self._own_shards(batch.rows).start, 2:] = self._flags
        tallied = []
        for shard, feed in batch:
            with kernels.exclusive.lock:
                self.network.info.fresh = fresh
                self._compute(shard, feed, step, batch.rows)
                loss, weight = self._losses[shard].tolist()
                if math.isfinite(loss):
                    tallied.append(tally.of(loss, weight, feed))
        with kernels.exclusive.lock:
            loss, weight = self._finish(step, lr, batch.rows)
        if self.applied:
            self._pending.append(tallied)
            if len(self._pending) == PENDING:
                self.collect(tally)
        return loss / weight if weight and math.isfinite(loss) else loss

    def collect(self, tally: Tally) -> None:
        by_rank = self._partners.gathered([[part.sums for part in parts] for parts in self._pending])
        for step in zip(*by_rank, strict=True):  # in the order of the shards: a rank has neighbours
            for sums in (sums for parts in step for sums in parts):
                tally.merge(sums)
        self._pending.clear()

    def agreed(self, *flags: bool) -> tuple[bool, ...]:
        if self._partners.size == 1:
            return flags
        # For the next step, whose losses they accompany: another collective would take 10 us.
        self._flags = flags
        return self._agreed

    def complete(self) -> None:
        for kept in self._carried.values():
            self._partners.complete(kept)
        for values in (self.network.grad, *self.arrays().values()):
            self._partners.share(values)

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._partners = ALONE
        try:
            yield
        finally:
            self._partners = self.ranks

    def _compute(self, shard: int, feed: Feed, step: int, batch_rows: int) -> None:
        """Forward, loss and backward of one shard; its gradient counts by its share of the batch."""
        network, info, losses = self.network, self.network.info, self._losses[shard]
        info.step, info.shard = step, shard
        _set(network, self._state)
        for name, state in network.carried.items():
            state[...] = self._carried[name][shard]
        losses[:] = self.differentiate(feed, self._full_weight(batch_rows))
        for name, state in network.carried.items():
            self._carried[name][shard] = state
        if len(self._state):
            self._state_sums.add_leaf(shard, _joined(network))
        if not (math.isfinite(losses[0]) and losses[1]):
            network.grad.fill(0)
        last = shard == self._own_shards(batch_rows)[-1]  # backward writes the gradient no more
        self._gradients.add_leaf(shard, network.grad, own=last)
        info.shard = 0

    def _finish(self, step: int, lr: float, batch_rows: int) -> tuple[float, float]:
        """Sums over the shards of all ranks, and updates. Returns the sum of the loss and of the weights."""
        network, ranks, used = self.network, self._partners, self.shards.used(batch_rows)
        ranks.complete(self._exchanged)
        self._agreed = tuple(bool(flag) for flag in self._exchanged[:, 2:].max(axis=0))
        loss, weight = _tree_total(self._losses).tolist()
        self.updated = False
        self.applied = math.isfinite(loss)
        if len(self._state):
            ranks.total(self._state, self._state_sums, self.shards, used)
            _set(network, self._state / used)
        if not (self.applied and weight):
            self._gradients.clear()
            return loss, weight
        region = self.whole
        if self.in_parts:
            region = self.region(ranks.total_of_part(network.grad, self._gradients, self.shards, used))
        else:
            ranks.total(network.grad, self._gradients, self.shards, used)
        if (factor := self._full_weight(batch_rows) / weight) != 1:  # with padding or class weights
            kernels.gradient.scale(region.part.grad, factor)
        self.update(step, lr, region)
        # Where all ranks have updated everything, too: then no rank drifts away, whatever its kernels were compiled by.
        # The others read it in the meantime, unless it changes for sam's second gradient.
        ranks.share(network.theta, settled=self.ascent is None)
        return loss, weight

    def _own_shards(self, batch_rows: int) -> range:
        """The shards of a batch that this rank computes and that are not empty."""
        own, used = self.shards.share(self.ranks.rank, self.ranks.size), self.shards.used(batch_rows)
        return range(own.start, min(own.stop, used))

    def _full_weight(self, rows: int) -> float:
        """The weight of so many samples, or steps of sequences, that all count 1."""
        *steps, outputs = self.network.graph.output.shape
        return float(rows * math.prod(steps) * self.config.loss.row_weight(outputs))


def _joined(network: Network) -> np.ndarray:
    """(values,): a copy of all states that training changes, such as running statistics."""
    return np.concatenate([np.zeros(0, network.dtype), *(state.ravel() for state in _changing(network))])


def _changing(network: Network) -> list[np.ndarray]:
    return [state for name, state in network.state.items() if name not in network.fixed]


def _set(network: Network, values: np.ndarray) -> None:
    start = 0
    for state in _changing(network):
        state[...] = values[start : start + state.size].reshape(state.shape)
        start += state.size


def _tree_total(rows: np.ndarray) -> np.ndarray:
    """The sum of rows in the order of a `TreeSum`, level by level; a row without a neighbour moves up."""
    while len(rows) > 1:
        pairs = rows[0:-1:2] + rows[1::2]
        rows = np.concatenate([pairs, rows[-1:]]) if len(rows) % 2 else pairs
    return rows[0]
