"""Likely target: which column of a table one probably wants to predict, for who did not say it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.data.tables.columns import TEXT, Column
from nntrain.data.tables.giveaways import named_identifier, numbering
from nntrain.data.tables.suspicions import hardly_repeat, look_at

USUAL = ("target", "label", "labels", "class", "outcome", "response", "y")  # names of targets
TIMES = {"date", "day", "hour", "minute", "month", "period", "quarter", "time", "timestamp", "week", "year"}
PLACES = {"lat", "latitude", "lon", "lng", "long", "longitude", "postcode", "zip", "zipcode"}
SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
MOST_CLASSES = 50  # more different texts are names or sentences
MOST_NAMED = 3


@dataclass(frozen=True)
class LikelyTarget:
    """A column, and why it was chosen."""

    column: Column
    why: str


def likely_target(columns: Sequence[Column]) -> LikelyTarget:
    """The column with the name of a target, else the last one, else the first, else the last that can be predicted.

    `species`, where the last one is `species_id`.
    """
    *others, last = columns
    named = [column for column in columns if column.name.lower() in USUAL and not unlikely(column)]
    if len(named) == 1 and named[0] is not last:
        return LikelyTarget(named[0], "whose name is that of a target")
    passed: list[str] = []
    of_code = [column for column in others if column.name == last.name.removesuffix("_id")]
    for column in dict.fromkeys([last, *of_code, *others[:1], *reversed(others)]):
        reason = unlikely(column)
        if not reason:
            return LikelyTarget(column, _why(column, columns, passed))
        passed.append(f"{column.name} ({reason})")
    return LikelyTarget(last, f"the last column, though it is hardly one to predict ({unlikely(last)})")


def names_splits(texts: Sequence[str]) -> bool:
    """Whether the texts of a column say which split a row belongs to."""
    return len(texts) > 1 and {text.lower() for text in texts} <= SPLITS


def _why(column: Column, columns: Sequence[Column], passed: Sequence[str]) -> str:
    if column is columns[-1]:
        return "the last column"
    more = f" and {len(passed) - MOST_NAMED:,} more" if len(passed) > MOST_NAMED else ""
    which = "the first column" if column is columns[0] else "the last one that can be predicted"
    if columns[-1].name == f"{column.name}_id":
        which = f"for which {columns[-1].name} is a code"
    return f"{which}; passed over: {', '.join(passed[:MOST_NAMED])}{more}"


def unlikely(column: Column) -> str:
    """Why a column is hardly what is to be predicted; empty for one that can be."""
    numbers, texts = column.numbers, column.distinct(TEXT)
    is_text = column.rows(TEXT)
    gaps = int(np.isnan(numbers).sum()) - len(is_text)
    words = column.name.replace("_", " ").replace("-", " ").lower().split()
    if not column.name:
        return "no name"
    if gaps == len(numbers):
        return "empty"
    if gaps:
        return f"{gaps:,} missing value{'s' * (gaps > 1)}"
    if texts and len(is_text) < len(numbers):
        return "text among numbers"
    if names_splits(texts):
        return "splits"
    if texts and (look := look_at(column)):
        return look.what
    if len(texts) > MOST_CLASSES or hardly_repeat(len(texts), len(numbers)):
        return f"{len(texts):,} different texts"
    if len(texts) == 1 or (not texts and (numbers == numbers[0]).all()):
        return "constant"
    if reason := "" if texts else numbering(column.name, numbers):
        return reason
    if named_identifier(column.name):
        return "named as an identifier"
    for names, what in ((TIMES, "a time"), (PLACES, "a place")):
        if names & set(words[-1:]):
            return what
    return ""
