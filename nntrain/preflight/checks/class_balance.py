"""Class balance: classes so rare that a network can ignore them and still have a good accuracy."""

from collections.abc import Iterator

import numpy as np

from nntrain.preflight.check import Check
from nntrain.preflight.finding import Finding
from nntrain.preflight.subject import Subject

RARE = 0.1  # of an equal share
MOST_CLASSES = 8  # whose weights a line of YAML lists
BALANCED_METRICS = ("f1", "auc", "precision", "recall", "confusion_matrix")


class ClassBalance(Check, name="class_balance", about="data"):
    """Only where each sample has a class: tokens of a text and labels of steps are never balanced."""

    def look(self, subject: Subject) -> Iterator[Finding]:
        data, loss = subject.train, subject.config.loss
        if not data.classes or data.unit or data.per_step:
            return
        counts = np.bincount(np.asarray(data.target), minlength=len(data.classes))
        rare = [
            i for i in np.argsort(counts, kind="stable") if 0 < counts[i] < RARE * len(data) / len(counts)
        ]
        if not rare:
            return
        common = int(counts.argmax())
        named = f"class {data.classes[rare[0]]!r} has {counts[rare[0]]:,} of {len(data):,} training samples"
        others = f", and {len(rare) - 1:,} more classes are rare" if len(rare) > 1 else ""
        share = counts[common] / len(data)
        weighted = getattr(loss, "class_weights", None) is not None or getattr(loss, "pos_weight", 1.0) != 1.0
        watched = any(metric.yaml_name in BALANCED_METRICS for metric in subject.config.metrics)
        yield self.found(
            "note" if weighted or watched else "warning",
            f"{named} ({counts[rare[0]] / len(data):.2%}){others}: always predicting {data.classes[common]!r} has an accuracy "
            f"of {share:.3g}",
            "" if weighted else remedy(subject, counts, watched),
            f"class {data.classes[rare[0]]!r}",
        )


def remedy(subject: Subject, counts: np.ndarray, watched: bool) -> str:
    loss = subject.config.loss
    ways = [] if watched else ["`metrics: [f1, auc]` to see how rare classes are predicted"]
    present = np.maximum(counts, 1)
    if loss.yaml_name == "cross_entropy" and len(counts) <= MOST_CLASSES:
        weights = ", ".join(f"{weight:.3g}" for weight in present.sum() / (len(counts) * present))
        ways.append(f"`loss: {{cross_entropy: {{class_weights: [{weights}]}}}}` to weight them more")
    elif loss.yaml_name == "binary_cross_entropy" and counts[1] < counts[0]:
        ways.append(
            f"`loss: {{binary_cross_entropy: {{pos_weight: {counts[0] / present[1]:.3g}}}}}` to weight them more"
        )
    return f"Set {', or '.join(ways)}." if ways else ""
