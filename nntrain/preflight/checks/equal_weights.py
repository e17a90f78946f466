"""Equal weights: a layer whose units all start alike, and therefore stay alike."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding, parted
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import equal_weights


class EqualWeights(Check, name="equal_weights", about="network"):
    """An error, because such a layer has the capacity of a single unit."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        if text := equal_weights(subject.evidence):
            yield self.found("error", *parted(text))
