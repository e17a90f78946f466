"""Allocation: the fold of each sample, as scikit-learn's KFold, StratifiedKFold, GroupKFold and TimeSeriesSplit count them.

Folds are numbered from 0. How many samples of each class a fold gets is scikit-learn's; which ones is a function of `key`.
"""

import numpy as np

from nntrain import randomness


def evenly(count: int, folds: int, key: int) -> np.ndarray:
    """(count,) int64: folds of equal size; the first ones get the samples left over (KFold)."""
    sizes = np.full(folds, count // folds)
    sizes[: count % folds] += 1
    fold_of = np.empty(count, np.int64)
    fold_of[randomness.permutation(key, count)] = np.repeat(np.arange(folds), sizes)
    return fold_of


def by_class(labels: np.ndarray, folds: int, key: int) -> np.ndarray:
    """(count,) int64: each class spread evenly over the folds (StratifiedKFold), for labels (count,)."""
    labels = in_order_of_appearance(labels)
    classes = labels.max() + 1
    in_order = np.sort(labels)
    # (folds, classes): the sorted samples dealt out in turn, so that the folds' sizes differ by at most one.
    counts = np.stack([np.bincount(in_order[fold::folds], minlength=classes) for fold in range(folds)])
    shuffled = randomness.permutation(key, len(labels))
    class_by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of = np.empty(len(labels), np.int64)
    fold_of[class_by_class] = np.repeat(np.tile(np.arange(folds), classes), counts.T.ravel())
    return fold_of


def in_order_of_appearance(values: np.ndarray) -> np.ndarray:
    """(count,) int64: the values as numbers 0, 1, ... in the order in which they first appear."""
    _, first, number = np.unique(values, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[number]


def by_group(groups: np.ndarray, labels: np.ndarray | None, folds: int, key: int) -> np.ndarray:
    """(count,) int64: whole groups, balanced in samples; with `labels`, in samples of each class (StratifiedGroupKFold).

    Greedy: the groups that weigh most come first, each into the fold that it leaves most even. There are at least as many
    groups as folds, and no fold stays empty.
    """
    groups = in_order_of_appearance(groups)
    labels = np.zeros(len(groups), np.int64) if labels is None else in_order_of_appearance(labels)
    count, classes = groups.max() + 1, labels.max() + 1
    contents = np.bincount(groups * classes + labels, minlength=count * classes).reshape(count, classes)
    weight = contents.std(axis=1) if classes > 1 else contents[:, 0]
    shuffled = randomness.permutation(key, count)
    order = shuffled[np.argsort(-weight[shuffled], kind="stable")]
    total = contents.sum(axis=0)
    held = np.zeros((folds, classes), np.int64)
    fold_of_group = np.empty(count, np.int64)
    for place, group in enumerate(order):
        filled = held.sum(axis=1)
        must_fill = np.count_nonzero(filled == 0) >= count - place
        candidates = np.flatnonzero(filled == 0) if must_fill else np.arange(folds)
        fold = candidates[_most_even(held, contents[group], total, candidates)]
        held[fold] += contents[group]
        fold_of_group[group] = fold
    return fold_of_group[groups]


def _most_even(held: np.ndarray, group: np.ndarray, total: np.ndarray, candidates: np.ndarray) -> int:
    """The place in `candidates` of the fold where the shares of each class are most even with the group added to it."""
    shares = np.repeat((held / total)[None], len(candidates), axis=0)  # (candidates, folds, classes)
    shares[np.arange(len(candidates)), candidates] += group / total
    uneven = shares.std(axis=1).mean(axis=1)
    equally_even = np.flatnonzero(np.isclose(uneven, uneven.min()))
    return int(equally_even[held[candidates[equally_even]].sum(axis=1).argmin()])


def by_time(count: int, folds: int, number: int) -> tuple[int, int]:
    """(start, end) of the block that fold `number` tests; what comes before it is trained on (TimeSeriesSplit).

    The samples are cut into folds + 1 blocks. The first one, with the samples left over, is never held out.
    """
    size = count // (folds + 1)
    start = count - (folds - number) * size
    return start, start + size


def starts_by_time(counts: np.ndarray, folds: int) -> list[int]:
    """The first time of the block that each fold tests, where `counts` (times,) are the samples of each time, in order.

    As `by_time`, with borders moved to the nearest one between two times. There are more times than folds.
    """
    edges = np.cumsum(counts)[:-1]  # the samples before each time but the first
    found: list[int] = []
    for number in range(folds):
        start, _ = by_time(int(counts.sum()), folds, number)
        nearest = int(np.abs(edges - start).argmin())
        least = found[-1] if found else 0  # the edge after the last one
        found.append(1 + min(max(nearest, least), len(edges) - folds + number))
    return found
