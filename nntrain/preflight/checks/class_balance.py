"""Class balance: classes so rare that a network can ignore them and still have a good accuracy."""

from collections.abc import Iterator

import numpy as np

from nntrain.config.scalars import inline
from nntrain.losses import Loss
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
        by_loss = getattr(loss, "class_weights", None) is not None or getattr(loss, "pos_weight", 1.0) != 1.0
        weighted = by_loss or data.weight is not None
        watched = any(metric.yaml_name in BALANCED_METRICS for metric in subject.config.metrics)
        yield self.found(
            "note" if weighted or watched else "warning",
            f"{named} ({counts[rare[0]] / len(data):.2%}){others}: always predicting {data.classes[common]!r} has an accuracy "
            f"of {share:.3g}",
            "" if weighted else remedy(subject, counts, watched),
            f"class {data.classes[rare[0]]!r}",
        )


def remedy(subject: Subject, counts: np.ndarray, watched: bool) -> str:
    config, present = subject.config, np.maximum(counts, 1)
    ways = []
    if not watched:
        metrics = [*(metric.shortest() for metric in config.metrics), "f1"]
        ways.append(f"`metrics: {inline(metrics)}` to see how rare classes are predicted")
    if config.loss.yaml_name == "cross_entropy" and len(counts) <= MOST_CLASSES:
        weights = present.sum() / (len(counts) * present)
        ways.append(weighting(config.loss, class_weights=tuple(map(three_digits, weights))))
    elif config.loss.yaml_name == "binary_cross_entropy" and counts[1] < counts[0]:
        ways.append(weighting(config.loss, pos_weight=three_digits(counts[0] / present[1])))
    return f"Set {', or '.join(ways)}." if ways else ""


def weighting(loss: Loss, **weights: object) -> str:
    options = loss.model_copy(update=weights).model_dump(mode="json", exclude_defaults=True)
    return f"`loss: {inline({loss.yaml_name: options})}` to weight them more"


def three_digits(value: float) -> float:
    return float(f"{value:.3g}")
