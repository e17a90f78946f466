"""Joined: two splits as one, such as training and validation samples that are trained on together."""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.origin import Origin
from nntrain.data.sequences.windows import Windows
from nntrain.data.words import RawTexts


def joined(first: Dataset, second: Dataset) -> Dataset:
    """The samples of both, of the same shapes, features and classes; without groups and times, which only splits need."""
    origin: Origin | None = None
    if first.origin is not None and second.origin is not None:
        places = [
            len(part.x.stream) if isinstance(part.x, Windows) else len(part) for part in (first, second)
        ]
        origin = JoinedRows(first.origin, second.origin, places[0], np.arange(sum(places)))
    texts = first.texts
    if first.texts is not None and second.texts is not None:
        texts = replace(first.texts, values=np.concatenate([first.texts.values, second.texts.values]))
    series = None
    if first.series is not None and second.series is not None:
        series = np.concatenate([first.series, second.series + first.series.max() + 1])
    second_x, raw_texts = second.x, first.raw_texts
    if raw_texts != second.raw_texts:
        second_x, raw_texts = _texts_joined(first, second)
    return replace(
        first,
        x=_one_after_the_other(first.x, second_x),
        raw_texts=raw_texts,
        target=_one_after_the_other(first.target, second.target),
        weight=_concatenated(first.weight, second.weight),
        lengths=_concatenated(first.lengths, second.lengths),
        series=series,
        groups=None,
        times=None,
        texts=texts,
        origin=origin,
    )


def _texts_joined(first: Dataset, second: Dataset) -> tuple[np.ndarray, tuple[RawTexts, ...]]:
    """x of the second, whose texts are numbered after those of the first, and the texts of both."""
    x, found = np.array(second.x), []
    others = {texts.column: texts.cells for texts in second.raw_texts}
    for texts in first.raw_texts:
        numbers = x[:, second.feature_names.index(texts.column)]
        numbers[numbers >= 0] += len(texts.cells)
        found.append(replace(texts, cells=(*texts.cells, *others[texts.column])))
    return x, tuple(found)


def _one_after_the_other(first: np.ndarray | Windows, second: np.ndarray | Windows) -> np.ndarray | Windows:
    if not (isinstance(first, Windows) and isinstance(second, Windows)):
        return np.concatenate([np.asarray(first), np.asarray(second)])
    return replace(
        first,
        stream=np.concatenate([first.stream, second.stream]),
        starts=np.concatenate([first.starts, second.starts + len(first.stream)]),
        lengths=_concatenated(first.lengths, second.lengths),
    )


def _concatenated(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    return None if first is None or second is None else np.concatenate([first, second])


@dataclass(frozen=True)
class JoinedRows:
    """The places of rows of which the first `count` are in one file, the others in another."""

    first: Origin
    second: Origin
    count: int
    rows: np.ndarray

    def place(self, row: int) -> str:
        at = int(self.rows[row])
        return self.first.place(at) if at < self.count else self.second.place(at - self.count)

    def select(self, rows: slice | np.ndarray) -> "JoinedRows":
        return replace(self, rows=self.rows[rows])
