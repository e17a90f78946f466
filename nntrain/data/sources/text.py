"""Text: files of text in windows, to predict the next character, byte or word at each step."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
from pydantic import Field, PrivateAttr, model_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.sequences.tokenizer import Recipe, Tokenizer
from nntrain.data.sequences.tokens import (
    BYTES,
    TextFiles,
    characters,
    file_bytes,
    file_chunks,
    noun,
    padded_names,
    remarks,
    words,
)
from nntrain.data.sequences.unicode_text import WORD_WITHOUT_MARKS, normalized_pieces, word_pattern
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError
from nntrain.options import PathName, mistake
from nntrain.paths import resolved

ALPHABET = "\n" + "".join(map(chr, range(0x20, 0x7F)))  # of the packaged text in any version of Python
BYTE_PAIRS = 2000  # in a vocabulary, unless it sets its size
TYPED = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\xa0": " "})


class Text(Reader, name="text"):
    """Text for language models: in each window, every step predicts the next token.

    A held-out fraction is the end of the text. Tokens are characters, bytes, words (a punctuation mark and the end of a line count as
    words), or byte pairs; most networks for them begin with `embedding`. The vocabulary is that of the whole text, including held-out
    fractions; with `fold`, that of what precedes the held-out block, except for `bpe`. To keep it from held-out fractions, use separate
    files for `validation` and `test`: characters outside the training text are then an error, and such words are `<unknown>`; byte pairs
    can write any text. Text is normalized to Unicode's NFC; combining marks belong to their word.

    Files are UTF-8, plain or gzip-compressed; the files of a folder are joined in order of name. Without a path, the text is
    Python's language reference, in 96 distinct characters; it depends on the version of Python.
    """

    path: PathName | None = Field(
        None, min_length=1, description="a file, or a folder of files; default: Python's language reference"
    )
    unit: Literal["character", "byte", "word", "bpe"] = Field(
        "character",
        description="the unit of tokens; `bpe`: byte pairs, frequent pieces of words that can write any text",
    )
    window: int = Field(64, ge=1, le=10**6, description="the number of steps of a sample")
    stride: int | None = Field(
        None,
        ge=1,
        description="the steps between the starts of windows; default: `window`, so that each step is seen once per epoch",
    )
    words: int = Field(
        10_000,
        ge=2,
        description="for `unit: word`: the size of the vocabulary, the most frequent words; others are `<unknown>`",
    )
    vocabulary: int | None = Field(
        None,
        ge=257,
        le=1_000_000,
        description="for `unit: bpe`: the maximum size of the vocabulary; default: 2,000",
    )
    consecutive: bool = Field(
        False,
        description="keep windows in order, so that each row of a batch continues that row of the batch before; for "
        "recurrent layers with `stateful`",
    )

    _normalized: bool = PrivateAttr(True)

    @model_validator(mode="after")
    def _options_match(self) -> "Text":
        if self.consecutive and self.stride not in (None, self.window):
            raise mistake(
                f"`consecutive` requires windows without gaps or overlap. Received: `stride: {self.stride}`.",
                "Remove `stride`.",
            )
        if self.unit != "word" and self.words != type(self).model_fields["words"].default:
            hint = "Set `vocabulary`." if self.unit == "bpe" else ""
            raise mistake(f"`words` requires `unit: word`. Received: `unit: {self.unit}`.", hint)
        if self.unit != "bpe" and self.vocabulary is not None:
            hint = "Set `words`." if self.unit == "word" else ""
            raise mistake(f"`vocabulary` requires `unit: bpe`. Received: `unit: {self.unit}`.", hint)
        return self

    def load(self, folder: Path) -> Splits:
        return self._load(folder, None)

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        """With `unit: bpe`, in the vocabulary of `train`."""
        return self._load(folder, train.tokenizer if self.unit == train.unit else None)

    def _load(self, folder: Path, tokenizer: Tokenizer | None) -> Splits:
        files = self._files(folder, self.path) if self.path else []
        if self.unit == "bpe":
            lines = list(self._lines(folder, files))
            size = self.vocabulary or BYTE_PAIRS
            tokenizer = tokenizer or Recipe("bpe", size, 1, False, self.window).learn(lines)
            tokens, names = tokenizer.stream(lines), tokenizer.distinct_names
        else:
            tokens, names = self._tokens(folder, files)
        stride = self.stride or self.window
        count = (len(tokens) - 1 - self.window) // stride + 1
        if count < 1:
            raise DataError(
                f"expected at least {self.window + 1:,} {noun(self.unit)}s: a window of {self.window:,}, and the next one. "
                f"Received: {len(tokens):,}.",
                "Use a smaller `window`, or more text.",
                self.path or "the packaged text",
            )
        starts = np.arange(count) * stride
        notes, warnings = remarks(self.unit, tokens, len(names), "text: ")
        return Splits(
            Dataset(
                Windows(tokens, starts, self.window),
                Windows(tokens, starts + 1, self.window),
                names,
                len(names),
                series=np.zeros(count, np.uint8),
                unit=self.unit,
                consecutive=self.consecutive,
                normalized=self._normalized,
                tokenizer=tokenizer,
                origin=_origin(folder, files, tokens, names),
                notes=notes,
                warnings=warnings,
            )
        )

    def with_vocabulary_until(
        self, folder: Path, data: Dataset, until: int
    ) -> tuple[Dataset, np.ndarray | None]:
        """`data`, which this source loaded, with the vocabulary of the first `until` tokens; and the tokens outside it, if any.

        Its size stays: it is that of layers, as the config sets them. Places at its end are then unused. Words outside it are
        `<unknown>`; characters outside it are marked in (length,) bool.
        """
        assert isinstance(data.x, Windows)
        tokens, unknown = data.x.stream, None
        if self.unit in ("byte", "bpe"):
            return data, None
        if self.unit == "word":
            files = self._files(folder, self.path) if self.path else []
            tokens, names = self._tokens(folder, files, until)
        else:
            occurs = np.bincount(tokens[:until], minlength=len(data.classes)) > 0
            if not self.path or occurs.all():  # the characters of the packaged text are known
                return data, None
            names = tuple(name for name, known in zip(data.classes, occurs, strict=True) if known)
            number = np.where(occurs, np.cumsum(occurs) - 1, 0).astype(tokens.dtype)
            tokens, unknown = number[tokens], ~occurs[tokens]
        notes, warnings = remarks(self.unit, tokens[:until], len(names), "text to train on: ")
        measured = replace(
            data,
            x=replace(data.x, stream=tokens),
            target=replace(cast(Windows, data.target), stream=tokens),
            classes=padded_names(names, len(data.classes)),
            notes=notes,
            warnings=warnings,
        )
        return measured, unknown

    def as_before_normalization(self) -> "Text":
        """The same text, read as by versions that left it as it is and tore words at their combining marks."""
        source = self.model_copy()
        source._normalized = False
        return source

    def _tokens(
        self, folder: Path, files: list[str], until: int | None = None
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """(length,) tokens, and the vocabulary; of words, that of the first `until`."""
        if self.unit == "byte":
            data = file_bytes(folder, files) if files else np.frombuffer(packaged().encode(), np.uint8)
            return data, BYTES

        def chunks() -> Iterator[str]:
            return self._chunks(folder, files)

        if self.unit == "character":
            return characters(chunks, known="" if files else ALPHABET)
        return words(chunks, self.words, word_pattern() if self._normalized else WORD_WITHOUT_MARKS, until)

    def _chunks(self, folder: Path, files: list[str]) -> Iterator[str]:
        pieces = file_chunks(folder, files) if files else iter([packaged()])
        return normalized_pieces(pieces) if self._normalized else pieces

    def _lines(self, folder: Path, files: list[str]) -> Iterator[str]:
        """The text line by line, with the ends of the lines."""
        rest = ""
        for chunk in self._chunks(folder, files):
            *whole, rest = (rest + chunk).split("\n")
            yield from (f"{line}\n" for line in whole)
        if rest:
            yield rest

    def _files(self, folder: Path, name: str) -> list[str]:
        path = resolved(folder, name)
        if not path.is_dir():
            return [name]
        names = sorted(
            entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith(".")
        )
        if not names:
            raise DataError("the folder has no files", place=name)
        return [f"{name.rstrip('/')}/{file}" for file in names]


def _origin(folder: Path, files: list[str], tokens: np.ndarray, names: tuple[str, ...]) -> TextFiles | None:
    if not files:
        return None
    return TextFiles(folder, tuple(files), tokens, names.index("\n") if "\n" in names else -1)


def packaged() -> str:
    """The language reference of pydoc, in the characters of ALPHABET; about 465,000 characters in Python 3.11."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics)).translate(TYPED).expandtabs()
    return re.sub(r"[^\n -~]", "?", text)
