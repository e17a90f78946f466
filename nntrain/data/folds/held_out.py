"""Held out: the rows of a data set that a fold trains on, and those that it tests."""

from dataclasses import dataclass

import numpy as np

from nntrain import randomness
from nntrain.data.dataset import Dataset, shortened
from nntrain.data.folds import allocation
from nntrain.data.folds.fold import Fold
from nntrain.data.sequences.windows import Windows
from nntrain.errors import ConfigError


@dataclass(frozen=True)
class HeldOut:
    """The rows of one fold, each in the order of the source."""

    train: np.ndarray  # (count,) int64
    test: np.ndarray  # (count,) int64
    how: str  # "stratified by class", for people
    warnings: tuple[str, ...] = ()


def held_out(data: Dataset, fold: Fold, seed: int) -> HeldOut:
    """The rows that `fold` trains on and tests, of the training split of a source. Raises ConfigError without keys."""
    if data.series is not None and data.groups is None:
        return _by_time(data, fold)
    if data.times is not None:
        return _rows_by_time(data, data.times, fold)
    count, folds, key = len(data), fold.of, randomness.key(seed, "fold")
    labels, classes = data.strata or (None, ())
    if count < folds:
        raise ConfigError(
            f"expected at least {folds:,} samples, one for each fold. Received: {count:,}.", at_most(count)
        )
    warnings: tuple[str, ...] = ()
    if data.groups is not None:
        fold_of, how = _by_group(data.groups, labels, fold, key)
    elif labels is not None:
        warnings = _of_rare_classes(labels, classes, folds)
        fold_of, how = allocation.by_class(labels, folds, key), "stratified by class"
    else:
        fold_of, how = allocation.evenly(count, folds, key), "at random"
    test = fold_of == fold.number - 1
    if data.groups is not None and labels is not None:
        only = "that are only in held-out groups", "use fewer folds, or group by another column"
        warnings = _of_unlearned_classes(labels[~test], labels[test], classes, *only)
    return HeldOut(np.flatnonzero(~test), np.flatnonzero(test), how, warnings)


def at_most(folds: int) -> str:
    return f"Use at most {folds:,} folds." if folds > 1 else ""


def _by_group(groups: np.ndarray, labels: np.ndarray | None, fold: Fold, key: int) -> tuple[np.ndarray, str]:
    count = len(np.unique(groups))
    if count < fold.of:
        what = f"{count:,} group{'s' * (count != 1)}"
        raise ConfigError(
            f"expected at least {fold.of:,} groups, one for each fold. Received: {what}.",
            at_most(count) or "Group by another column.",
        )
    name = "group" if fold.group is None else str(fold.group)
    return allocation.by_group(groups, labels, fold.of, key), f"by {name} ({count:,} groups)"


def _of_rare_classes(labels: np.ndarray, classes: tuple[str, ...], folds: int) -> tuple[str, ...]:
    """Warnings of classes that not every fold can hold out. Raises ConfigError where that are all of them."""
    counts = np.bincount(labels, minlength=len(classes))
    most = int(counts.max())
    if most < folds:
        raise ConfigError(
            f"expected a class with at least {folds:,} samples, one for each fold. Received: at most {most:,} samples "
            "per class.",
            at_most(most),
        )
    rare = [number for number in np.flatnonzero(counts).tolist() if counts[number] < folds]
    if not rare:
        return ()
    fewest = min(int(counts[number]) for number in rare)
    named = shortened(tuple(f"{classes[number]!r} ({counts[number]:,})" for number in rare))
    untrained = "; where its only sample is held out, the class is not learned" if fewest == 1 else ""
    remedy = f"use at most {fewest} folds, or remove these classes" if fewest > 1 else "remove such classes"
    return (
        f"fold: classes with fewer samples than the {folds:,} folds are missing in the test split of some folds: "
        f"{named}{untrained}; {remedy}",
    )


def _of_unlearned_classes(
    trained: np.ndarray, tested: np.ndarray, classes: tuple[str, ...], where: str, remedy: str
) -> tuple[str, ...]:
    """A warning of classes that are only among the labels `tested`."""
    learned, counts = (np.bincount(labels, minlength=len(classes)) for labels in (trained, tested))
    absent = np.flatnonzero((learned == 0) & (counts > 0)).tolist()
    if not absent:
        return ()
    named = shortened(tuple(f"{classes[number]!r} ({counts[number]:,})" for number in absent))
    return (f"fold: classes {where} are tested without being learned: {named}; {remedy}",)


def _rows_by_time(data: Dataset, times: np.ndarray, fold: Fold) -> HeldOut:
    """The block of rows after what is trained on; rows of the same time are in one block."""
    distinct, counts = np.unique(times, return_counts=True)
    if len(distinct) <= fold.of:
        what = f"{len(distinct):,} time{'s' * (len(distinct) != 1)}"
        raise ConfigError(
            f"expected rows of at least {fold.of + 1:,} times, as {fold.of:,} folds by time are as many blocks after a first "
            f"one. Received: {what}.",
            at_most(len(distinct) - 1) or "Use another column in `split_by`.",
        )
    starts = allocation.starts_by_time(counts, fold.of)
    number = np.searchsorted(distinct, times)  # of each row's time
    first, after = starts[fold.number - 1], [*starts, len(distinct)][fold.number]
    train, test = np.flatnonzero(number < first), np.flatnonzero((number >= first) & (number < after))
    warnings: tuple[str, ...] = ()
    if data.strata is not None:
        labels, classes = data.strata
        only = "that do not occur before the held-out block", "use fewer folds"
        warnings = _of_unlearned_classes(labels[train], labels[test], classes, *only)
    return HeldOut(train, test, "by time, after what is trained on", warnings)


def _by_time(data: Dataset, fold: Fold) -> HeldOut:
    """Of each series, the block after what is trained on; windows that overlap the border are left out."""
    x, target, series = data.x, data.target, data.series
    assert isinstance(x, Windows)
    assert isinstance(target, Windows)
    assert series is not None
    train, test, overlapping = [], [], 0
    order = np.argsort(series, kind="stable")
    for windows in np.split(order, np.flatnonzero(np.diff(series[order])) + 1):
        if len(windows) <= fold.of:
            raise ConfigError(
                f"expected at least {fold.of + 1:,} windows of each series, as {fold.of:,} folds by time are as many blocks "
                f"after a first one. Received: {len(windows):,}.",
                f"{at_most(len(windows) - 1) or 'Use more data.'} Shorter windows are more of them.",
            )
        start, end = allocation.by_time(len(windows), fold.of, fold.number - 1)
        before = windows[:start]
        before = before[target.ends[before] <= x.starts[windows[start]]]
        if not len(before):
            raise ConfigError(
                f"the {start:,} windows before the held-out block all overlap it, so that none is left for training",
                "Use fewer folds, more data, or shorter windows.",
            )
        overlapping += start - len(before)
        train.append(before)
        test.append(windows[start:end])
    how = "by time, after what is trained on"
    if overlapping:
        left_out = (
            "1 window that overlaps the border is"
            if overlapping == 1
            else f"{overlapping:,} windows that overlap the border are"
        )
        how += f"; {left_out} left out"
    return HeldOut(np.concatenate(train), np.concatenate(test), how)
