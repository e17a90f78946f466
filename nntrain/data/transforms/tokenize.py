"""Tokens: texts as sequences of tokens, in a vocabulary learned from the training split."""

from dataclasses import dataclass, replace

import numpy as np

from nntrain.data.dataset import Dataset, Splits
from nntrain.data.origin import Origin
from nntrain.data.sequences.texts import Texts
from nntrain.data.sequences.tokenizer import Found, Tokenizer
from nntrain.data.sequences.unicode_text import without_blanks
from nntrain.data.sequences.vocabulary import MUCH_UNKNOWN
from nntrain.data.sequences.windows import Windows
from nntrain.errors import DataError

MUCH_WITHOUT_BLANKS = 0.3  # of the letters
LOOKED_AT = 1_000_000  # characters in which scripts are looked for


@dataclass(frozen=True)
class TextOrigin:
    """The places of the tokens of texts."""

    texts: Origin
    starts: np.ndarray  # (texts,): the first token of each

    def place(self, row: int) -> str:
        return self.texts.place(int(np.searchsorted(self.starts, row, "right")) - 1)

    def select(self, rows: slice | np.ndarray) -> "TextOrigin":
        """Unchanged: a selection of windows keeps all tokens."""
        return self


def tokenize(splits: Splits) -> Splits:
    """The splits with tokens in place of texts; other data is unchanged. Data for a trained network have its tokenizer."""
    train = splits.train
    if train.texts is None:
        return splits
    tokenizer = train.tokenizer or train.texts.recipe.learn(train.texts.values)
    if len(tokenizer.names) == 1:
        raise DataError(
            f"the training texts have no {tokenizer.noun} that occur {train.texts.recipe.min_count} times",
            "Set `min_count: 1`, or use more texts.",
        )
    limit = train.texts.steps or None
    found = {
        name: tokenizer.windows(part.texts.values, limit)
        for name, part in splits.parts().items()
        if part.texts is not None
    }
    steps = limit or max(windows.steps for windows, _ in found.values())
    parts = dict(splits.parts())
    for name, (windows, counts) in found.items():
        told = "" if name == "train" else f"{name}: "
        parts[name] = encoded(parts[name], tokenizer, replace(windows, steps=steps), counts, told)
    warnings = (*parts["train"].warnings, *_script_warnings(train.texts))
    parts["train"] = replace(parts["train"], warnings=warnings)
    return Splits(**parts)


def encoded(part: Dataset, tokenizer: Tokenizer, windows: Windows, found: Found, name: str) -> Dataset:
    """A data set of texts as these tokens; `name` begins its notes."""
    notes, warnings = remarks(tokenizer, found, windows.steps, name)
    return replace(
        part,
        x=windows,
        vocabulary=len(tokenizer.names),
        lengths=windows.lengths,
        tokenizer=tokenizer,
        texts=None,
        origin=None if part.origin is None else TextOrigin(part.origin, windows.starts),
        notes=(*part.notes, *notes),
        warnings=(*part.warnings, *warnings),
    )


def remarks(
    tokenizer: Tokenizer, found: Found, steps: int, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and warnings about texts: their lengths, the vocabulary, and what is unknown, cut or empty."""
    noun = tokenizer.noun
    size = f"{len(tokenizer.names):,} in the vocabulary"
    unknown = "" if tokenizer.unit == "bpe" else f", {found.unknown_share:.1%} unknown"
    notes = []
    if not name:
        notes.append(
            f"{found.texts:,} texts of {found.shortest:,} to {found.longest:,} {noun}, {size}{unknown}"
        )
    elif found.unknown:
        notes.append(f"{name}{found.unknown_share:.1%} of the {noun} unknown")
    if found.cut:
        notes.append(
            f"{name}{found.cut:,} of {found.texts:,} texts are cut to {steps:,} {noun} (`max_length`)"
        )
    warnings = []
    if found.empty:
        warnings.append(f"{name}{found.empty:,} of {found.texts:,} texts have no {noun}; remove them")
    if found.unknown_share > MUCH_UNKNOWN:
        warnings.append(
            f"{name}{found.unknown_share:.1%} of the {noun} are read as <unknown>; set `unit: bpe`, whose vocabulary "
            "has no unknown words, or a larger `vocabulary`"
        )
    return tuple(notes), tuple(warnings)


def _script_warnings(texts: Texts) -> tuple[str, ...]:
    """Where words are not separated by blanks, words are no good tokens."""
    if texts.recipe.unit != "word":
        return ()
    sample, length = [], 0
    for text in texts.values:
        sample.append(text)
        length += len(text)
        if length > LOOKED_AT:
            break
    share = without_blanks("".join(sample))
    if share <= MUCH_WITHOUT_BLANKS:
        return ()
    return (
        f"{share:.0%} of the letters belong to scripts without blanks between words, so that whole sentences are read as "
        "words; set `unit: character` or `unit: bpe`",
    )
