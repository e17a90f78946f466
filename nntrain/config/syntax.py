"""Syntax errors: PyYAML's errors reworded for users, with a hint and the position of the cause."""

import re
from typing import NamedTuple

from yaml.error import Mark, MarkedYAMLError


class Rule(NamedTuple):
    """What we report for a PyYAML error whose `context: problem` matches the pattern.

    `{0}` is what the parentheses caught, `{line}` the line where the construct begins. PyYAML gives two positions: where
    the construct begins and where the parser noticed the error.
    """

    pattern: str
    message: str
    hint: str = ""  # without its full stop
    at_start: bool = False  # report the first of the two positions
    check_colons: bool = False  # the cause can be a ':' without a space after it


MISSING_SPACE = "missing space after ':'"
SPACES = "Indent with spaces: YAML allows no tabs"
QUOTE = "Put the value in quotes"
INDENTATION = "Check the indentation"

RULES = (
    Rule(
        r"could not find expected ':'",
        "expected `name: value`, with a space after the ':'",
        at_start=True,
        check_colons=True,
    ),
    Rule(r"quoted scalar.*unexpected end of stream", "this quote is never closed", at_start=True),
    Rule(
        r"quoted scalar.*document separator",
        "this quote is not closed before the line `---` or `...`",
        at_start=True,
    ),
    Rule(
        r"flow .*expected ',' or '(.)', but got '<stream end>'",
        "this bracket is never closed by '{0}'",
        at_start=True,
    ),
    Rule(
        r"scanning an (?:alias|anchor)",
        "expected a name of letters and digits",
        "Put text that starts with '*' or '&' in quotes",
        at_start=True,
    ),
    Rule(
        r"\bdirective|duplicate tag handle",
        "lines that start with '%' are not supported",
        "Remove the line, or put the value in quotes",
        at_start=True,
    ),
    Rule(
        r"\btag\b",
        "tags (words that start with '!') are not supported",
        "Put text that starts with '!' in quotes",
        at_start=True,
    ),
    Rule(r"character '\\t'", "unexpected tab", SPACES),
    Rule(r"character ('[@`%]')", "a value cannot start with {0}", QUOTE),
    Rule(r"character ('.*') that cannot start", "unexpected {0}", f"{QUOTE} if {{0}} is part of it"),
    Rule(
        r"mapping values are not allowed",
        "unexpected ':'",
        "Check the indentation and the space after each ':' above; put text that contains ': ' in quotes",
        check_colons=True,
    ),
    Rule(
        r"sequence entries are not allowed",
        "a list cannot start here",
        "Put `- ` on a line of its own, indented like the other entries of the list",
    ),
    Rule(r"mapping keys are not allowed", "unexpected '?'", f"{QUOTE} if '?' is part of it"),
    Rule(
        r"unknown escape character (.*)",
        "unknown escape in double quotes: a backslash and {0}",
        "Use single quotes for text with backslashes",
    ),
    Rule(r"escape sequence of (\d) hexadecimal", "expected {0} hexadecimal digits"),
    Rule(r"block mapping.*but found ':'", "missing name before ':'", check_colons=True),
    Rule(
        r"block mapping.*but found '(?:-|<block sequence start>)'",
        "unexpected list entry among the options that start on line {line}",
        INDENTATION,
    ),
    Rule(
        r"block collection.*but found '\?'",
        "unexpected option among the list entries that start on line {line}",
        INDENTATION,
    ),
    Rule(
        r"expected <block end>",
        "this line does not match the indentation of the block from line {line}",
        INDENTATION,
    ),
    Rule(r"flow .*expected ',' or '(.)'", "expected ',' or '{0}' for the bracket from line {line}"),
    Rule(r"flow node.*but found '<stream end>'", "the file ends inside a bracket"),
    Rule(r"expected the node content", "missing value"),
    Rule(
        r"expected '<document start>', but found '<stream end>'",
        "a line that starts with '%' is not an option",
        "Remove the line",
    ),
    Rule(
        r"expected '<document start>'",
        "unexpected text after the end of the config",
        "Check the brackets and the indentation above",
    ),
    Rule(r"block scalar", "the text after '|' or '>' must start on the next line"),
    Rule(r"incompatible YAML document", "only YAML 1 is supported", "Remove the %YAML line"),
)
NO_SPACE = re.compile(r"\s*(?:- +)*[A-Za-z_]\w*:[^\s:/\\]")  # `epochs:3`, but not `http://` or `C:\`


def explained(error: MarkedYAMLError, lines: tuple[str, ...]) -> tuple[Mark, str, str]:
    """The position, the message and the hint for an error of PyYAML."""
    began = error.context_mark or error.problem_mark or _mark(0, 0)
    noticed = error.problem_mark or error.context_mark or _mark(0, 0)
    if tab := _indenting_tab(noticed, lines):
        return tab, "a tab in the indentation", f"{SPACES}."
    text = f"{error.context}: {error.problem}"
    for rule in RULES:
        if found := re.search(rule.pattern, text):
            break
    else:
        return noticed, f"invalid YAML: {text.removeprefix('None: ')}", ""
    if rule.check_colons:
        for number in range(max(0, began.line - 1), noticed.line + 1):
            if column := unspaced(lines[number]):
                return _mark(number, column), MISSING_SPACE, ""
    if rule.pattern == r"expected <block end>" and lines[noticed.line][: noticed.column].strip("- "):
        return noticed, "unexpected text", "Check the quotes, brackets and commas before it."
    mark = began if rule.at_start else noticed
    line = began.line + 1
    hint = f"{rule.hint.format(*found.groups())}." if rule.hint else ""
    return mark, rule.message.format(*found.groups(), line=line), hint


def unspaced(line: str) -> int | None:
    """The column, from 0, of a ':' without a space after it."""
    found = NO_SPACE.match(line)
    return found.end() - 2 if found else None


def _indenting_tab(mark: Mark, lines: tuple[str, ...]) -> Mark | None:
    """The first tab in the indentation of the line of `mark`."""
    line = lines[mark.line]
    column = line[: len(line) - len(line.lstrip(" \t"))].find("\t")
    return _mark(mark.line, column) if column >= 0 else None


def _mark(line: int, column: int) -> Mark:
    return Mark("", 0, line, column, None, 0)
