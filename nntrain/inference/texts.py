"""Texts: new texts as samples of a network that classifies texts, from arguments, lines, tables, or text files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from nntrain.data.conform.arrays import conform_inputs, unlabeled
from nntrain.data.images.walk import PassedOver, name_text
from nntrain.data.sequences.labelled_texts import SUFFIX, read_table, read_text, text_files
from nntrain.data.sequences.tokenizer import Tokenizer
from nntrain.data.sources.text_classes import TextClasses
from nntrain.data.transforms.tokenize import tokenize
from nntrain.errors import UserError
from nntrain.inference.given import is_source, read_source
from nntrain.inference.inputs import HERE, Samples
from nntrain.inference.predict import Predictions, predict
from nntrain.inference.trained import Trained
from nntrain.paths import with_places

COLUMN = "file"


class NotAFile(UserError):
    """A file or folder was expected; perhaps the text itself was meant."""


def text_samples(trained: Trained, texts: Sequence[str], ids: tuple[str, ...] | None = None) -> Samples:
    """Samples of these texts; `ids`: the file of each."""
    train = trained.trained_on
    windows, _ = tokenizer_of(trained).windows(texts, train.input_shape[0])
    data = unlabeled(train, windows, windows.lengths)
    return Samples(data, None if ids is None else (COLUMN, ids))


def tokenizer_of(trained: Trained) -> Tokenizer:
    """Raises UserError for a network that was not trained on texts."""
    tokenizer = trained.trained_on.tokenizer
    if tokenizer is None or trained.trained_on.unit:
        raise UserError("the network does not classify texts")
    return tokenizer


def predict_texts(trained: Trained, texts: Sequence[str], probabilities: bool = False) -> Predictions:
    """One prediction for each text."""
    return predict(trained, text_samples(trained, texts), probabilities)


def samples_at(trained: Trained, text: str, stdin: BinaryIO, name: str) -> Samples:
    """The texts of a file or folder, of a source, or of the lines on stdin (`-`). Raises UserError."""
    if is_source(text):
        source, folder = read_source(text, name)
        parts = tokenize(source.load_like(folder, trained.trained_on)).parts()
        return Samples(conform_inputs(name, trained.trained_on, parts.get("test", parts["train"])))
    if text == "-":
        return text_samples(trained, lines_of(stdin.read(), "standard input"))
    path = Path(with_places(text))
    of_training = trained.config.data.source
    used = of_training if isinstance(of_training, TextClasses) else None
    encoding = used.encoding if used else None
    if path.is_dir():
        files = text_files(path, PassedOver())
        if not files:
            raise UserError(f"expected a folder of {SUFFIX} files. Received: none of them", place=text)
        names = [str(file.relative_to(path)) for file in files]
        found = [read_text(path, file, f"{text.rstrip('/')}/{file}", encoding=encoding) for file in names]
        return text_samples(trained, found, tuple(map(name_text, names)))
    if path.suffix.lower() == SUFFIX:
        return text_samples(trained, [read_text(HERE, text, encoding=encoding)])
    if not path.exists() and not path.suffix and os.sep not in text:
        raise NotAFile(f"expected a file or a folder. Received: {text!r}", place=name)
    return text_samples(trained, column_of(used, text))


def column_of(used: TextClasses | None, path: str) -> list[str]:
    """The texts of a table, of the column of the training's name."""
    if used is None:
        return read_table(HERE, path, labelled=False).texts
    return used.read(HERE, path, labelled=False).texts


def lines_of(content: bytes, name: str) -> list[str]:
    """The lines of a text in UTF-8, each a text of its own."""
    try:
        return content.decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"expected text in UTF-8. Received: byte {error.object[error.start]:#04x}", place=name
        ) from None
