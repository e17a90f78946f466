"""Loader: puts one batch after the other into the network; reads ahead if the data come from disk."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from nntrain import kernels
from nntrain.data.batch import Batch
from nntrain.data.batches import Batches
from nntrain.data.stages import Stages
from nntrain.data.transforms.augmented import Augmenter
from nntrain.distributed.shards import Shards
from nntrain.inference.feed import Feed, Feeds, steps_for
from nntrain.network.network import Network

Place = tuple[int, int, int]  # an epoch, a batch and a shard, each counted from 0


@dataclass(frozen=True)
class LoadedBatch:
    """A batch of `rows` samples, in the shards that this process computes: (number, feed) of each, loaded as the loop comes to it."""

    loader: "Loader"
    epoch: int
    number: int
    rows: int

    def __iter__(self) -> Iterator[tuple[int, Feed]]:
        for _, _, shard in self.loader.places(self.epoch, self.number):
            yield shard, self.loader(self.epoch, self.number, shard)

    def first(self) -> Feed:
        """The first shard, which is in the network if it is the only one."""
        if self.loader.shards.count == 1:
            return self.loader.feeds.at(
                self.rows,
                steps_for(self.loader.samples.data, self.loader.samples_at(self.epoch, self.number, 0)),
            )
        return self.loader(self.epoch, self.number, 0)


class Loader:
    """`loader(epoch, number, shard)` puts that part of a batch into the network. `ahead`: inside `with loader:` a thread prepares
    the next one.

    Each batch is a function of its epoch and number alone, so the thread changes no bit.
    """

    # The thread takes a core from the kernels and costs a copy; it never paid on two cores if the samples are in memory:
    # a step of 128 images of 32x32x3 with crop and flip took 5.3 ms without it and 6.0 with it, of mnist_mlp 1.11 and 1.26.

    def __init__(
        self,
        batches: Batches,
        samples: Augmenter,
        network: Network,
        ahead: bool,
        shards: Shards | None = None,
        own: range = range(1),
    ):
        """own: the shards that this process computes."""
        self.batches = batches
        self.samples = samples
        self.stages = Stages(samples.data)
        self.shards = shards or Shards(1, batches.rows)
        self.own = own
        self.feeds = Feeds(network, samples.data, samples.mixed_outputs)
        self.spare = samples.batch(self.shards.rows, network.dtype) if ahead else None
        self._thread: ThreadPoolExecutor | None = None
        self._pending: tuple[Place, Future[None]] | None = None

    def __enter__(self) -> "Loader":
        if self.spare is not None:
            self._thread = ThreadPoolExecutor(1, "loader", kernels.denormals.flush_this_thread)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            self._thread = self._pending = None

    def batch(self, epoch: int, number: int) -> LoadedBatch:
        return LoadedBatch(self, epoch, number, len(self.batches.indices(epoch, number)))

    def places(self, epoch: int, number: int) -> list[Place]:
        """Of the shards of a batch that this process computes and that are not empty."""
        used = self.shards.used(len(self.batches.indices(epoch, number)))
        return [(epoch, number, shard) for shard in self.own if shard < used]

    def __call__(self, epoch: int, number: int, shard: int = 0) -> Feed:
        """The feed with the part of the batch in it. Raises what went wrong on the thread."""
        indices = self.samples_at(epoch, number, shard)
        feed = self.feeds.at(len(indices), steps_for(self.samples.data, indices))
        if self._thread is None or self.spare is None:
            # Serial if the thread will be used later, so that warming up compiles the same kernels.
            with kernels.exclusive.lock:
                self._gather((epoch, number, shard), feed.batch, serial=self.spare is not None)
            return feed
        place, prepared = self._pending or (None, None)
        if prepared is None or place != (epoch, number, shard):
            prepared = self._prepare(self._thread, self.spare, (epoch, number, shard))
        prepared.result()
        feed.batch.copy_rows(self.spare, feed.rows)
        after = self._after(epoch, number, shard)
        self._pending = after, self._prepare(self._thread, self.spare, after)
        return feed

    def samples_at(self, epoch: int, number: int, shard: int) -> np.ndarray:
        """(rows,) int64: the samples of a shard."""
        return self.shards.of(self.batches.indices(epoch, number), shard)

    def _after(self, epoch: int, number: int, shard: int) -> Place:
        """What comes next; a rank may have no shard in the last batch of an epoch, but has one in the first."""
        left = [place for place in self.places(epoch, number) if place[2] > shard]
        if not left and number + 1 < len(self.batches):
            left = self.places(epoch, number + 1)
        return (left or self.places(epoch + 1, 0))[0]

    def _prepare(self, thread: ThreadPoolExecutor, spare: Batch, place: Place) -> Future[None]:
        return thread.submit(self._gather, place, spare, serial=True)

    def _gather(self, place: Place, batch: Batch, serial: bool) -> None:
        epoch, number, shard = place
        if self.samples.augmentations or not self.stages.used:
            return self.samples.gather(self.samples_at(epoch, number, shard), epoch, batch, serial=serial)
        data, samples = self.stages.at(self.batches.order(epoch), self.batches.places(number))
        return data.gather(self.shards.of(samples, shard), batch)
