"""Names: classes and categories of other data, as the training data spells them."""

import re
from collections.abc import Iterable, Sequence

from nntrain.data.tables.numerals import number

WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
WHOLE_AS_FLOAT = re.compile(rf"({WHOLE.pattern})\.0+")


def spelled(known: Sequence[str], received: Iterable[str]) -> list[str]:
    """The names received, in the spelling of `known`.

    Names are compared as text, with one exception: where all known names are whole numbers, 9.0 is 9, because tools write
    whole numbers so where a column has gaps.
    """
    names = list(received)
    if not all(map(WHOLE.fullmatch, known)):
        return names
    found = map(WHOLE_AS_FLOAT.fullmatch, names)
    return [
        match[1] if match and match[1] in known else name for match, name in zip(found, names, strict=True)
    ]


def spelling_hint(known: Sequence[str], unknown: Iterable[str]) -> str:
    """A hint where an unknown name is a known number in another spelling; else empty."""
    values = {value: name for name in known if (value := number(name)) is not None}
    for name in unknown:
        if (value := number(name)) in values:
            return f"Names are compared as text: write {values[value]} for {name}, as in training."
    return ""
