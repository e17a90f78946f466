"""Excerpts: the source line of an error, cut around the marked character, with the caret below it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nntrain.config.excerpt import excerpt, narrowed

LETTERS = st.sampled_from(["a", " ", "漢", "ｗ", "é", "e\u0301", "\t", "\x85", "\u200b", "🙂", "x" * 9])


def under(text: str) -> tuple[str, str]:
    """The source line without its number, and the part of it from the caret on."""
    line, caret = text.split("\n")
    margin = line.index("|")
    line = line.ljust(len(caret))
    column = len(caret) - 1
    place = max(place for place in range(len(line) + 1) if cell_len(line[:place]) <= column)
    return line[margin + 2 :], line[place:]


@given(
    st.lists(LETTERS, max_size=60),
    st.lists(LETTERS, max_size=60),
    st.integers(10, 60),
    st.integers(1, 99_999),
)
def test_the_caret_is_below_its_character_at_any_width(before, after, room, number):
    head, tail = "".join(before), "".join(after)
    text = excerpt(number, f"{head}@{tail}", len(head), room)
    line, marked = under(text)
    assert marked.startswith("@")
    assert cell_len(line.rstrip()) <= room
    again = narrowed(f"first\n{text}\nlast", 30)
    assert again.startswith("first\n")
    assert again.endswith("\nlast")
    line, marked = under(again.removeprefix("first\n").removesuffix("\nlast"))
    assert marked.startswith("@")
    assert cell_len(line.rstrip()) <= 30 - len(f"  {number} | ")


@pytest.mark.parametrize(
    ("line", "position", "shown", "caret"),
    [
        ("a: {b: 1}", 4, "a: {b: 1}", "    ^"),
        ("a: {b: 1", 8, "a: {b: 1", "        ^"),  # the end of the line
        ("", 0, "", "^"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", 3, "0123456789abcdefgh…", "   ^"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", 20, "…cdefghijklmnopqrs…", "         ^"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", 35, "…ijklmnopqrstuvwxyz", "                  ^"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", 36, "…jklmnopqrstuvwxyz", "                  ^"),
        ("\ta: 1", 1, "    a: 1", "    ^"),
        ("漢字漢字漢字漢字漢字漢字@漢字漢字漢字漢字", 12, "…漢字漢字@漢字漢字…", "         ^"),
    ],
)
def test_a_long_line_is_cut_around_the_character(line, position, shown, caret):
    text = excerpt(7, line, position, 20 if "漢" in line else 19).split("\n")
    assert text == [f"  7 | {shown}".rstrip(), f"    | {caret}"]


def test_messages_without_an_excerpt_are_not_changed():
    message = "a table:\n  3 | a line that is longer than the terminal\n    | no caret"
    assert narrowed(message, 20) == message


def test_a_config_of_one_very_long_line_is_cut_at_once():
    text = excerpt(1, "x" * 5_000_000 + "@" + "y" * 5_000_000, 5_000_000, 110)
    assert under(text)[1].startswith("@")
