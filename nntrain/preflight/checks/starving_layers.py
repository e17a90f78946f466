"""Starving layers: the samples differ less and less from layer to layer, until the upper layers cannot tell them apart."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, rounded
from nntrain.preflight.remedies import against_starving
from nntrain.preflight.subject import Subject

LEFT = 1e-3  # of the differences of the samples in the input


class StarvingLayers(Check, name="starving_layers", about="network"):
    """Looks at all layers but the output, which may well start at 0."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        hidden = [(layer.name, layer.output.between) for layer in subject.layers[:-1] if layer.output]
        if not hidden or len(subject.train) < 2 or subject.has_found("dead_units"):
            return
        # The numbers of tokens are no quantities: of a text, the first layer's output counts. Unscaled inputs are reported as such.
        start = hidden[0][1] if subject.train.vocabulary else min(subject.input.between, 1.0)
        for name, between in hidden:
            if start > 0 and between < LEFT * start:
                yield self.found(
                    "warning",
                    f"the signal starves: from layer {name!r} on, samples hardly differ, with a standard deviation of "
                    f"{rounded(between)} between them, while that of the input is {rounded(subject.input.between)}",
                    against_starving(subject),
                    f"layer {name!r}",
                )
                return
