"""Encodings: which one a text file is likely written in, where it is not UTF-8."""

import codecs
import re
import unicodedata
from itertools import pairwise

from nntrain.errors import DataError
from nntrain.options import shown

SAMPLE = 1 << 16  # bytes that are looked at
MARKS = {  # the first bytes of a file -> its encoding
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SIGNATURES = {  # the first bytes of files that are not text in UTF-8
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\xd0\xcf\x11\xe0": "an Excel file (.xls)",
}
CANDIDATES = ("cp1252", "cp1251", "shift_jis", "gb18030", "euc_kr", "mac_roman")
LIKELY = 0.7
WORD = re.compile(r"[^\W\d_]+")
SYMBOLS = set("€£¥¢§©®°±²³µ·¼½¾«»“”„‘’–—…•™×\u00a0、。・「」，")
JAPANESE = {"HIRAGANA", "KATAKANA", "CJK"}
HALF_WIDTH = re.compile("[\uff61-\uff9f]")  # katakana that nobody writes today
NO_TEXT = ("Cc", "Cn", "Co")  # categories of control characters, unassigned and private ones


def detected(start: bytes) -> str:
    """The likely encoding of a file that begins so and is not UTF-8; empty if none is likely."""
    start = start[:SAMPLE]
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" in start:
        return _with_zeros(start)
    likelihoods = {encoding: _likelihood(start, encoding) for encoding in CANDIDATES}
    likeliest = max(CANDIDATES, key=lambda encoding: likelihoods[encoding])  # the first of several
    return likeliest if likelihoods[likeliest] > LIKELY else ""


def not_text(path: str, line: int, start: bytes, received: str, encoding: str | None) -> DataError:
    """The error for a file that is not text in this encoding, UTF-8 if None, at a line.

    `received` describes the bytes there unless the file's first ones, `start`, are a signature.
    """
    kind = next((name for mark, name in SIGNATURES.items() if start.startswith(mark)), received)
    likely = detected(start)
    hint = "Save the file as UTF-8."
    if "file" in kind:
        hint = "Save the table as .xlsx, or as a CSV file in UTF-8."
    elif likely == "utf-8":
        hint = "Remove `encoding`."
    elif likely and likely != encoding:
        hint = f"Set `encoding: {likely}`, or save the file as UTF-8."
        word = next((word for word in WORD.findall(decoded(start, likely)) if not word.isascii()), "")
        kind += f", which is likely {likely}: {shown(word)}" if kind == received and word else ""
    return DataError(f"expected text in {encoding or 'UTF-8'}. Received: {kind}.", hint, f"{path}:{line}")


def decoded(start: bytes, encoding: str) -> str:
    """The text of the first bytes of a file; what is cut at the end is left out."""
    return codecs.getincrementaldecoder(encoding)("strict").decode(start[:SAMPLE])


def _with_zeros(start: bytes) -> str:
    """UTF-16 without a mark at its start, by the place of its zeros."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) < len(start) / 8:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _likelihood(start: bytes, encoding: str) -> float:
    """The share of the characters beyond ASCII, word by word, that make sense in this encoding."""
    try:
        text = decoded(start, encoding)
    except UnicodeDecodeError:
        return 0
    if any(unicodedata.category(character) in NO_TEXT and character not in "\t\r\n\f" for character in text):
        return 0
    words = [word for word in WORD.findall(text) if not word.isascii()]
    others = [character for character in WORD.sub("", text) if not character.isascii()]
    likely = sum(map(_is_word, words)) + sum(character in SYMBOLS for character in others)
    return likely / max(len(words) + len(others), 1)


def _is_word(word: str) -> bool:
    """Whether letters are of one script, Latin ones among letters of ASCII, and no capital follows a small letter."""
    if HALF_WIDTH.search(word) or any(a.islower() and b.isupper() for a, b in pairwise(word)):
        return False
    scripts = {unicodedata.name(character, "?").split()[0] for character in word}
    if scripts == {"LATIN"}:
        return len(word) == 1 or 3 * sum(map(str.isascii, word)) >= len(word)
    return len(scripts) == 1 or scripts <= JAPANESE
