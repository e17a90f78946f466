"""Helpers: the functions of helpers.c, of which a C file holds those that it calls."""

import re
from functools import cache
from importlib import resources

DEFINED = re.compile(r"(?:^} (\w+);|^static [\w ]*?\*?(\w+)\()", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"\w+")


@cache
def helpers() -> dict[str, str]:
    """The definitions of types and functions by name, in the order of helpers.c."""
    text = resources.files(__package__).joinpath("helpers.c").read_text(encoding="utf-8")
    found = {}
    for definition in re.split(r"\n\n(?=/\*)", text.strip()):
        match = DEFINED.search(definition)
        assert match is not None  # every definition has a name
        found[match[1] or match[2]] = definition
    return found


def needed(code: str) -> list[str]:
    """The definitions that `code` uses, and those that they use, each before what uses it."""
    found: dict[str, str] = {}

    def add(text: str) -> None:
        for name in WORD.findall(COMMENT.sub(" ", text)):
            if name in helpers() and name not in found:
                found[name] = ""  # a definition names itself
                add(helpers()[name])
                del found[name]
                found[name] = helpers()[name]

    add(code)
    return list(found.values())
