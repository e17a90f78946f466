"""Applied gradients: large weights that backward updates as it computes their gradient, which is then never stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from nntrain import kernels
from nntrain.layers.context import Update

if TYPE_CHECKING:
    from nntrain.training.step import Share, Step

# Values of a weight: 8 MB, beyond the second-level cache. 1024x2048 and 2048x2048 weights with adam took 4 and 9% less time than
# their gradient and their update one after the other; with 4096x256 there was no difference (2 cores, AVX-512).
SMALLEST = 1 << 21


class Applied(NamedTuple):
    """A weight, and what belongs to it."""

    share: "Share"
    shape: tuple[int, ...]


class AppliedGradients:
    """The weights of a step that are updated in backward; `rest`: the shares of all other parameters."""

    def __init__(self, step: "Step"):
        self.step = step
        self.weights: dict[str, Applied] = {}  # by the name of the node
        self.rest: list[Share] = []
        layers = {f"{node.name}.weight": node for node in step.network.graph.layers}
        for share in step.whole.shares:
            start = 0
            for tensor in share.part.tensors:
                node = layers.get(tensor.name)
                size, applies = tensor.stop - tensor.start, share.rule.optimizer.applies_products
                if node is None or size < SMALLEST or not (applies and node.layer.applies_gradient):
                    continue
                if len(node.input_shapes[0]) > 1:  # of which each row of the batch has several
                    continue
                weight = share._replace(part=share.part.at(slice(tensor.start, tensor.stop)))
                self.weights[node.name] = Applied(weight, tensor.shape)
                self._add_rest(share, start, tensor.start)
                start = tensor.stop
            self._add_rest(share, start, share.part.theta.size)

    def _add_rest(self, share: "Share", start: int, stop: int) -> None:
        if start < stop:
            self.rest.append(share._replace(part=share.part.at(slice(start, stop))))

    def possible(self, rows: int) -> bool:
        """Whether there are such weights, for batches of so many rows."""
        return bool(self.weights) and kernels.update_product.possible(rows)

    @contextmanager
    def at(self, step: int, lr: float) -> Iterator[None]:
        """Meanwhile backward updates them."""
        updates = self.step.network.info.updates
        for name, applied in self.weights.items():
            updates[name] = self._update_of(applied, step, lr)
        try:
            yield
        finally:
            updates.clear()

    def _update_of(self, applied: Applied, step: int, lr: float) -> Update:
        (rule, part), shape = applied
        rate = rule.rate(lr, self.step.reached)
        slots = {name: slot.reshape(shape) for name, slot in part.slots.items()}
        return lambda x, dy: rule.optimizer.apply_product(part.theta.reshape(shape), slots, x, dy, rate, step)
