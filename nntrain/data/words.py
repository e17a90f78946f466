"""Words: a column of texts as features, the weights of its most frequent words (bag of words, TF-IDF).

Source: Salton & Buckley 1988, Term-weighting approaches in automatic text retrieval; smoothed as in scikit-learn's TfidfVectorizer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.data.sequences.tokenizer import prepared
from nntrain.data.sequences.unicode_text import word_pattern

FEWEST_ROWS = 2  # that a word must be in: one that is in a single row says nothing about others


@dataclass(frozen=True)
class RawTexts:
    """The distinct texts of a column, of which a feature holds the numbers, -1 for none, until the training split is known."""

    column: str
    cells: tuple[str, ...]
    most: int  # words that become features
    lowercase: bool


@dataclass(frozen=True)
class Words:
    """The words of a column of texts, each with a feature: tf (ln((1 + n) / (1 + df)) + 1), of Euclidean length 1 in each row.

    tf: how often the row has the word; df: how many of the n rows of the training split have it. A row without such words is 0.
    """

    column: str
    start: int  # the position of the first word among the features
    words: tuple[str, ...]  # the most frequent first
    idf: tuple[float, ...]
    lowercase: bool

    @classmethod
    def learned(cls, texts: RawTexts, start: int, rows: np.ndarray) -> "Words":
        """The words of the training split; rows (count,): the numbers of its texts. It may find none."""
        numbers, counts = np.unique(rows[rows >= 0].astype(np.int64), return_counts=True)
        frequency: Counter[str] = Counter()
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            for word in set(words_of(texts.cells[number], texts.lowercase)):
                frequency[word] += count
        found = sorted((-count, word) for word, count in frequency.items() if count >= FEWEST_ROWS)
        chosen = [(word, -count) for count, word in found[: texts.most]]
        idf = [float(np.log((1 + len(rows)) / (1 + count)) + 1) for _, count in chosen]
        return cls(texts.column, start, tuple(word for word, _ in chosen), tuple(idf), texts.lowercase)

    @property
    def places(self) -> slice:
        """The positions among the features."""
        return slice(self.start, self.start + len(self.words))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}: {word}" for word in self.words)

    def weights(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, words) float64."""
        place = {word: number for number, word in enumerate(self.words)}
        found = np.zeros((len(texts), len(self.words)))
        for row, text in enumerate(texts):
            for word in words_of(text, self.lowercase):
                if word in place:
                    found[row, place[word]] += 1
        found *= self.idf
        length = np.sqrt(np.square(found).sum(axis=1, keepdims=True))
        return np.divide(found, length, out=found, where=length > 0)


def words_of(text: str, lowercase: bool) -> list[str]:
    """The words of a text, without punctuation."""
    found = word_pattern().findall(prepared(text, lowercase))
    return [word for word in found if any(map(str.isalnum, word))]


def words_among(spots: Iterable[tuple[str, int, Any]], words: Sequence[Words]) -> list[tuple[str, int, Any]]:
    """The columns behind features (see `columns` and `dates_among`), with the words of a text as one column."""
    by_start = {text.start: text for text in words}
    inside = {place for text in words for place in range(text.start + 1, text.places.stop)}
    return [
        (by_start[start].column, start, by_start[start]) if start in by_start else (name, start, spot)
        for name, start, spot in spots
        if start not in inside
    ]
