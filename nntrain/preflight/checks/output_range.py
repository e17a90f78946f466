"""Output range: a last activation that cannot reach the targets, or that limits the probabilities of a loss of logits."""

import math
from collections.abc import Iterator

import numpy as np

from nntrain.data.sequences.windows import take_rows
from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject
from nntrain.training.scales import evenly

# Of activations whose gradient does not vanish near a bound, or that have one bound only.
RANGES = {
    "softmax": (0.0, 1.0),
    "relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
    "log_softmax": (-math.inf, 0.0),
}
SAMPLES = 10_000
SHARE = 0.01  # of the targets may be out of reach
NEAR = 0.01  # of the range: targets that the output comes close to


class OutputRange(Check, name="output_range", about="network"):
    """An error where no target can be reached."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        output, data, loss = subject.setup.graph.output, subject.train, subject.config.loss
        kind = output.layer.yaml_name
        bounds = output.layer.bounds or RANGES.get(kind)
        if bounds is None:
            return
        low, high = bounds
        if loss.from_logits:
            yield self.found(
                "warning",
                f"the last layer is {kind}, whose outputs are {spelled(low, high)}, but {loss.yaml_name} takes logits, which can "
                f"have any sign and size{limit(low, high, output.shape[-1])}",
                f"Remove `{kind}` after the last layer.",
                f"layer {output.name!r}",
            )
        elif not data.classes and loss.follows_scale:
            if kind == "softmax" and output.shape[-1] == 1:
                yield self.found(
                    "error",
                    "the last layer is softmax of a single value, which is always 1",
                    "Remove `softmax` after the last layer.",
                    f"layer {output.name!r}",
                )
                return
            target = take_rows(data.target, evenly(len(data), SAMPLES)).astype(np.float64)
            margin = NEAR * (high - low) if math.isfinite(high - low) else 0.0
            outside = float(((target < low - margin) | (target > high + margin)).mean())
            if outside < SHARE:
                return
            beyond = "no target is" if outside == 1 else f"{outside:.0%} of the targets are not"
            yield self.found(
                "error" if outside == 1 else "warning",
                f"the last layer is {kind}, whose outputs are {spelled(low, high)}, but {beyond}: they are from "
                f"{target.min():.4g} to {target.max():.4g}",
                f"Remove `{kind}` after the last layer, or rescale the targets.",
                f"layer {output.name!r}",
            )


def spelled(low: float, high: float) -> str:
    if high == math.inf:
        return f"at least {low:g}"
    return f"at most {high:g}" if low == -math.inf else f"from {low:g} to {high:g}"


def limit(low: float, high: float, outputs: int) -> str:
    """What a limited range does to probabilities."""
    width = high - low
    if not math.isfinite(width):
        return ""
    largest = 1 / (1 + (outputs - 1) * math.exp(-width)) if outputs > 1 else 1 / (1 + math.exp(-high))
    return f": no probability exceeds {largest:.3g}"
