"""Texts in the vocabulary of the training text: a prompt, or a data set of another text."""

import re
from collections import Counter
from collections.abc import Container
from dataclasses import replace

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import noun, remarks
from nntrain.data.sequences.unicode_text import WORD_WITHOUT_MARKS, named, normalized, word_pattern
from nntrain.data.sequences.vocabulary import smallest_type
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError

MOST_SHOWN = 5  # unknown characters in a message


class UnknownCharacters(DataError):
    """A text has characters that the training text does not have."""

    def __init__(self, unknown: Counter[str], place: str):
        super().__init__(f"unknown {counted(unknown)}", "Replace or remove them.", place)


def counted(unknown: Counter[str]) -> str:
    """ "characters: 'A' (U+0041 LATIN CAPITAL LETTER A) 3 times, 'B' (...) and 2 more; 7 in all"."""
    shown = [
        named(character) + ("" if count == 1 else f" {count:,} times")
        for character, count in list(unknown.items())[:MOST_SHOWN]
    ]
    more = f" and {len(unknown) - MOST_SHOWN:,} more" if len(unknown) > MOST_SHOWN else ""
    total = f"; {unknown.total():,} in all" if len(unknown) > 1 else ""
    return f"character{'s' * (len(unknown) > 1)}: {', '.join(shown)}{more}{total}"


def word_rule(train: Dataset) -> re.Pattern[str]:
    return word_pattern() if train.normalized else WORD_WITHOUT_MARKS


def split_text(train: Dataset, text: str) -> list[str]:
    """The characters or words of `text`, by the rules by which the training text was read."""
    if train.normalized:
        text = normalized(text.replace("\r\n", "\n").replace("\r", "\n"))  # as files are read
    return word_rule(train).findall(text) if train.unit == "word" else list(text)


def unknown_in(train: Dataset, text: str) -> Counter[str]:
    """The characters or words of `text` that the vocabulary of `train` does not have, with their counts."""
    if train.unit in ("byte", "bpe"):
        return Counter()
    known = set(train.classes)
    return Counter(token for token in split_text(train, text) if token not in known)


def encode(train: Dataset, name: str, text: str) -> np.ndarray:
    """(length,) int64: `text` as tokens of `train`; unknown words are `<unknown>`. Raises UnknownCharacters."""
    if train.unit == "byte":
        return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8).astype(np.int64)
    if train.tokenizer is not None:
        return np.array(train.tokenizer.encode(text), np.int64)
    if train.unit == "character" and (unknown := unknown_in(train, text)):
        raise UnknownCharacters(unknown, name)
    number = {token: place for place, token in enumerate(train.classes)}
    return np.array([number.get(token, 0) for token in split_text(train, text)], np.int64)


def map_vocabulary(name: str, train: Dataset, other: Dataset) -> Dataset:
    """The text `other` as tokens of `train`; unknown words become `<unknown>`. Raises DataError for unknown characters."""
    if train.unit != other.unit:
        expected = (
            f"text with `unit: {train.unit}`, as in training" if train.unit else "data that is not text"
        )
        raise DataError(
            f"expected {expected}. Received: {f'unit: {other.unit}' if other.unit else 'no text'}.",
            place=name,
        )
    if train.input_shape != other.input_shape:
        raise DataError(
            f"expected windows of {train.input_shape[0]:,} {noun(train.unit)}s, as in training. Received: "
            f"{other.input_shape[0]:,}.",
            f"Set `window: {train.input_shape[0]}`.",
            name,
        )
    if train.classes == other.classes and train.tokenizer == other.tokenizer:
        return other
    if train.unit == "bpe":
        raise DataError(
            "expected the byte pairs of the training. Received: those of another text.", place=name
        )
    x, target = other.x, other.target
    assert isinstance(x, Windows)  # as all text is
    assert isinstance(target, Windows)
    number = {token: place for place, token in enumerate(train.classes)}
    if train.unit == "character":
        _require_known(name, other, x.stream, number.keys())
    table = np.array([number.get(token, 0) for token in other.classes], smallest_type(len(train.classes)))
    stream = table[x.stream]
    notes, warnings = remarks(train.unit, stream, len(train.classes), f"{name}: ")
    return replace(
        other,
        x=replace(x, stream=stream),
        target=replace(target, stream=stream),
        classes=train.classes,
        vocabulary=train.vocabulary,
        notes=notes,
        warnings=warnings,
    )


def _require_known(name: str, other: Dataset, stream: np.ndarray, known: Container[str]) -> None:
    unknown = np.array([token not in known for token in other.classes])
    if not unknown.any():
        return
    counts = np.bincount(stream, minlength=len(other.classes))
    first = int(unknown[stream].argmax())
    order = [stream[first], *(place for place in np.flatnonzero(unknown) if place != stream[first])]
    found = Counter({other.classes[place]: int(counts[place]) for place in order})
    raise UnknownCharacters(found, name if other.origin is None else other.origin.place(first))
