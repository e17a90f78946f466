"""Tokens: characters, bytes and words as labels that one can see."""

from nntrain.report.formats import printable, shortened

SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍"}  # in the font
VOWELS = frozenset("aeiouAEIOU")


def visible(token: str, length: int = 14) -> str:
    """A token as a label: white space as a sign, long words shortened."""
    return SIGNS.get(token) or shortened(printable(token), length)


def kind_of(token: str) -> str:
    """The group that a token belongs to."""
    if not token.strip():
        return "white space"
    if len(token) == 1 and token in VOWELS:
        return "vowels"
    if len(token) == 1 and token.isalpha():
        return "other capitals" if token.isupper() else "other letters"
    if token.isdigit():
        return "digits"
    return "words" if any(letter.isalpha() for letter in token) else "punctuation"
