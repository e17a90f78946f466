"""Splits: test and validation splits held out from the training split, and the hashes that detect changed data."""

import hashlib
import math

import numpy as np

from nntrain import randomness
from nntrain.data import mapped
from nntrain.data.conform.align import align
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError


def split(
    splits: Splits, test: float | None, validation: float | None, seed: int
) -> tuple[Splits, dict[str, np.ndarray]]:
    """Holds out the given fractions: `test` of the training split, then `validation` of the rest.

    Random, and stratified where each sample has a class; whole groups where samples have groups; the latest where they have
    times. A text or a series is cut at its end, without windows that overlap the border. Also returns the rows (int64) of the
    source's training split in each split taken from it. Taking a fraction copies. Raises DataError where the source already has
    the split, or has too few samples, or a single class.
    """
    data = splits.train
    if len(data.classes) == 1:
        raise DataError(
            f"expected at least two classes, or numbers to predict. Received: {data.classes[0]!r} in every sample."
        )
    rows = {"train": np.arange(len(data))}
    for name, fraction in (("test", test), ("validation", validation)):
        if fraction is None:
            continue
        _require_absent(splits, name)
        if data.series is not None:
            rows["train"], rows[name] = split_series(data, name, fraction, rows["train"])
            continue
        count = held_out_count(name, fraction, len(rows["train"]))
        if data.times is not None:
            kept, held_out = latest(data.times[rows["train"]], name, count)
            rows[name], rows["train"] = rows["train"][held_out], rows["train"][kept]
            continue
        key = randomness.key(seed, "split", name)
        if data.groups is not None:
            kept, held_out = grouped_split(data.groups[rows["train"]], name, count, key)
            rows[name], rows["train"] = rows["train"][held_out], rows["train"][kept]
            continue
        strata = data.strata
        labels = np.zeros(len(rows["train"]), np.int32) if strata is None else strata[0][rows["train"]]
        kept, held_out = stratified_split(labels, count, key)
        rows[name], rows["train"] = rows["train"][held_out], rows["train"][kept]
    parts = splits.parts()
    if len(rows) > 1:
        parts |= {name: data.select(indices) for name, indices in rows.items()}
    return Splits(**parts), rows


def join(splits: Splits, name: str, other: Dataset) -> Splits:
    """`splits` with `other`, from another source, as split `name`; features and classes are matched by name.

    Raises DataError where the split exists already, or `other` has classes or categories outside the training split.
    """
    _require_absent(splits, name)
    return Splits(**splits.parts() | {name: align(name, splits.train, other)})


def _require_absent(splits: Splits, name: str) -> None:
    if name in splits.parts():
        raise DataError(
            f"the source already has a {name} split ({len(splits.parts()[name]):,} samples)",
            f"Remove `{name}`.",
            name,
        )


def held_out_count(name: str, fraction: float, samples: int) -> int:
    """`fraction` of `samples`, rounded to the nearest. Raises DataError where one side would be empty."""
    count = math.floor(samples * fraction + 0.5)
    if count == 0 or count == samples:
        side = f"the {name} split" if count == 0 else "training"
        raise DataError(
            f"{fraction:g} of {samples} samples leaves none for {side}",
            "Use another fraction, or more data.",
            name,
        )
    return count


def split_series(
    data: Dataset, name: str, fraction: float, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out): of the windows `rows`, the last of each series are held out; kept windows do not overlap them."""
    x, target, series = data.x, data.target, data.series
    assert isinstance(x, Windows)
    assert isinstance(target, Windows)
    assert series is not None
    kept, held_out = [], []
    order = np.argsort(series[rows], kind="stable")
    borders = np.flatnonzero(np.diff(series[rows][order])) + 1
    for windows in np.split(rows[order], borders):
        count = held_out_count(name, fraction, len(windows))
        held_out.append(windows[-count:])
        before = windows[target.ends[windows] <= x.starts[held_out[-1][0]]]
        if not len(before):
            raise DataError(
                f"{fraction:g} of {len(windows)} windows leaves none for training that does not overlap the {name} "
                "split",
                "Use another fraction, more data, or shorter windows.",
                name,
            )
        kept.append(before)
    return np.concatenate(kept), np.concatenate(held_out)


def stratified_split(labels: np.ndarray, count: int, key: int) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out): positions in random order, `count` of them held out, each label in proportion.

    The largest-remainder method (Hamilton) makes the total exact. The last sample of a label is kept, except for labels with a
    single sample, which are held out last. Raises DataError where `count` is more than that.
    """
    shuffled = randomness.permutation(key, len(labels))
    _, labels, sizes = np.unique(labels[shuffled], return_inverse=True, return_counts=True)
    ideal = count * sizes / len(labels)
    quota = np.minimum(ideal.astype(np.int64), sizes - 1)
    missing = 0
    for most in (sizes - 1, np.maximum(sizes - 1, 1)):
        while (missing := count - quota.sum()) > 0 and (can := np.flatnonzero(quota < most)).size:
            quota[can[np.argsort((quota - ideal)[can], kind="stable")[:missing]]] += 1
    if missing:
        raise DataError(
            f"holding out {count} of {len(labels)} samples leaves no sample to train on for some of {len(sizes)} "
            "classes",
            "Use a smaller fraction, or more data.",
            "split",
        )
    # The nth sample of a label, in shuffled order, is held out while n is below the label's quota.
    by_label = np.argsort(labels, kind="stable")
    nth = np.empty(len(labels), np.int64)
    nth[by_label] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    held_out = nth < quota[labels]
    return shuffled[~held_out], shuffled[held_out]


def grouped_split(groups: np.ndarray, name: str, count: int, key: int) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out): positions, whole groups in random order held out until they are about `count` samples."""
    distinct, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise DataError(
            f"a split by group requires at least two groups. Received: {len(distinct)}.", place=name
        )
    order = randomness.permutation(key, len(distinct))
    held = np.cumsum(sizes[order])[:-1]  # samples in the first 1, 2, ... groups; the last group is kept
    chosen = order[: 1 + int(np.abs(held - count).argmin())]
    held_out = np.isin(group, chosen)
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def latest(times: np.ndarray, name: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out): positions, of which about the `count` latest are held out; those of the same time stay together."""
    distinct, sizes = np.unique(times, return_counts=True)
    if len(distinct) < 2:
        raise DataError("a split by time requires samples of at least two times. Received: one.", place=name)
    held = np.cumsum(sizes[::-1])[:-1]  # samples at the last 1, 2, ... times; the first time is kept
    first = distinct[::-1][int(np.abs(held - count).argmin())]
    return np.flatnonzero(times < first), np.flatnonzero(times >= first)


def hashes(splits: Splits) -> dict[str, str]:
    """For each split the SHA-256 of its samples, targets, lengths and weights: their type, shape and bytes; and of the tokenizer."""
    return {name: _hash(part) for name, part in splits.parts().items()}


def _hash(part: Dataset) -> str:
    digest = hashlib.sha256()
    for values in (part.x, part.target, part.lengths, part.weight):
        if values is None:
            continue
        for array in values.hashed_arrays() if isinstance(values, Windows) else (values,):
            digest.update(f"{array.dtype.str} {array.shape}\n".encode())
            for block in mapped.blocks(array):
                digest.update(np.ascontiguousarray(block).data)
    if part.tokenizer is not None:
        digest.update(repr(part.tokenizer).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
