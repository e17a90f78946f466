"""Held out: without a validation split, the best epoch is chosen by the samples that were trained on."""

from collections.abc import Iterator

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject


class HeldOut(Check, name="held_out", about="data"):
    """A note, because it is a choice."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        splits = subject.setup.splits
        if splits.validation is not None or subject.setup.config.data.train_on_validation:
            return
        if splits.test is None:
            text = "there is neither a validation split nor a test split: whether the network generalizes is not measured"
        else:
            text = f"there is no validation split: the best epoch is chosen by {subject.setup.monitor.name}"
        yield self.found("note", text, "Set `validation: 0.1` under `data`.")
