"""Balance: weights of the training samples by which all classes count equally."""

from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.weights import with_mean_one
from nntrain.errors import DataError

SHOWN = 8
PLACE = "class_weights"


def balanced(splits: Splits) -> Splits:
    """The splits, where the weights of each class add up to the same in the training split. Those of other splits remain.

    A class gets samples / (classes * samples of the class), as scikit-learn's `balanced`. Raises DataError without classes.
    """
    train = splits.train
    if not train.classes:
        raise DataError("the targets are numbers, not classes", "Remove `class_weights`.", PLACE)
    if np.ndim(train.target) != 1:
        raise DataError("each step of a sequence has a class of its own", "Remove `class_weights`.", PLACE)
    labels = np.asarray(train.target)
    weight = np.ones(len(train)) if train.weight is None else train.weight
    totals = np.bincount(labels, weight, minlength=len(train.classes))
    present = totals > 0
    factor = np.where(present, weight.sum() / (present.sum() * np.where(present, totals, 1)), 0)
    of_samples = with_mean_one(weight * factor[labels])
    if of_samples is None:
        return splits
    train = replace(train, weight=of_samples, notes=(*train.notes, remark(train, factor)))
    others = {name: part for name, part in splits.parts().items() if name != "train"}
    # Splits share the arrays of batches, so that all have weights.
    weighted = {
        name: part if part.weight is not None else replace(part, weight=np.ones(len(part)))
        for name, part in others.items()
    }
    return Splits(train, **weighted)


def remark(train: Dataset, factor: np.ndarray) -> str:
    """ "class_weights: no 0.62, yes 2.6"."""
    named = [f"{name} {value:.3g}" for name, value in zip(train.classes, factor.tolist(), strict=True)]
    more = f" and {len(named) - SHOWN:,} more" if len(named) > SHOWN else ""
    return f"{PLACE}: {', '.join(named[:SHOWN])}{more}"
