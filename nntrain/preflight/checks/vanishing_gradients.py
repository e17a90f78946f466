"""Vanishing gradients: lower layers whose gradient is far smaller than that of the upper ones, or 0."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.remedies import other_initializer
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import vanishing_gradients


class VanishingGradients(Check, name="vanishing_gradients", about="network"):
    """An error where no layer has a gradient."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        sizes = subject.gradient_sizes
        if sizes and not any(sizes.values()):
            yield self.found(
                "error", "the gradient of every layer is 0 at the initial weights: nothing is learned"
            )
        elif text := vanishing_gradients(subject.evidence):
            what, advice = parted(text)
            yield self.found(
                "warning", what, other_initializer(subject) or advice, f"layer {next(iter(sizes))!r}"
            )
