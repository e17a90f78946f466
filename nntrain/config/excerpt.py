"""Excerpt: a source line with a caret under one of its characters, cut around it with `…` where the line is too long."""

import re
import unicodedata

TAB = "    "  # tabs become blanks: their width depends on where a terminal begins the line
REACH = 4  # times as many characters are looked at as fit
FEWEST = 10  # columns for the text of a line on the narrowest terminal
EXCERPT = re.compile(r"^  (?P<number>\d+) \|(?: (?P<line>.*))?\n   *\|(?P<blank> +)\^$", re.MULTILINE)

Cell = tuple[str, int]  # a character with its combining marks, or the escape of a control character; columns


def excerpt(number: int, line: str, position: int, room: int) -> str:
    """The line with its number and, below it, a caret under the character at `position`, which may be the line's end.

    `room`: the columns of the line's text.
    """
    first = max(position - REACH * room, 0)
    line, position = line[first : position + REACH * room], position - first
    cells: list[Cell] = []
    at = 0
    for place, character in enumerate(line):
        joins = bool(cells) and width_of(character) == 0
        if place == position:
            at = len(cells) - joins
        shown = TAB if character == "\t" else printable(character)
        if joins:
            cells[-1] = (cells[-1][0] + shown, cells[-1][1])
        else:
            cells.append((shown, sum(map(width_of, shown))))
    return drawn(str(number), cells, len(cells) if position >= len(line) else at, room)


def narrowed(message: str, width: int) -> str:
    """The message with its excerpts cut to `width` columns."""

    def cut_again(found: re.Match[str]) -> str:
        number, line, column = found["number"], found["line"] or "", len(found["blank"]) - 1
        line += " " * (column - sum(map(width_of, line)))
        position = max(place for place in range(len(line) + 1) if sum(map(width_of, line[:place])) <= column)
        return excerpt(int(number), line, position, max(width - len(number) - len("   | "), FEWEST))

    return EXCERPT.sub(cut_again, message)


def drawn(number: str, cells: list[Cell], at: int, room: int) -> str:
    text, column = cut(cells, at, room)
    return f"  {number} | {text}".rstrip() + f"\n  {' ' * len(number)} | {' ' * column}^"


def cut(cells: list[Cell], at: int, room: int) -> tuple[str, int]:
    """As much of the cells as fits around the one at `at`, and the column at which it begins."""
    if at == len(cells):
        cells = [*cells, (" ", 1)]
    widths = [width for _, width in cells]
    start, end = (0, len(cells)) if sum(widths) <= room else (at, at + 1)
    grows = True
    while grows and end - start < len(cells):
        grows = False
        for first, last in ((max(start - 1, 0), end), (start, min(end + 1, len(cells)))):
            first, last = min(first, start), max(last, end)
            fits = sum(widths[first:last]) + (first > 0) + (last < len(cells)) <= room
            if fits and (first, last) != (start, end):
                start, end, grows = first, last, True
    before = "…" * (start > 0)
    text = before + "".join(text for text, _ in cells[start:end]) + "…" * (end < len(cells))
    return text, len(before) + sum(widths[start:at])


def width_of(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """The text with control characters, which would change the terminal, as escapes; tabs stay."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
