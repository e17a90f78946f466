"""Constants: the `static const` arrays of the C file, and the numbers in it."""

import textwrap
from collections.abc import Iterable, Mapping

import numpy as np

from nntrain.export.c.names import Names

PER_LINE = {"float": 8, "double": 4, "int8_t": 24, "int32_t": 10}


class Constants:
    """Collects the definitions of arrays and structures, each with a name of its own."""

    def __init__(self, names: Names):
        self.names = names
        self.definitions: list[str] = []
        self.structures: set[str] = set()  # the types of those defined
        self.bytes = 0

    def array(self, name: str, values: np.ndarray, kind: str = "float") -> str:
        """Defines an array with these values, and returns its name."""
        unique = self.names.unique(name)
        sizes = " * ".join(map(str, values.shape)) or "1"
        lines = ",\n".join(_lines(literals(values.reshape(-1), kind), PER_LINE[kind]))
        self.definitions.append(f"static const {kind} {unique}[{sizes}] = {{\n{lines}\n}};")
        self.bytes += values.size * {"float": 4, "double": 8, "int8_t": 1, "int32_t": 4}[kind]
        return unique

    def structure(self, name: str, kind: str, fields: Mapping[str, int]) -> str:
        unique = self.names.unique(name)
        self.structures.add(kind)
        values = textwrap.fill(", ".join(f".{field} = {value}" for field, value in fields.items()), 100)
        self.definitions.append(f"static const {kind} {unique} = {{\n{textwrap.indent(values, '    ')}\n}};")
        return unique


def literals(values: np.ndarray, kind: str) -> list[str]:
    """The shortest text of each number that reads back as the same."""
    if kind == "float":
        return [f"{text}f" for text in _finite(values.astype(np.float32).astype("U16"))]
    if kind == "double":
        return _finite(values.astype(np.float64).astype("U32"))
    return list(map(str, values.tolist()))


def literal(value: float) -> str:
    return literals(np.array([value]), "float")[0]


def _finite(texts: np.ndarray) -> list[str]:
    return [NOT_FINITE.get(text, text) for text in texts.tolist()]


NOT_FINITE = {"inf": "(float)INFINITY", "-inf": "-(float)INFINITY", "nan": "(float)NAN"}


def _lines(texts: list[str], count: int) -> Iterable[str]:
    return ("    " + ", ".join(texts[start : start + count]) for start in range(0, len(texts), count))
