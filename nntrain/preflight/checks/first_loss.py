"""First loss: far above that of a network that is undecided, before the first step."""

import math
from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.remedies import first_of_all, other_initializer
from nntrain.preflight.subject import Subject

OF_PROBABILITIES = 4.0  # times the loss of equal probabilities, where the loss is their logarithm
OF_NUMBERS = 100.0  # times the loss of the best constant; the targets may well be far from 0


class FirstLoss(Check, name="first_loss", about="network"):
    """The initial outputs of a network should be small; large ones first have to be unlearned."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        first, expected = subject.first_loss, subject.expected_loss
        loss = subject.config.loss
        logarithmic = loss.from_logits or loss.yaml_name == "nll"
        most = OF_PROBABILITIES if logarithmic else OF_NUMBERS
        if not expected > 0 or not math.isfinite(first) or first <= most * expected:
            return
        yield self.found(
            "warning",
            f"the first loss is {first:.4g}, {first / expected:,.0f} times as large as expected, {expected:.4g}: the initial "
            "outputs of the network are far off, and the first steps only bring them back",
            first_of_all(subject) or other_initializer(subject) or centred(subject),
            "loss",
        )


def centred(subject: Subject) -> str:
    if subject.train.heads:
        return "Set `transform: standard` in targets that are numbers."
    return "" if subject.train.classes else "Set `target_transform: standard` under `data`."
