"""Absent labels: classes, or multi-label outputs, that a split has no sample of, so that averages over classes leave them out."""

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.dataset import Dataset, Splits
from nntrain.options import MOST_NAMES


def absent_label_warnings(config: Config, splits: Splits) -> list[str]:
    """For each split that lacks labels, where a metric averages over them."""
    metrics = [metric.yaml_name for metric in config.metrics if metric.averages_labels]
    if not metrics:
        return []
    return [
        f"the {split} split has {lacking}{_remedy(config, split)}"
        for split, data in splits.parts().items()
        if (lacking := _lacking(data, metrics))
    ]


def _lacking(data: Dataset, metrics: list[str]) -> str:
    """ "no sample of class 'c': auc averages over the other classes"; empty where every label occurs."""
    occurs = occurring(data)
    one, many = ("class", "classes") if data.classes else ("output", "outputs")
    names = [repr(name) for name in data.classes or data.target_names] or [
        str(at) for at in range(len(occurs))
    ]
    absent = [name for name, found in zip(names, occurs, strict=True) if not found]
    if not absent:
        return ""
    listed = ", ".join(absent[:MOST_NAMES])
    listed += f" and {len(absent) - MOST_NAMES:,} more" if len(absent) > MOST_NAMES else ""
    effects = []
    if "auc" in metrics:
        single = bool(data.classes) and occurs.sum() == 1
        effects.append("auc is undefined (NaN)" if single else f"auc averages over the other {many}")
    if others := [name for name in metrics if name != "auc"]:
        what = "it" if len(absent) == 1 else "them"
        effects.append(f"{' and '.join(others)} count{'s' * (len(others) == 1)} {what} as 0 where predicted")
    return f"no sample of {one if len(absent) == 1 else many} {listed}: {'; '.join(effects)}"


def occurring(data: Dataset) -> np.ndarray:
    """(labels,) bool: which classes, or multi-label outputs, are true for a sample of the data."""
    target = np.asarray(data.target)
    if not data.classes:
        return np.asarray((target > 0.5).reshape(-1, target.shape[-1]).any(axis=0))
    if data.per_step and data.lengths is not None:
        target = target[np.arange(target.shape[1]) < data.lengths[:, None]]
    return np.bincount(target.ravel(), minlength=len(data.classes)) > 0


def _remedy(config: Config, split: str) -> str:
    fraction = getattr(config.data, split, None)
    return (
        f". Set `data.{split}` to a larger fraction than {fraction:g}" if isinstance(fraction, float) else ""
    )
