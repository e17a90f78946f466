"""Dead units: units of ReLU that are 0 for every sample at the initial weights, so that no gradient passes them."""

from collections.abc import Iterator

from nntrain.network.node import Node
from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject

SHARE = 0.9  # of a layer's units; in deep networks of ReLU, some are dead at any initial weights


class DeadUnits(Check, name="dead_units", about="network"):
    """An error where a layer gets no gradient at all. Names the first layer, which explains those above it."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        nodes = {node.name: node for node in subject.setup.graph.layers}
        found = [
            (weighted(nodes[name]), name, dead, units)
            for name, (dead, units) in subject.inactive_units.items()
            if dead >= SHARE * units
        ]
        if not found:
            return
        node, name, dead, units = found[0]
        blocked = any(subject.gradient_sizes.get(each.name) == 0 for each, *_ in found)
        others = len(found) - 1
        more = f"; {others:,} more layer{'s have' if others > 1 else ' has'} such units" if others else ""
        yield self.found(
            "error" if blocked else "warning",
            f"layer {name!r}: {dead:,} of {units:,} relu units are 0 for all of {len(subject.evidence.sampled):,} training "
            f"samples at the initial weights: no gradient passes {'them' if dead < units else 'the layer'}{more}",
            remedy(subject, node),
            f"layer {name!r}",
        )


def weighted(node: Node) -> Node:
    """The layer with weights that an activation belongs to."""
    while not node.parameters and len(node.inputs) == 1 and node.inputs[0].inputs:
        node = node.inputs[0]
    return node


def remedy(subject: Subject, node: Node) -> str:
    if getattr(node.layer, "bias_initializer", None):
        return f"Remove `bias_initializer` from layer {node.name!r}."
    if subject.config.model.initializer.yaml_name != "auto":
        return "Set `initializer: auto` under `model`."
    if getattr(node.layer, "weight_initializer", None):
        return f"Remove `weight_initializer` from layer {node.name!r}."
    return "Set `activation: leaky_relu`, and `standardize: true` under `data`."
