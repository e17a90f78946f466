"""Examples: a request that a model answers, for its description and its page."""

import math
from typing import Any

from nntrain.serve.served import Column, Served

TEXT = "A text to classify."
MOMENTS = {"month": "2024-01", "date": "2024-01-31", "date-time": "2024-01-31T18:30", "time": "18:30"}
SHORT = 64  # numbers of a row that an example writes out


def example(served: Served) -> dict[str, Any]:
    """The JSON of a request to predict."""
    if served.kind == "text":
        return {"prompt": prompt(served), "length": 100, "temperature": 0.8}
    row = example_row(served)
    return {"rows": [row], "probabilities": True} if served.probabilistic else {"rows": [row]}


def example_row(served: Served) -> Any:
    """An object for a table, else nested lists of zeros."""
    if served.kind == "table":
        return {column.name: example_value(column) for column in served.columns}
    if served.data.holds_texts:
        return TEXT
    shape = served.data.input_shape
    if served.data.lengths is not None:
        shape = (min(shape[0], 3), *shape[1:])
    if math.prod(shape) > SHORT and served.form is not None:
        return PIXEL
    whole = served.data.is_bytes or served.data.vocabulary
    value: Any = 0 if whole else 0.0
    for size in reversed(shape):
        value = [value] * size
    return value


# A PNG image of one grey pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="


def example_value(column: Column) -> Any:
    """The mean of a column of numbers, rounded, 0 where it is not known; the first category; a date."""
    if column.text is not None:
        return column.text.categories[0]
    if column.moment:
        return MOMENTS[column.moment]
    if column.words is not None:
        return " ".join(column.words.words[:3])
    if column.mean is None or not column.std:
        return 0
    digits = max(0, 1 - math.floor(math.log10(column.std)))
    return round(column.mean, digits)


def prompt(served: Served) -> str:
    """A prompt of characters that the network knows."""
    if served.data.unit != "character":
        return "The "
    known = set(served.data.classes)
    text = "".join(character for character in "The " if character in known)
    return (text.strip() and text) or served.data.classes[0]
