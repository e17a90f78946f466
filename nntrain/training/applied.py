"""Applied gradients: large weights that backward updates as it computes their gradient, which is then never stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from nntrain import kernels

if TYPE_CHECKING:
    from nntrain.training.step import Share, Step

# Values of a weight: 8 MB, beyond the second-level cache. 1024x2048 and 2048x2048 weights with adam took 4 and 9% less time than
# their gradient and their update one after the other; with 4096x256 there was no difference (2 cores, AVX-512).
SMALLEST = 1 << 21


class AppliedGradients:
    """The weights of a step that are updated in backward; `rest`: the shares of all other parameters."""

    def __init__(self, step: "Step"):
        self.step = step
        self.weights: dict[str, Share] = {}  # by the name of the node; theta and slots are (inputs, units)
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
                part = share.part.at(slice(tensor.start, tensor.stop))
                slots = {name: slot.reshape(tensor.shape) for name, slot in part.slots.items()}
                part = part._replace(theta=part.theta.reshape(tensor.shape), slots=slots)
                self.weights[node.name] = share._replace(part=part)
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
        for name, (rule, part) in self.weights.items():
            rate = rule.rate(lr, self.step.reached)
            apply = partial(rule.optimizer.apply_product, part, lr=rate, step=step)
            updates[name] = partial(apply, bfloat16=self.step.network.bfloat16)
        try:
            yield
        finally:
            updates.clear()
