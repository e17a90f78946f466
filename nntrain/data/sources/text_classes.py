"""Text classes: texts with a class or a number each, from a table or from folders of text files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from nntrain.data.arrays import Task, task_like
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.sequences import reviews
from nntrain.data.sequences.labelled_texts import LabelledTexts, read_folder, read_table
from nntrain.data.sequences.text_targets import with_targets
from nntrain.data.sequences.texts import Texts
from nntrain.data.sequences.tokenizer import Recipe
from nntrain.data.sources.csv import Encoding
from nntrain.data.tables.csv_file import Name
from nntrain.data.tables.formats.opening import Layout
from nntrain.errors import DataError
from nntrain.options import PathName, mistake
from nntrain.paths import resolved

SAMPLES = {"train": 2000, "test": 1000}  # made-up reviews


class TextClasses(Reader, name="text_classes"):
    """Texts to classify or to rate: a column of texts and one of labels in a table, or one folder of .txt files per label.

    Each text becomes a sequence of tokens, padded to the longest of its batch; most networks for them begin with `embedding`, and
    recurrent layers, attention, convolutions with `padding: same` and global pooling ignore the padding. The vocabulary is learned from
    the training split alone and stored in the checkpoint: words (a punctuation mark counts as one), characters, or byte pairs, the
    frequent pieces of words, which can write any text. Texts are normalized to Unicode's NFC; combining marks belong to their word.

    Folders named `train`, `test` and `validation` (also `training`, `testing`, `valid`, `val`) are splits that hold the folders of the
    classes. Without a path, the texts are made-up reviews in two classes that only the order of the words tells apart.
    """

    example: ClassVar = {"path": "reviews.csv", "text": "review", "label": "stars"}

    path: PathName | None = Field(
        None,
        min_length=1,
        description="a table (CSV, JSON Lines, Parquet, Feather or Excel), or a folder; default: made-up reviews",
    )
    text: Name | None = Field(
        None,
        description="the column of texts; default: `text`, or the other one of two",
    )
    label: Name | None = Field(
        None,
        description="the column to predict; default: `label`, or the other one of two",
    )
    header: bool | None = Field(
        None,
        description="whether the first line of a table names the columns; default: unless `text` and `label` are both numbers",
    )
    task: Task = Field(
        "auto",
        description="whether labels are classes or numbers to predict; auto: numbers if all are and one is no whole number, else "
        "classes",
    )
    encoding: Encoding = Field(
        None, description="how the files are written in bytes, such as `cp1252`; default: UTF-8"
    )
    unit: Literal["word", "character", "bpe"] = Field(
        "word",
        description="the unit of tokens; `bpe`: byte pairs, for any script and for words that are rare",
    )
    vocabulary: int = Field(
        10_000,
        ge=2,
        le=1_000_000,
        description="the maximum size of the vocabulary: the most frequent words or characters; for `bpe` at least 257",
    )
    min_count: int = Field(
        2,
        ge=1,
        description="the occurrences in the training texts of a word or character that gets a token of its own; others are `<unknown>`",
    )
    lowercase: bool = Field(False, description="whether capitals are read as small letters")
    max_length: int = Field(
        256, ge=1, le=10**6, description="the maximum number of tokens of a text; what follows is cut off"
    )

    @model_validator(mode="after")
    def _options_match(self) -> "TextClasses":
        if self.unit == "bpe":
            if self.vocabulary < 257:
                raise mistake(
                    f"`unit: bpe` requires a `vocabulary` of at least 257. Received: {self.vocabulary}."
                )
            if self.min_count != type(self).model_fields["min_count"].default:
                raise mistake("`min_count` cannot be combined with `unit: bpe`, which has no unknown words")
        if self.path is None and (columns := self._columns()):
            raise mistake("the made-up reviews have no columns", f"Set `path`, or remove {columns}.")
        if self.path is None and self.task == "regression":
            raise mistake("the labels of the made-up reviews are classes", "Set `path`, or remove `task`.")
        return self

    def _columns(self) -> str:
        """The options that are set and say something about columns: "`text` and `label`"."""
        names = ("text", "label", "header")
        return " and ".join(f"`{name}`" for name in names if getattr(self, name) is not None)

    def load(self, folder: Path) -> Splits:
        if self.path is None:
            made = {name: reviews.reviews(count, name) for name, count in SAMPLES.items()}
            parts = {
                name: Dataset(np.zeros((len(texts), 1)), target, reviews.CLASSES)
                for name, (texts, target) in made.items()
            }
            return Splits(
                **{name: of_texts(part, made[name][0], self.recipe()) for name, part in parts.items()}
            )
        root = resolved(folder, self.path)
        if root.is_dir() and (columns := self._columns()):
            raise DataError("a folder has no columns", f"Remove {columns}.", self.path)
        read = (
            read_folder(self.path, root, self.encoding)
            if root.is_dir()
            else {"train": self.read(folder, self.path)}
        )
        return Splits(
            **{
                name: of_texts(data, read[name].texts, self.recipe())
                for name, data in with_targets(read, self.task).items()
            }
        )

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        splits = self.model_copy(update={"task": task_like(self.task, train)}).load(folder)
        if not train.holds_texts or train.texts is not None:  # the training split is no tokens yet
            return splits
        recipe, steps = self.recipe(), train.input_shape[0]
        parts = {}
        for split, part in splits.parts().items():
            assert part.texts is not None  # see of_texts
            texts = Texts(part.texts.values, recipe, steps)
            parts[split] = replace(part, texts=texts, tokenizer=train.tokenizer)
        return Splits(**parts)

    def read(self, folder: Path, path: str, labelled: bool = True) -> LabelledTexts:
        """The texts of a table with these columns. Raises DataError."""
        layout = Layout(encoding=self.encoding)
        return read_table(folder, path, self.text, self.label, labelled, layout, self.header)

    def recipe(self) -> Recipe:
        return Recipe(self.unit, self.vocabulary, self.min_count, self.lowercase, self.max_length)


def of_texts(data: Dataset, texts: Sequence[str], recipe: Recipe) -> Dataset:
    """A data set whose samples are these texts, which become tokens once the splits are known."""
    values = np.empty(len(texts), object)
    values[:] = texts
    return replace(data, x=np.zeros((len(texts), 1), np.int32), vocabulary=1, texts=Texts(values, recipe))
