"""Wrapping: lines that a terminal breaks between words, not inside, so that a path or a command can be copied whole."""

import re

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

WORD = re.compile(r"\S+")


def show_line(console: Console, line: Text, indent: int = 0) -> None:
    """Prints a line; what continues it on a terminal is indented. Elsewhere the line is not broken."""
    console.print(wrapped(line, console.width, indent) if console.is_terminal else line, soft_wrap=True)


def wrapped(line: Text, width: int, indent: int = 0) -> Text:
    """The line with breaks between its words. A word that is longer than `width` is left to the terminal."""
    parts, start, end, column = [], 0, 0, 0
    for word in WORD.finditer(line.plain):
        length = cell_len(word[0])
        column += cell_len(line.plain[end : word.start()])
        if end > start and column + length > width and indent + length <= width:
            parts.append(line[start:end])
            start, column = word.start(), indent
        column += length
        if column > width:  # the terminal breaks the word
            column %= width
        end = word.end()
    return Text(f"\n{' ' * indent}").join([*parts, line[start:]])
