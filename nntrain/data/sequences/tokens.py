"""Tokens: files of text as numbers, one per byte, character or word, and back."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.files.opening import opened, undecodable_line
from nntrain.data.sequences.vocabulary import MUCH_UNKNOWN, UNKNOWN, smallest_type
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError

CHUNK = 1 << 20  # characters or bytes read at once: only the tokens of a text are in memory as a whole
CODE_POINTS = 0x110000  # in Unicode
FIRST_TOKENS = 24  # in which `first_word` looks
NO_SPACE_BEFORE = set(".,;:!?)]}'’%\n")
NO_SPACE_AFTER = set("([{'‘\n")
BYTES = tuple(  # names of the classes
    chr(byte) if 0x20 < byte < 0x7F else f"0x{byte:02x}" for byte in range(256)
)

Chunks = Callable[[], Iterator[str]]  # reads a text from the start


def file_chunks(folder: Path, names: Sequence[str]) -> Iterator[str]:
    """The text of the files in order; line ends become `\\n`. Raises DataError for text that is not UTF-8."""
    for name in names:
        with opened(folder, name) as file, TextIOWrapper(file, encoding="utf-8-sig") as text:
            try:
                while chunk := text.read(CHUNK):
                    yield chunk
            except UnicodeDecodeError as error:
                raise DataError(
                    f"expected text in UTF-8. Received: byte {error.object[error.start]:#04x}.",
                    "Save the file as UTF-8, or set `unit: byte`.",
                    f"{name}:{undecodable_line(file)}",
                ) from None


@dataclass(frozen=True)
class TextFiles:
    """The places of a text's tokens in its files."""

    folder: Path
    names: tuple[str, ...]
    tokens: np.ndarray
    line_end: int  # the token that ends a line

    def place(self, row: int) -> str:
        line = int((self.tokens[:row] == self.line_end).sum()) + 1
        for name in self.names[:-1]:
            lines = sum(chunk.count("\n") for chunk in file_chunks(self.folder, [name]))
            if line <= lines:
                return f"{name}:{line}"
            line -= lines
        return f"{self.names[-1]}:{line}"

    def select(self, rows: slice | np.ndarray) -> "TextFiles":
        """Unchanged: a selection of windows keeps the whole text."""
        return self


def file_bytes(folder: Path, names: Sequence[str]) -> np.ndarray:
    """(length,) uint8: the bytes of the files in order."""
    data = bytearray()
    for name in names:
        with opened(folder, name) as file:
            while chunk := file.read(CHUNK):
                data += chunk
    return np.frombuffer(data, np.uint8)


def characters(chunks: Chunks, known: str = "") -> tuple[np.ndarray, tuple[str, ...]]:
    """(length,) tokens of the smallest integer type, and the characters in order of their code points.

    The characters of `known` are included even if they do not occur.
    """
    seen, length = np.zeros(CODE_POINTS, bool), 0
    seen[code_points(known)] = True
    for chunk in chunks():
        points = code_points(chunk)
        seen[points] = True
        length += len(points)
    distinct = np.flatnonzero(seen)
    number = np.zeros(CODE_POINTS, smallest_type(len(distinct)))
    number[distinct] = np.arange(len(distinct))
    tokens, start = np.empty(length, number.dtype), 0
    for chunk in chunks():
        points = code_points(chunk)
        tokens[start : start + len(points)] = number[points]
        start += len(points)
    return tokens, tuple(map(chr, distinct.tolist()))


def code_points(text: str) -> np.ndarray:
    """(length,) uint32."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def words(
    chunks: Chunks, limit: int, pattern: re.Pattern[str], until: int | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(length,) tokens, and the vocabulary: `<unknown>` and the `limit - 1` most frequent words, most frequent first.

    `until`: only the first so many words make the vocabulary; None: all.
    """
    number = _Numbered()
    pieces: list[np.ndarray] = []
    for piece in _whole_words(chunks()):
        found = pattern.findall(piece)
        pieces.append(np.fromiter(map(number.__getitem__, found), np.int32, len(found)))
    counts = np.zeros(len(number), np.int64)
    length = 0
    for numbers in pieces:
        counts += np.bincount(
            numbers if until is None else numbers[: max(until - length, 0)], minlength=len(number)
        )
        length += len(numbers)
    order = np.argsort(-counts, kind="stable")  # of equally frequent words, the first one
    order = order[counts[order] > 0][: limit - 1]
    distinct = list(number)
    known = (UNKNOWN, *(distinct[place] for place in order))
    token = np.zeros(len(number), smallest_type(len(known)))
    token[order] = np.arange(1, len(known))
    parts = [token[numbers] for numbers in pieces]
    return np.concatenate(parts) if parts else token, known


class _Numbered(dict[str, int]):
    """Numbers for words, in order of first occurrence."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


UNUSED = "<unused {number}>"  # a place of a vocabulary that no token has


def padded_names(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """`names` and unused places, `count` together."""
    return (*names, *(UNUSED.format(number=number + 1) for number in range(count - len(names))))


def remarks(
    unit: str, stream: np.ndarray, vocabulary: int, name: str = ""
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and warnings about a text: its length, its vocabulary, and the share of unknown words."""
    length = f"{name}{len(stream):,} {noun(unit)}s"
    if unit == "bpe":
        return (f"{length}, {vocabulary:,} in the vocabulary",), ()
    if unit != "word":
        return (f"{length}, {vocabulary:,} distinct" if unit == "character" else length,), ()
    share = float((stream == 0).mean())
    notes = (f"{length}, {vocabulary:,} in the vocabulary, {share:.1%} unknown",)
    if share <= MUCH_UNKNOWN:
        return notes, ()
    warning = (
        f"{name}{share:.1%} of the words are read as {UNKNOWN}: the vocabulary has the {vocabulary - 1:,} most frequent "
        "words of the training text; set a larger `words`, or `unit: character` if words are not separated by spaces"
    )
    return notes, (warning,)


def noun(unit: str) -> str:
    """What a token is, for people."""
    return "byte pair" if unit == "bpe" else unit


def _whole_words(chunks: Iterator[str]) -> Iterator[str]:
    """The same text, in pieces that end between words."""
    rest = ""
    for chunk in chunks:
        text = rest + chunk
        end = max(text.rfind(" "), text.rfind("\n")) + 1
        yield text[:end]
        rest = text[end:]
    yield rest


def decode(train: Dataset, tokens: Sequence[int] | np.ndarray) -> str:
    """The text of these tokens of `train`; bytes that are not UTF-8 become U+FFFD."""
    if train.unit == "byte":
        return bytes(map(int, tokens)).decode("utf-8", "replace")
    if train.tokenizer is not None:
        return train.tokenizer.decode(list(map(int, tokens)))
    parts = [train.classes[token] for token in tokens]
    if train.unit == "character":
        return "".join(parts)
    spaces = [
        "" if before is None or after[0] in NO_SPACE_BEFORE or before[-1] in NO_SPACE_AFTER else " "
        for before, after in zip([None, *parts], parts, strict=False)
    ]
    return "".join(space + part for space, part in zip(spaces, parts, strict=True))


def first_word(data: Dataset) -> str:
    """The first word among the first FIRST_TOKENS tokens of a text; empty if these are blank."""
    assert isinstance(data.x, Windows)  # as all text is
    return next(iter(decode(data, data.x.stream[:FIRST_TOKENS]).split()), "")
