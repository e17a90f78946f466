"""Vanishing gradients: lower layers whose gradient is far smaller than that of the upper ones, or 0."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.remedies import first_of_all, other_initializer
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import vanishing_gradients


class VanishingGradients(Check, name="vanishing_gradients", about="network"):
    """An error where no layer has a gradient."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        sizes = subject.gradient_sizes
        if subject.has_found("dead_units"):
            return
        if sizes and not any(sizes.values()):
            yield self.found(
                "error",
                "the gradient of every layer is 0 at the initial weights: nothing is learned",
                first_of_all(subject) or other_initializer(subject),
            )
        elif not starts_at_zero(subject) and (text := vanishing_gradients(subject.evidence)):
            what, advice = parted(text)
            yield self.found(
                "warning", what, other_initializer(subject) or advice, f"layer {next(iter(sizes))!r}"
            )


def starts_at_zero(subject: Subject) -> bool:
    """Whether a layer has weights of 0, which no gradient passes before the first step. The last layer may well start so."""
    parameters = subject.trainer.network.arena.parameters
    return any(
        not parameters[name].any() for node in subject.learning for name in subject.evidence.weights_of(node)
    )
