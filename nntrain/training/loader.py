"""Loader: puts one batch after the other into the network; reads ahead if the data come from disk."""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from nntrain import kernels
from nntrain.data.batch import Batch
from nntrain.data.batches import Batches
from nntrain.data.transforms.augmented import Augmenter
from nntrain.inference.feed import Feed, Feeds, steps_for
from nntrain.network.network import Network


class Loader:
    """`loader(epoch, number)` puts that batch into the network. `ahead`: inside `with loader:` a thread prepares the next one.

    Each batch is a function of its epoch and number alone, so the thread changes no bit.
    """

    # The thread takes a core from the kernels and costs a copy; it never paid on two cores if the samples are in memory:
    # a step of 128 images of 32x32x3 with crop and flip took 5.3 ms without it and 6.0 with it, of mnist_mlp 1.11 and 1.26.

    def __init__(self, batches: Batches, samples: Augmenter, network: Network, ahead: bool):
        self.batches = batches
        self.samples = samples
        self.feeds = Feeds(network, samples.data, samples.mixed_outputs)
        self.spare = samples.batch(batches.rows, network.dtype) if ahead else None
        self._thread: ThreadPoolExecutor | None = None
        self._pending: tuple[tuple[int, int], Future[None]] | None = None

    def __enter__(self) -> "Loader":
        if self.spare is not None:
            self._thread = ThreadPoolExecutor(1, "loader", kernels.denormals.flush_this_thread)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            self._thread = self._pending = None

    def __call__(self, epoch: int, number: int) -> Feed:
        """The feed with the batch in it. Raises what went wrong on the thread."""
        indices = self.batches.indices(epoch, number)
        feed = self.feeds.at(len(indices), steps_for(self.samples.data, indices))
        if self._thread is None or self.spare is None:
            # Serial if the thread will be used later, so that warming up compiles the same kernels.
            with kernels.exclusive.lock:
                self.samples.gather(indices, epoch, feed.batch, serial=self.spare is not None)
            return feed
        place, prepared = self._pending or (None, None)
        if prepared is None or place != (epoch, number):
            prepared = self._prepare(self._thread, self.spare, epoch, number)
        prepared.result()
        feed.batch.copy_rows(self.spare, feed.rows)
        after = (epoch, number + 1) if number + 1 < len(self.batches) else (epoch + 1, 0)
        self._pending = after, self._prepare(self._thread, self.spare, *after)
        return feed

    def _prepare(self, thread: ThreadPoolExecutor, spare: Batch, epoch: int, number: int) -> Future[None]:
        indices = self.batches.indices(epoch, number)
        return thread.submit(self.samples.gather, indices, epoch, spare, serial=True)
