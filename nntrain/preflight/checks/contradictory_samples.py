"""Contradictory samples: the same input with different targets, of which a network can only learn one."""

from collections.abc import Iterator

import numpy as np

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject

FEWEST = 5
SHARE = 0.02  # of the training samples
BY_CHANCE = 20.0  # see shared_samples


class ContradictorySamples(Check, name="contradictory_samples", about="data"):
    """A warning where each sample has a class, and equal inputs are no chance. Repeated measurements may well differ in a number."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        data, keys = subject.train, subject.keys.get("train")
        if keys is None or not data.classes or data.per_step:
            return
        target = np.asarray(data.target).astype(np.int64)
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        counts = np.zeros((len(first), len(data.classes)), np.int64)
        np.add.at(counts, (group, target), 1)
        mixed = ((counts > 0).sum(axis=1) > 1)[group]
        count, size = int(mixed.sum()), len(data)
        chance = size * size * subject.chance_of_equal
        if count < max(FEWEST, SHARE * size, BY_CHANCE * chance):
            return
        one = int(np.flatnonzero(mixed)[0])
        other = int(np.flatnonzero((keys == keys[one]) & (target != target[one]))[0])
        best = counts.max(axis=1).sum() / size
        yield self.found(
            "warning",
            f"{count:,} of {size:,} training samples have the same input as another one of another class, such as "
            f"{subject.sample('train', one)} ({data.classes[target[one]]!r}) and {subject.sample('train', other)} "
            f"({data.classes[target[other]]!r}): no network has a training accuracy above {best:.3g}",
            "Fix the classes of these samples, or add a column that tells them apart.",
            "train split",
        )
