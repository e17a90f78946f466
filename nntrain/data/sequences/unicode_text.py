"""Unicode text: normalized to NFC, and its words with their combining marks; read in pieces that a 100 MB text allows."""

import functools
import re
import unicodedata
from collections.abc import Iterator

import numpy as np

MOST_IN_PIECE = 24
WITHOUT_BLANKS = [  # blocks of Unicode, in order
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Japanese kana
    (0x3400, 0x9FFF),  # Chinese characters
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
]
JOINERS = "\u200c\u200d\u00ad"  # inside words: zero-width (non-)joiners of Persian and Hindi, soft hyphens
MAY_BE_MARKS = [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)]  # other planes have none
JAMO = range(0x1160, 0x1200)  # Korean vowels and finals, which NFC joins with what is before them

# As checkpoints made before words kept their marks need it: a word, any other character, or the end of a line.
WORD_WITHOUT_MARKS = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]|\n")


@functools.cache
def word_pattern() -> re.Pattern[str]:
    """A word, any other character, or the end of a line. Combining marks belong to what they follow (UAX #29, rule WB4).

    Python's own `\\w` has no marks: it tears हिन्दी, and é where that is two code points.
    """
    marks = f"{_ranges_of_marks()}{JOINERS}"
    word = rf"[\w{marks}]"
    return re.compile(rf"{word}+(?:['’-]{word}+)*|[^\w\s{marks}][{marks}]*|\n")


@functools.cache
def piece_pattern() -> re.Pattern[str]:
    """Pieces that together are the text: words and marks of punctuation with the blank before them, and other blanks.

    Pieces end with their line, so that lines can be cut one by one. Text without blanks is cut after MOST_IN_PIECE characters.
    """
    marks = f"{_ranges_of_marks()}{JOINERS}"
    word, other = (f"[{kind}]{{1,{MOST_IN_PIECE}}}" for kind in (rf"\w{marks}", rf"^\w\s{marks}"))
    return re.compile(rf" ?{word}| ?{other}|\n|[^\S\n]+(?!\S)|\s")


def without_blanks(text: str) -> float:
    """The share of letters that belong to scripts without blanks between words, such as Chinese, Japanese and Thai."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    letters = points[points > 0x40]
    starts, ends = np.array(WITHOUT_BLANKS).T
    found = np.searchsorted(starts, letters, "right") - 1
    return float((letters <= ends[found])[found >= 0].sum() / max(len(letters), 1))


def _ranges_of_marks() -> str:
    """All combining marks (categories Mn, Mc, Me) as ranges of a character class."""
    marks = [code for code in MAY_BE_MARKS if unicodedata.category(chr(code))[0] == "M"]
    first = [code for code, before in zip(marks, [-1, *marks], strict=False) if code != before + 1]
    last = [code for code, after in zip(marks, [*marks[1:], -1], strict=True) if code != after - 1]
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in zip(first, last, strict=True))


def normalized(text: str) -> str:
    """é as one code point, whether it was typed as one or as two."""
    return unicodedata.normalize("NFC", text)


def normalized_pieces(pieces: Iterator[str]) -> Iterator[str]:
    """`normalized` for a text in pieces, cut where no character joins with the one before."""
    rest = ""
    for piece in pieces:
        text = rest + piece
        end = len(text) - 1
        while end > 0 and _may_join(text[end]):
            end -= 1
        yield normalized(text[:end])
        rest = text[end:]
    yield normalized(rest)


def _may_join(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or ord(character) in JAMO


def named(character: str) -> str:
    """ "'é' (U+00E9 LATIN SMALL LETTER E WITH ACUTE)"."""
    name = unicodedata.name(character, "")
    return f"{character!r} (U+{ord(character):04X}{f' {name}' if name else ''})"
