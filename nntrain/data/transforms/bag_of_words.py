"""Bag of words: the weights of words in place of a table's texts, once the training split is known."""

from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.words import RawTexts, Words
from nntrain.errors import DataError

SHOWN = 5  # words that a note names


def bag_of_words(splits: Splits) -> Splits:
    """The splits with words in place of texts; other data is unchanged. Data for a trained network have its words."""
    train = splits.train
    if not train.raw_texts:
        return splits
    known = {text.column: text for text in train.words}
    found: list[Words] = []
    notes: list[str] = []
    names = list(train.feature_names)
    for texts in train.raw_texts:
        start = names.index(texts.column)
        rows = np.asarray(train.x)[:, train.feature_names.index(texts.column)]
        words = replace(known.get(texts.column) or Words.learned(texts, start, rows), start=start)
        if not words.words:
            raise DataError(
                f"column {texts.column!r}: no word is in two rows of the training split",
                "Leave the column out with `ignore` in `columns`.",
                "columns",
            )
        names[start : start + 1] = words.names
        found.append(words)
        shown = ", ".join([*words.words[:SHOWN], *["..."] * (len(words.words) > SHOWN)])
        notes.append(f"column {texts.column}: text, the weights of {len(words.words):,} words: {shown}")
    if len(set(names)) < len(names):
        same = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two features can be called {same!r}: rename a column", place="columns")
    parts = {name: _with_words(part, tuple(found), tuple(names)) for name, part in splits.parts().items()}
    if not known:
        parts["train"] = replace(parts["train"], notes=(*train.notes, *notes))
    return Splits(**parts)


def _with_words(data: Dataset, words: tuple[Words, ...], names: tuple[str, ...]) -> Dataset:
    x = np.asarray(data.x)
    wide = np.empty((len(x), len(names)))
    texts = {text.column: text for text in data.raw_texts}
    groups = {text.column: text for text in words}
    starts, place = [], 0
    for position, name in enumerate(data.feature_names):
        starts.append(place)
        if name in groups and groups[name].start == place:
            wide[:, groups[name].places] = _weights(texts[name], groups[name], x[:, position])
            place = groups[name].places.stop
        else:
            wide[:, place] = x[:, position]
            place += 1
    return replace(
        data,
        x=wide,
        feature_names=names,
        one_hot=tuple(replace(one, start=starts[one.start]) for one in data.one_hot),
        scaling={**data.scaling, **dict.fromkeys((name for text in words for name in text.names), "none")},
        words=words,
        raw_texts=(),
    )


def _weights(texts: RawTexts, words: Words, rows: np.ndarray) -> np.ndarray:
    """(rows, words) float64; rows: the numbers of their texts."""
    numbers, number = np.unique(rows.astype(np.int64), return_inverse=True)
    return words.weights([texts.cells[one] if one >= 0 else "" for one in numbers.tolist()])[number]
