"""Constant targets: numbers to predict that are all equal."""

from collections.abc import Iterator

import numpy as np

from nntrain.data.sequences.windows import take_rows
from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject
from nntrain.training.magnitudes import column_name
from nntrain.training.scales import evenly


class ConstantTarget(Check, name="constant_target", about="data"):
    """All targets constant is an error: there is nothing to learn."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        data = subject.train
        if data.unit:
            return
        if data.classes:
            counts = np.bincount(np.asarray(data.target).ravel(), minlength=len(data.classes))
            if np.count_nonzero(counts) == 1:
                name = data.classes[int(counts.argmax())]
                yield self.found(
                    "error", f"all training samples are of class {name!r}: there is nothing to learn"
                )
            return
        target = take_rows(data.target, evenly(len(data), 10_000)).reshape(-1, data.target_shape[-1])
        constant = np.flatnonzero((target == target[0]).all(axis=0))
        for channel in constant:
            everything = len(constant) == target.shape[1]
            label = f"target {column_name(data, 'target', int(channel))}"
            yield self.found(
                "error" if everything else "warning",
                f"{label} is {target[0, channel]:g} in all {len(data):,} training samples"
                + (": there is nothing to learn" if everything else ""),
                "Predict another column, or remove this target.",
                label,
            )
