"""Tokens: a text as numbers, those of its bytes, characters or words, and back."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.files.opening import opened, undecodable_line
from nntrain.data.tables.features import listed
from nntrain.errors import UserError

CHUNK = 1 << 20  # characters or bytes at once, so that a text is in memory only once, as tokens
CODE_POINTS = 0x110000  # how many Unicode has
UNKNOWN = "<unknown>"
BEGINNING = 24
WORD = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]|\n")  # a word, a single other character, or the end of a line
NO_SPACE_BEFORE = set(".,;:!?)]}'’%\n")
NO_SPACE_AFTER = set("([{'‘\n")
BYTES = tuple(
    chr(byte) if 0x20 < byte < 0x7F else f"0x{byte:02x}" for byte in range(256)
)  # names of the classes

Chunks = Callable[[], Iterator[str]]  # reads a text from its start


def file_chunks(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """The files' text, one after the other; line ends become `\\n`. Raises UserError for what is not UTF-8."""
    for name in names:
        with opened(folder, name) as file, TextIOWrapper(file, encoding="utf-8-sig") as text:
            try:
                while chunk := text.read(CHUNK):
                    yield chunk
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{name}:{undecodable_line(file)}: expected text in UTF-8. Received: the byte "
                    f"{error.object[error.start]:#04x}. Save the file as UTF-8, or say `unit: byte`."
                ) from None


def file_bytes(folder: Path, names: Sequence[str]) -> np.ndarray:
    """(length,) uint8: the files' bytes, one after the other."""
    data = bytearray()
    for name in names:
        with opened(folder, name) as file:
            while chunk := file.read(CHUNK):
                data += chunk
    return np.frombuffer(data, np.uint8)


def characters(chunks: Chunks, known: str = "") -> tuple[np.ndarray, tuple[str, ...]]:
    """(length,) tokens of the smallest type that holds them, and the characters in order of their code points.

    Those of `known` count whether they occur or not.
    """
    seen, length = np.zeros(CODE_POINTS, bool), 0
    seen[code_points(known)] = True
    for chunk in chunks():
        points = code_points(chunk)
        seen[points] = True
        length += len(points)
    different = np.flatnonzero(seen)
    number = np.zeros(CODE_POINTS, _smallest(len(different)))
    number[different] = np.arange(len(different))
    tokens, start = np.empty(length, number.dtype), 0
    for chunk in chunks():
        points = code_points(chunk)
        tokens[start : start + len(points)] = number[points]
        start += len(points)
    return tokens, tuple(map(chr, different.tolist()))


def code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def words(chunks: Chunks, limit: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """(length,) tokens, and `<unknown>` and the `limit - 1` most frequent words, which come first."""
    counts: Counter[str] = Counter()
    for piece in _whole_words(chunks()):
        counts.update(WORD.findall(piece))
    known = (UNKNOWN, *(word for word, _ in counts.most_common(limit - 1)))
    number = {word: place for place, word in enumerate(known)}
    tokens, start = np.empty(counts.total(), _smallest(len(known))), 0
    for piece in _whole_words(chunks()):
        found = [number.get(word, 0) for word in WORD.findall(piece)]
        tokens[start : start + len(found)] = found
        start += len(found)
    return tokens, known


def _whole_words(chunks: Iterator[str]) -> Iterator[str]:
    """The same text in pieces that end between words."""
    rest = ""
    for chunk in chunks:
        text = rest + chunk
        end = max(text.rfind(" "), text.rfind("\n")) + 1
        yield text[:end]
        rest = text[end:]
    yield rest


def _smallest(count: int) -> type:
    return np.uint8 if count <= 256 else np.uint16 if count <= 1 << 16 else np.int32


def encode(train: Dataset, name: str, text: str) -> np.ndarray:
    """(length,) int64: `text` in the tokens of `train`. Raises UserError for characters that it does not have."""
    if train.unit == "byte":
        return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8).astype(np.int64)
    number = {token: place for place, token in enumerate(train.classes)}
    if train.unit == "word":
        return np.array([number.get(word, 0) for word in WORD.findall(text)], np.int64)
    require_known(name, train.classes, list(dict.fromkeys(text)))
    return np.array([number[character] for character in text], np.int64)


def decode(train: Dataset, tokens: Sequence[int]) -> str:
    """The text that these tokens of `train` stand for; bytes that are not UTF-8 become U+FFFD."""
    if train.unit == "byte":
        return bytes(map(int, tokens)).decode("utf-8", "replace")
    parts = [train.classes[token] for token in tokens]
    if train.unit == "character":
        return "".join(parts)
    spaces = [
        "" if before is None or after[0] in NO_SPACE_BEFORE or before[-1] in NO_SPACE_AFTER else " "
        for before, after in zip([None, *parts], parts, strict=False)
    ]
    return "".join(space + part for space, part in zip(spaces, parts, strict=True))


def first_word(data: Dataset) -> str:
    """What a text begins with, up to a blank and no longer than BEGINNING tokens; empty where these are all blank."""
    return next(iter(decode(data, data.x.stream[:BEGINNING]).split()), "")


def require_known(name: str, known: Sequence[str], came: Sequence[str]) -> None:
    """Raises UserError with the characters that `came` and are not known."""
    if unknown := [character for character in came if character not in set(known)]:
        raise UserError(
            f"{name}: the text has characters that the training's did not have: {listed(unknown)}. "
            f"The network knows {len(known)}: {''.join(known)!r}."
        )


def map_vocabulary(name: str, train: Dataset, other: Dataset) -> Dataset:
    """The text `other` in the tokens of `train`; words that are not known become `<unknown>`. Raises UserError."""
    if train.unit != other.unit:
        raise UserError(
            f"{name}: expected a text of the unit {train.unit or 'none'}, as in the training. "
            f"Received: {other.unit or 'no text'}."
        )
    if train.input_shape != other.input_shape:
        raise UserError(
            f"{name}: expected windows of {train.input_shape[0]:,} {train.unit}s, as in the training. Received: "
            f"{other.input_shape[0]:,}. Say `window: {train.input_shape[0]}`."
        )
    if train.classes == other.classes:
        return other
    if train.unit == "character":
        require_known(name, train.classes, other.classes)
    number = {token: place for place, token in enumerate(train.classes)}
    table = np.array([number.get(token, 0) for token in other.classes], _smallest(len(train.classes)))
    stream = table[other.x.stream]
    return replace(
        other,
        x=replace(other.x, stream=stream),
        target=replace(other.target, stream=stream),
        classes=train.classes,
        vocabulary=train.vocabulary,
    )
