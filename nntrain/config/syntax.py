"""Syntax: what PyYAML cannot parse, said in words that a user can act on."""

import re

from yaml.error import Mark, MarkedYAMLError

# What PyYAML says (context: problem) -> what we say. `{0}` is what the parentheses caught, `{line}` where the trouble began.
# PyYAML knows two places: these are told where the trouble began ...
AT_ITS_START = {
    r"could not find expected ':'": "expected `name: value`, with a space after the ':'.",
    r"quoted scalar.*unexpected end of stream": "the quote that opens here is never closed.",
    r"quoted scalar.*document separator": "the quote that opens here is not closed before the line `---` or `...`.",
    r"flow .*expected ',' or '(.)', but got '<stream end>'": "the bracket that opens here is never closed by '{0}'.",
    r"scanning an (?:alias|anchor)": "expected a name of letters and digits. Put text that starts with '*' or '&' in quotes.",
    r"\bdirective|duplicate tag handle": "lines that start with '%' are not read. Remove it, or put the value in quotes.",
    r"\btag\b": "tags (words that start with '!') are not read. Put text that starts with '!' in quotes.",
}
# ... and these where it was noticed.
AT_ITS_END = {
    r"character '\\t'": "a tab stands here. YAML takes spaces only.",
    r"character ('[@`%]')": "a value cannot start with {0}. Put it in quotes.",
    r"character ('.*') that cannot start": "{0} is out of place here. Put the value in quotes if it is part of it.",
    r"mapping values are not allowed": "this ':' is out of place. Check the indentation, and the space after each ':' above; "
    "put text that holds ': ' in quotes.",
    r"sequence entries are not allowed": "a list's '- ' cannot start here. Put it on a line of its own, indented like the "
    "list's other entries.",
    r"mapping keys are not allowed": "a '?' cannot start here. Put the value in quotes if it is part of it.",
    r"unknown escape character (.*)": "a backslash and {0} mean nothing in double quotes. Use single quotes to keep "
    "backslashes as they are.",
    r"escape sequence of (\d) hexadecimal": "expected {0} hexadecimal digits here.",
    r"block mapping.*but found ':'": "a name is missing before this ':'.",
    r"block mapping.*but found '(?:-|<block sequence start>)'": "a list's entry cannot stand among the options that start on "
    "line {line}. Check the indentation.",
    r"block collection.*but found '\?'": "an option cannot stand among the list's entries that start on line {line}. "
    "Check the indentation.",
    r"expected <block end>": "this does not line up with what it belongs to, which starts on line {line}. Check the indentation.",
    r"flow .*expected ',' or '(.)'": "expected ',' or '{0}' to go on with or to close what opens on line {line}.",
    r"flow node.*but found '<stream end>'": "the text ends before a bracket is closed.",
    r"expected the node content": "a value is missing here.",
    r"expected '<document start>', but found '<stream end>'": "a line that starts with '%' is no option. Remove it.",
    r"expected '<document start>'": "the text should have ended before this. Check the brackets and the indentation above.",
    r"block scalar": "after '|' or '>' the text starts on the next line.",
    r"incompatible YAML document": "only YAML 1 is read. Remove the %YAML line.",
}
NO_SPACE = re.compile(r"\s*(?:- +)*[A-Za-z_]\w*:[^\s:/\\]")  # `epochs:3`, but no `http://` and no `C:\`
MISSING_SPACE = "a space is missing after this ':'."


def explained(error: MarkedYAMLError, lines: tuple[str, ...]) -> tuple[Mark, str]:
    """Where to point, and what to say."""
    began = error.context_mark or error.problem_mark
    noticed = error.problem_mark or error.context_mark
    if tabbed := _indenting_tab(noticed, lines):
        return tabbed, "a tab indents this line. YAML takes spaces only."
    said = f"{error.context}: {error.problem}"
    mark, words = _words(said, began, noticed)
    if "':'" in words:
        for number in range(max(0, began.line - 1), noticed.line + 1):
            if column := unspaced(lines[number]):
                return _mark(number, column), MISSING_SPACE
    if "line up" in words and lines[noticed.line][: noticed.column].strip("- "):
        return noticed, "this does not belong here. Check the quotes, brackets and commas before it."
    return mark, words


def unspaced(line: str) -> int | None:
    """The column, from 0, of a ':' that lacks the space after it."""
    found = NO_SPACE.match(line)
    return found.end() - 2 if found else None


def _words(said: str, began: Mark, noticed: Mark) -> tuple[Mark, str]:
    for mark, table in ((began, AT_ITS_START), (noticed, AT_ITS_END)):
        for pattern, words in table.items():
            if found := re.search(pattern, said):
                return mark, words.format(*found.groups(), line=began.line + 1)
    return noticed, f"this is not valid YAML: {said.removeprefix('None: ')}."


def _indenting_tab(mark: Mark, lines: tuple[str, ...]) -> Mark | None:
    """The first tab that indents the line of `mark`, if any."""
    line = lines[mark.line]
    column = line[: len(line) - len(line.lstrip(" \t"))].find("\t")
    return _mark(mark.line, column) if column >= 0 else None


def _mark(line: int, column: int) -> Mark:
    return Mark("", 0, line, column, None, 0)
