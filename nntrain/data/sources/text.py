"""Text: files of text, cut into windows whose every step is to foretell the next character, byte or word."""

import re
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.opening import resolved
from nntrain.data.sequences.tokens import BYTES, characters, file_bytes, file_chunks, words
from nntrain.data.sequences.windows import Windows
from nntrain.errors import UserError
from nntrain.options import mistake

ALPHABET = "\n" + "".join(map(chr, range(0x20, 0x7F)))  # of the packaged text, whatever the version of Python
TYPED = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\xa0": " "})


class Text(Reader, name="text"):
    """Text to go on with: of each window of it, every step is to foretell what comes next.

    A fraction to validate or to test with is the end of the text. The network is given numbers, one for each character, byte or
    word (or mark, or end of a line), and most often begins with `embedding`. Which ones there are, the whole text tells, with the
    end that a fraction holds out; where not even that may be known beforehand, give `validation` and `test` files of their own:
    in these, characters that the training's text does not have are refused, and such words are `<unknown>`. Files are UTF-8,
    plain or gzip-compressed; those of a folder follow each other by name. Without a path it is the language reference that every
    Python carries, in 96 different characters; the text differs from one version of Python to another.
    """

    path: str | None = Field(
        None, min_length=1, description="a file, or a folder of files; default: Python's language reference"
    )
    unit: Literal["character", "byte", "word"] = Field("character", description="what a step is")
    window: int = Field(64, ge=1, le=10**6, description="how many steps a sample has")
    stride: int | None = Field(
        None,
        ge=1,
        description="how many steps after the one before a window begins; default: `window`, "
        "so that each step is seen once an epoch",
    )
    words: int = Field(
        10_000,
        ge=2,
        description="of words, how many different ones are known, the most frequent; the others "
        "are all `<unknown>`",
    )
    consecutive: bool = Field(
        False,
        description="keep windows in order, so that a row of a batch goes on where that row of the "
        "batch before ended; for recurrent layers that carry their state along",
    )

    @model_validator(mode="after")
    def _options_go_together(self):
        if self.consecutive and self.stride not in (None, self.window):
            raise mistake(
                f"consecutive windows follow each other: leave out `stride`. Received: {self.stride}."
            )
        if self.unit != "word" and self.words != type(self).model_fields["words"].default:
            raise mistake(f"`words` goes with `unit: word` only. Received: `unit: {self.unit}`.")
        return self

    def load(self, folder: Path) -> Splits:
        tokens, names = self._tokens(folder)
        stride = self.stride or self.window
        count = (len(tokens) - 1 - self.window) // stride + 1
        if count < 1:
            raise UserError(
                f"{self._name}: expected at least {self.window + 1:,} {self.unit}s: a window of {self.window:,}, and "
                f"the next one. Received: {len(tokens):,}. Choose a smaller `window`, or give more text."
            )
        starts = np.arange(count) * stride
        return Splits(
            Dataset(
                Windows(tokens, starts, self.window),
                Windows(tokens, starts + 1, self.window),
                names,
                len(names),
                series=np.zeros(count, np.uint8),
                unit=self.unit,
                consecutive=self.consecutive,
            )
        )

    @property
    def _name(self) -> str:
        return self.path or "the packaged text"

    def _tokens(self, folder: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        if self.unit == "byte":
            data = (
                file_bytes(folder, self._files(folder))
                if self.path
                else np.frombuffer(packaged().encode(), np.uint8)
            )
            return data, BYTES
        chunks = (
            partial(file_chunks, folder, self._files(folder)) if self.path else lambda: iter([packaged()])
        )
        if self.unit == "character":
            return characters(chunks, known="" if self.path else ALPHABET)
        return words(chunks, self.words)

    def _files(self, folder: Path) -> list[str]:
        path = resolved(folder, self.path)
        if not path.is_dir():
            return [self.path]
        names = sorted(
            entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith(".")
        )
        if not names:
            raise UserError(f"{self.path}: the folder has no files.")
        return [f"{self.path.rstrip('/')}/{name}" for name in names]


def packaged() -> str:
    """The language reference that pydoc shows, in the characters of ALPHABET: in Python 3.11 about 465,000 of them."""
    from pydoc_data.topics import topics

    text = "\n\n".join(topics[name] for name in sorted(topics)).translate(TYPED).expandtabs()
    return re.sub(r"[^\n -~]", "?", text)
