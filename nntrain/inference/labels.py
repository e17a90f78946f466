"""Labels: precision, recall and F1 of each label of multi-label targets."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.losses import Loss
from nntrain.metrics import Metric
from nntrain.metrics.classification import F1, LabelMetric, Precision, Recall

SHOWN = (Precision, Recall, F1)


def has_labels(loss: Loss, data: Dataset, metrics: Sequence[Metric]) -> bool:
    """Whether there are several labels that metrics average over."""
    several = loss.binary and not data.classes and not data.per_step and data.target_shape[-1] > 1
    return several and any(isinstance(metric, LabelMetric) for metric in metrics)


def label_scores(
    loss: Loss, outputs: np.ndarray, data: Dataset, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """{"rain": {"samples": 23, "precision": 0.95, "recall": 1.0, "f1": 0.98}, ...}; samples: the weight of those with the label.

    outputs: (samples, labels), of the network. A score is NaN where it is undefined, such as the recall of a label without samples.
    """
    sums = F1().start(loss)
    F1().add(sums, outputs, np.asarray(data.target), data.weight)
    found = {kind.yaml_name: kind().by_label(sums).tolist() for kind in SHOWN}
    return {
        name: {"samples": float(sums["true"][place]), **{key: found[key][place] for key in found}}
        for place, name in enumerate(names)
    }
