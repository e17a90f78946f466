"""Tokenizer: whole texts as tokens of a vocabulary that was learned from the training texts; a checkpoint stores it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from nntrain.data.sequences import byte_pairs
from nntrain.data.sequences.byte_pairs import BytePairs
from nntrain.data.sequences.unicode_text import normalized, word_pattern
from nntrain.data.sequences.vocabulary import UNKNOWN, smallest_type
from nntrain.data.sequences.windows import Windows

Unit = Literal["character", "word", "bpe"]
NOUNS = {"character": "characters", "word": "words", "bpe": "byte pairs"}


@dataclass(frozen=True)
class Recipe:
    """How a vocabulary is learned from texts."""

    unit: Unit
    size: int  # of the vocabulary, at most
    min_count: int  # occurrences of a word or character that gets a token of its own
    lowercase: bool
    max_length: int  # tokens of a text

    def learn(self, texts: Iterable[str]) -> "Tokenizer":
        """The tokenizer for these texts."""
        read = [prepared(text, self.lowercase) for text in texts]
        if self.unit == "bpe":
            found = byte_pairs.learned(read, self.size)
            return Tokenizer(self.unit, self.lowercase, self.max_length, merges=found.merges)
        counts = Counter(token for text in read for token in _split(text, self.unit))
        frequent = sorted(token for token, count in counts.items() if count >= self.min_count)
        frequent.sort(key=lambda token: -counts[token])
        names = (UNKNOWN, *frequent[: self.size - 1])
        return Tokenizer(self.unit, self.lowercase, self.max_length, names)


@dataclass(frozen=True)
class Tokenizer:
    """Turns texts into tokens. Token 0 is `<unknown>`, or an empty text."""

    unit: Unit
    lowercase: bool
    max_length: int  # tokens of a text; what follows is cut off
    words: tuple[str, ...] = ()  # or characters
    merges: tuple[tuple[int, int], ...] = ()  # for bpe

    @property
    def names(self) -> tuple[str, ...]:
        """Of all tokens."""
        return self._pairs.names if self.unit == "bpe" else self.words

    @property
    def noun(self) -> str:
        return NOUNS[self.unit]

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, all of them; unknown words and characters are 0."""
        text = prepared(text, self.lowercase)
        if self.unit == "bpe":
            return self._pairs.encode(text)
        return [self._number.get(token, 0) for token in _split(text, self.unit)]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of these tokens."""
        if self.unit == "bpe":
            return self._pairs.decode(tokens)
        return ("" if self.unit == "character" else " ").join(self.words[token] for token in tokens)

    def windows(self, texts: Iterable[str], steps: int | None = None) -> tuple[Windows, "Found"]:
        """Sequences of tokens, one per text, padded to `steps`, by default those of the longest; and what was found.

        A text without tokens is the single token 0.
        """
        kind = smallest_type(len(self.names))
        found = Found()
        parts = []
        for text in texts:
            tokens = self.encode(text)
            found.add(len(tokens), steps or self.max_length, 0 if self.unit == "bpe" else tokens.count(0))
            parts.append(np.array(tokens[: steps or self.max_length] or [0], kind))
        lengths = np.array([len(part) for part in parts], np.int32)
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        stream = np.concatenate(parts) if parts else np.zeros(0, kind)
        return Windows(stream, starts, steps or int(lengths.max(initial=1)), lengths), found

    def stream(self, lines: Iterable[str]) -> np.ndarray:
        """(length,): the tokens of a long text, line by line."""
        kind = smallest_type(len(self.names))
        parts = [np.array(self.encode(line), kind) for line in lines]
        return np.concatenate(parts) if parts else np.zeros(0, kind)

    @property
    def distinct_names(self) -> tuple[str, ...]:
        """`names`, where those that are the same, such as of two ways to merge a word, are numbered."""
        counts: Counter[str] = Counter()
        found = []
        for name in self.names:
            counts[name] += 1
            found.append(name if counts[name] == 1 else f"{name}<{counts[name]}>")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "unit": self.unit,
            "lowercase": self.lowercase,
            "max_length": self.max_length,
            "words": list(self.words),
            "merges": [list(pair) for pair in self.merges],
        }

    @staticmethod
    def of(stored: dict[str, Any]) -> "Tokenizer":
        merges = tuple((left, right) for left, right in stored["merges"])
        return Tokenizer(**stored | {"words": tuple(stored["words"]), "merges": merges})

    @cached_property
    def _pairs(self) -> BytePairs:
        return BytePairs(self.merges)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.words)}


@dataclass
class Found:
    """Counts of texts and tokens."""

    texts: int = 0
    tokens: int = 0
    unknown: int = 0
    empty: int = 0
    cut: int = 0
    shortest: int = 1 << 60
    longest: int = 0

    def add(self, length: int, limit: int, unknown: int) -> None:
        self.texts += 1
        self.tokens += length
        self.unknown += unknown
        self.empty += not length
        self.cut += length > limit
        self.shortest, self.longest = min(self.shortest, length), max(self.longest, length)

    @property
    def unknown_share(self) -> float:
        return self.unknown / max(self.tokens, 1)


def prepared(text: str, lowercase: bool) -> str:
    """In NFC, with `\\n` for all ends of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return normalized(text.lower() if lowercase else text)


def _split(text: str, unit: Unit) -> Sequence[str]:
    return word_pattern().findall(text) if unit == "word" else text
