"""Splits: a test and a validation part drawn from the train part, and hashes that tell whether data changed."""

import hashlib
import math

import numpy as np

from nntrain import randomness
from nntrain.data.conform.align import align
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.data.system_memory import exceeds_memory
from nntrain.errors import UserError


def split(
    splits: Splits, test: float | None, validation: float | None, seed: int
) -> tuple[Splits, dict[str, np.ndarray]]:
    """Draws the parts that a fraction is given for: `test` of the train part, then `validation` of what remains.

    Shuffled, and stratified where each sample has a class. Of a text and of series it is the end, and what reaches over the
    border is left out. Also returns, for the train part and each part drawn, the rows of the source's train part that went
    there, int64, as drawn. Drawing copies; a part of the source's own stays as it is.
    Raises UserError where the source brings the part already, or has too few samples, or one class alone.
    """
    source = splits.train
    if len(source.classes) == 1:
        raise UserError(
            f"the target is {source.classes[0]!r} in every sample. "
            "Expected at least two classes, or numbers to predict."
        )
    rows = {"train": np.arange(len(source))}
    for name, fraction in (("test", test), ("validation", validation)):
        if fraction is None:
            continue
        _require_free(splits, name)
        if source.series is not None:
            rows["train"], rows[name] = cut(source, name, fraction, rows["train"])
            continue
        if exceeds_memory(source.x):
            raise UserError(
                f"{name}: to draw a part of the data, they must fit into memory, but they are "
                f"{source.x.nbytes / 1e9:,.1f} GB in a file. Give the part a source or a folder of its own."
            )
        count = share(name, fraction, len(rows["train"]))
        key = randomness.key(seed, "split", name)
        stratified = source.classes and source.target.ndim == 1
        labels = source.target[rows["train"]] if stratified else np.zeros(len(rows["train"]), np.int32)
        kept, drawn = draw(labels, count, key)
        rows[name], rows["train"] = rows["train"][drawn], rows["train"][kept]
    parts = splits.parts()
    if len(rows) > 1:
        parts |= {name: source.select(indices) for name, indices in rows.items()}
    return Splits(**parts), rows


def join(splits: Splits, name: str, other: Dataset) -> Splits:
    """`splits` with `other`, from another source, as its part `name`, its features and classes matched by name.

    Raises UserError where the part is there already, or `other` has classes or categories that the train part does not know.
    """
    _require_free(splits, name)
    return Splits(**splits.parts() | {name: align(name, splits.train, other)})


def _require_free(splits: Splits, name: str) -> None:
    if name in splits.parts():
        raise UserError(
            f"{name}: the source brings a {name} part of its own ({len(splits.parts()[name])} samples). "
            f"Leave out `{name}`."
        )


def share(name: str, fraction: float, samples: int) -> int:
    """How many of `samples` a fraction is, rounded to the nearest. Raises UserError unless both sides get some."""
    count = math.floor(samples * fraction + 0.5)
    if count == 0 or count == samples:
        side = f"the {name} part" if count == 0 else "training"
        raise UserError(
            f"{name}: {fraction:g} of {samples} samples leaves none for {side}. "
            "Give another fraction, or more data."
        )
    return count


def cut(source: Dataset, name: str, fraction: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(kept, held out) of the windows `rows`: the last ones of each series, and no value of theirs is in one that is kept."""
    kept, held = [], []
    order = np.argsort(source.series[rows], kind="stable")
    borders = np.flatnonzero(np.diff(source.series[rows][order])) + 1
    for windows in np.split(rows[order], borders):
        count = share(name, fraction, len(windows))
        held.append(windows[-count:])
        before = windows[source.target.ends[windows] <= source.x.starts[held[-1][0]]]
        if not len(before):
            raise UserError(
                f"{name}: {fraction:g} of {len(windows)} windows leaves none for training that does not reach "
                "into it. Give another fraction, or more data, or make windows shorter."
            )
        kept.append(before)
    return np.concatenate(kept), np.concatenate(held)


def draw(labels: np.ndarray, count: int, key: int) -> tuple[np.ndarray, np.ndarray]:
    """(kept, drawn): positions in random order, `count` of them drawn, of each label in proportion.

    Largest remainder (Hamilton) makes the total exact. The last sample of a label is kept, but for labels that have one
    alone, and those are drawn last. Raises UserError where `count` asks for more than that.
    """
    shuffled = randomness.permutation(key, len(labels))
    _, labels, sizes = np.unique(labels[shuffled], return_inverse=True, return_counts=True)
    ideal = count * sizes / len(labels)
    quota = np.minimum(ideal.astype(np.int64), sizes - 1)
    for most in (sizes - 1, np.maximum(sizes - 1, 1)):
        while (missing := count - quota.sum()) > 0 and (can := np.flatnonzero(quota < most)).size:
            quota[can[np.argsort((quota - ideal)[can], kind="stable")[:missing]]] += 1
    if missing:
        raise UserError(
            f"split: {count} of {len(labels)} samples cannot be drawn and leave each of {len(sizes)} classes one to "
            "train on. Give a smaller fraction, or more data."
        )
    # The nth sample of its label, in the shuffled order, is drawn while n is below the label's quota.
    by_label = np.argsort(labels, kind="stable")
    nth = np.empty(len(labels), np.int64)
    nth[by_label] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    drawn = nth < quota[labels]
    return shuffled[~drawn], shuffled[drawn]


def hashes(splits: Splits) -> dict[str, str]:
    """For each part the SHA-256 of its samples and targets: their type, shape and bytes."""
    return {name: _hash(part) for name, part in splits.parts().items()}


def _hash(part: Dataset) -> str:
    digest = hashlib.sha256()
    for samples in (part.x, part.target, part.lengths):
        for array in (
            samples.hashed_arrays() if isinstance(samples, Windows) else () if samples is None else (samples,)
        ):
            digest.update(f"{array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
