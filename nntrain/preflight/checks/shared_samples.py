"""Shared samples: the same input in the training split and in the test or validation split, whose scores are then too good."""

from collections.abc import Iterator

import numpy as np

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.samples import too_large
from nntrain.preflight.subject import Subject

FEWEST = 5
SHARE = 0.01  # of the split
BY_CHANCE = (
    20.0  # times as many as independent columns would give are still no sign: columns are not independent
)


class SharedSamples(Check, name="shared_samples", about="data"):
    """More equal inputs than chance gives. Tables with few different rows have many, and are left alone."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        keys = subject.keys
        parts = subject.setup.splits.parts()
        if len(parts) > 1 and any(too_large(data) for data in parts.values()):
            yield self.found(
                "note", "the splits are not compared: reading all of their samples would take long"
            )
        for split in ("validation", "test"):
            if split not in keys:
                continue
            shared = np.isin(keys[split], keys["train"])
            count, size = int(shared.sum()), len(shared)
            chance = size * len(keys["train"]) * subject.chance_of_equal
            if count < max(FEWEST, SHARE * size, BY_CHANCE * chance):
                continue
            here = int(np.flatnonzero(shared)[0])
            there = int(np.flatnonzero(keys["train"] == keys[split][here])[0])
            places = (
                subject.sample(split, here),
                subject.sample("train", there),
            )  # the same line of a file that is read twice
            which = f"all {size:,}" if count == size else f"{count:,} of {size:,}"
            yield self.found(
                "warning",
                f"{which} samples of the {split} split ({count / size:.0%}) are in the training split, too, such as "
                f"{' and '.join(dict.fromkeys(places))}: the scores of the {split} split are too good",
                remedy(subject, split),
                f"{split} split",
            )


def remedy(subject: Subject, split: str) -> str:
    if isinstance(getattr(subject.config.data, split), float):
        return "Remove repeated samples from the data, so that the split cannot separate them."
    return f"Set `data.{split}` to samples that are not in the training split, or to a fraction, such as `{split}: 0.2`."
