"""Missing classes: classes that a split has no sample of."""

from collections.abc import Iterator

import numpy as np

from nntrain.preflight.check import Check
from nntrain.preflight.columns import listed
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject
from nntrain.training.absent_labels import occurring

EXPECTED = 3.0  # samples of a class by its share of the training split, from which its absence is no chance


class MissingClasses(Check, name="missing_classes", about="data"):
    """Where a metric averages over classes, `fit` warns of them itself."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        train = subject.train
        if (
            not train.classes
            or train.unit
            or any(metric.averages_labels for metric in subject.config.metrics)
        ):
            return
        labels = np.asarray(train.target).ravel()
        shares = np.bincount(labels, minlength=len(train.classes)) / len(labels)
        for split, data in subject.setup.splits.parts().items():
            absent = np.flatnonzero(~occurring(data))
            if split != "train":
                absent = absent[(shares[absent] > 0) & (shares[absent] * len(data) >= EXPECTED)]
            if not len(absent):
                continue
            names = listed([repr(train.classes[i]) for i in absent])
            which = f"class{'es' * (len(absent) != 1)} {names}"
            effect = (
                "cannot be learned"
                if split == "train"
                else f"do{'es' * (len(absent) == 1)} not count in its scores"
            )
            yield self.found(
                "warning",
                f"the {split} split has no sample of {which}, which {effect}",
                remedy(subject, split),
                f"{split} split",
            )


def remedy(subject: Subject, split: str) -> str:
    if split == "train":
        return "Add samples of it, or remove the class from the data."
    if getattr(subject.config.data, split) is None or isinstance(getattr(subject.config.data, split), float):
        return f"Mix the samples before they are split, or set another fraction, such as `{split}: 0.2`."
    return f"Set `data.{split}` to samples of all classes, or to a fraction, such as `{split}: 0.2`."
