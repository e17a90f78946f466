"""Verdict: whether a finished run has learned anything, and whether it has overfitted."""

import math

import numpy as np

from nntrain.run.review.causes import GROUPS
from nntrain.run.review.evidence import Evidence

MARGIN = 0.01  # of the baseline; less is no success
FEWEST_SAMPLES = 30  # of a split whose scores are not chance
DEGENERATE = ("precision", "recall", "f1")  # a constant prediction is bad at them, and random ones are better
RISE = 0.1  # of the lowest validation loss, from which on it has clearly risen


def review(seen: Evidence) -> list[str]:
    """What a finished run shows, as warnings; empty for most runs."""
    if not seen.baseline:
        return []
    if not beats_baseline(seen, "train"):
        groups = ([cause for look in group if (cause := look(seen))] for group in GROUPS)
        return [nothing_learned(seen), *next(filter(None, groups))]
    if memorized := only_memorized(seen):
        return [memorized]
    return list(filter(None, [overfitting(seen)]))


def beats_baseline(seen: Evidence, split: str) -> bool:
    """Whether the loss or a metric of a split is clearly better than that of a constant prediction."""
    scores, base = seen.scores[split], seen.baseline[split]
    if scores["loss"] < base["loss"] - MARGIN * abs(base["loss"]):
        return True
    for metric in seen.config.metrics:
        name = metric.yaml_name
        if name in base and name not in DEGENERATE:
            gain = scores[name] - base[name] if metric.higher_is_better else base[name] - scores[name]
            if gain > MARGIN * max(abs(base[name]), 1.0 if metric.higher_is_better else 0.0):
                return True
    return False


def nothing_learned(seen: Evidence) -> str:
    return (
        f"the network has learned nothing: the train loss of its best epoch, {seen.scores['train']['loss']:.4g}, is no better "
        f"than that of a constant prediction, {seen.baseline['train']['loss']:.4g}"
    )


def only_memorized(seen: Evidence) -> str:
    """The training split is learned, and nothing else."""
    split = seen.held_out
    if len(seen.setup.splits.parts()[split]) < FEWEST_SAMPLES or beats_baseline(seen, split):
        return ""
    return (
        f"the network does not generalize: the {split} loss of its best epoch, {seen.scores[split]['loss']:.4g}, is no better "
        f"than that of a constant prediction, {seen.baseline[split]['loss']:.4g}, while the train loss is "
        f"{seen.scores['train']['loss']:.4g}. The inputs may say nothing about the targets, or there are too few samples"
    )


def overfitting(seen: Evidence) -> str:
    """The best epoch is long over, and the validation loss has clearly risen since while the train loss fell."""
    columns, train = seen.evaluations, seen.config.train
    if "validation_loss" not in columns or train.early_stopping is not None:
        return ""
    validation, epochs = columns["validation_loss"], columns["epoch"]
    count, marked = len(validation), np.flatnonzero(columns["best"] == 1)
    if not len(marked):
        return ""
    best = int(marked[-1])
    lowest = float(validation[best])
    if count - 1 - best < max(5, count // 3) or not seen.setup.monitor.name.startswith("validation_"):
        return ""
    end = float(np.mean(validation[-3:]))
    base = seen.baseline["validation"]["loss"]
    risen = end - lowest > max(RISE * abs(lowest), RISE / 2 * (base - lowest))
    if not risen or math.isnan(end) or columns["train_loss"][-1] >= columns["train_loss"][best]:
        return ""
    patience = max(3, min(count // 10, 2 * best + 5))  # in evaluations; longer where the best one came late
    return (
        f"overfitting: the validation loss was lowest at epoch {epochs[best]:g} ({lowest:.4g}) and rose to {end:.4g} by epoch "
        f"{epochs[-1]:g}, while the train loss fell. The best epoch is kept; `early_stopping: {{patience: {patience}}}` under "
        "`train` ends such a run sooner"
    )
