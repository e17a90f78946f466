"""Wording: pieces of Python code as `ruff format` would leave them, in lines of at most 110 columns."""

from collections.abc import Iterable, Sequence

WIDTH = 110
INDENT = "    "
OPENING, CLOSING = "([{", ")]}"


def quoted(text: str) -> str:
    """A string literal, in double quotes unless single ones save escapes."""
    inner = "".join(
        "\\\\" if char == "\\" else char if char.isprintable() else repr(char)[1:-1] for char in text
    )
    quote = "'" if inner.count('"') > inner.count("'") else '"'
    return quote + inner.replace(quote, f"\\{quote}") + quote


def number(value: float) -> str:
    """A float as `ruff format` leaves it: 1e-05."""
    return repr(float(value))


def top_level_parts(text: str) -> list[str]:
    """The parts of an argument list between the commas outside brackets and strings."""
    parts, depth, quote, start, place = [], 0, "", 0, 0
    while place < len(text):
        char = text[place]
        if quote:
            if char == "\\":
                place += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in OPENING:
            depth += 1
        elif char in CLOSING:
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
        place += 1
    return [*parts, text[start:].strip()]


def fitted(head: str, code: str, indent: str = "", tail: str = "") -> list[str]:
    """The lines of head, code and tail; where they are too long for one, what is in the first brackets gets lines of its own."""
    line = f"{indent}{head}{code}{tail}"
    if len(line) <= WIDTH or code[-1] not in CLOSING or not any(bracket in code for bracket in OPENING):
        return [line]
    start = min(code.find(bracket) for bracket in OPENING if bracket in code) + 1
    inside, deeper = code[start:-1].rstrip(","), indent + INDENT
    first, last = f"{indent}{head}{code[:start]}", f"{indent}{code[-1]}{tail}"
    if len(deeper) + len(inside) <= WIDTH and head.count(" ") < 3 and code[0] not in OPENING:
        return [first, f"{deeper}{inside}", last]
    parts = top_level_parts(inside)
    if len(parts) == 1:
        return [first, *fitted("", inside, deeper), last]
    return [first, *(line for part in parts for line in fitted("", part, deeper, ",")), last]


def tuple_of(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def wrapped(words: Iterable[str], width: int) -> list[str]:
    """Lines of words, each as full as it can be."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
