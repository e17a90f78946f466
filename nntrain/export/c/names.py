"""Names: identifiers, comments and texts that C accepts, from names that people chose."""

import re
from collections.abc import Iterable

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")


class Names:
    """Identifiers of one file, no two of which are the same."""

    def __init__(self, taken: Iterable[str]):
        self.taken = set(taken)

    def unique(self, name: str) -> str:
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}_{number}", number + 1
        self.taken.add(found)
        return found


def identifier(name: str) -> str:
    """`name` as C takes it at the start of an identifier: ASCII letters, digits and single underscores."""
    ascii_only = re.sub("__+", "_", NOT_IN_NAMES.sub("_", name)).strip("_")
    if not ascii_only:
        return "network"
    return f"network_{ascii_only}" if ascii_only[0].isdigit() else ascii_only


def comment(text: str) -> str:
    """Text within a comment, which it cannot end."""
    printable = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
    return printable.replace("\\", "/").replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def quoted(text: str) -> str:
    """A string literal in UTF-8."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter == "?":  # two of them can begin a trigraph
        return "\\?"
    if letter.isprintable():
        return letter
    return "".join(f"\\{byte:03o}" for byte in letter.encode())
