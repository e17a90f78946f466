"""Library: the source text of the functions in `functions`, each with those that it calls."""

import ast
import inspect
from collections.abc import Iterable, Mapping
from functools import cache

from nntrain.export.python.functions import activations, encodings, images, layers, sequences, stateful

MODULES = (
    layers,
    encodings,
    images,
    sequences,
    stateful,
    activations,
)  # in the order in which a file has their functions


@cache
def sources() -> Mapping[str, str]:
    """The text of each function by its name."""
    found: dict[str, str] = {}
    for module in MODULES:
        text = inspect.getsource(module)
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = ast.get_source_segment(text, node) or ""
    return found


def names_in(code: str) -> set[str]:
    """The names that Python code uses, without attributes."""
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def needed_by(code: str) -> list[str]:
    """The sources of the functions that the code calls, and of those that these call, in the order of the library."""
    known = sources()
    needed: set[str] = set()
    new: Iterable[str] = names_in(code) & known.keys()
    while new:
        needed |= set(new)
        new = set().union(*(names_in(known[name]) for name in new)) & known.keys() - needed
    return [text for name, text in known.items() if name in needed]
