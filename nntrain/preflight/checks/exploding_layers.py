"""Exploding layers: activations that grow from layer to layer at the initial weights."""

import math
from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, rounded
from nntrain.preflight.remedies import other_initializer
from nntrain.preflight.subject import Subject

LARGE = 100.0  # times the standard deviation of the input


class ExplodingLayers(Check, name="exploding_layers", about="network"):
    """Names the first layer beyond the limit, and the largest one."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        start = 1.0 if subject.train.vocabulary else max(1.0, subject.input.std)
        stds = {layer.name: layer.output.std for layer in subject.layers if layer.output}
        beyond = [name for name, std in stds.items() if not std <= LARGE * start]
        if not beyond:
            return
        first, last = beyond[0], beyond[-1]
        until = f", and {size(stds[last])} in layer {last!r}" if last != first else ""
        yield self.found(
            "warning",
            f"activations explode: their standard deviation is {size(stds[first])} in layer {first!r}{until}, while that of the input "
            f"is {rounded(subject.input.std)}",
            other_initializer(subject) or "Add `batch_norm` between the layers.",
            f"layer {first!r}",
        )


def size(std: float) -> str:
    return rounded(std) if math.isfinite(std) else "not finite"
