"""Highlighting: YAML with its keys, numbers and comments marked, by the tokens of PyYAML's scanner."""

from collections.abc import Iterator

import yaml

from nntrain.config.scalars import resolve
from nntrain.report.html.elements import Content, Html, element

LONGEST = 200_000  # characters; more are shown plain


def highlighted(text: str) -> Html:
    """The text in a block of code. What is not YAML stays plain."""
    try:
        parts = list(pieces(text)) if len(text) <= LONGEST else [text]
    except yaml.YAMLError:
        parts = [text]
    return element("pre", element("code", parts), class_="yaml")


def pieces(text: str) -> Iterator[Content]:
    """The text in order, with marked-up scalars and comments."""
    done, is_key = 0, False
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.KeyToken):
            is_key = True
        elif isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark.index, token.end_mark.index
            yield from between(text[done:start])
            yield element("span", text[start:end], class_="key" if is_key else kind(token))
            done, is_key = end, False
        elif isinstance(token, yaml.ValueToken):
            is_key = False
    yield from between(text[done:])


def between(text: str) -> Iterator[Content]:
    """What is between scalars: punctuation and comments."""
    for line in text.splitlines(keepends=True):
        head, mark, comment = line.partition("#")
        yield head
        if mark:
            yield element("span", mark + comment, class_="comment")


def kind(token: yaml.ScalarToken) -> str | None:
    if not token.plain:
        return "string"
    try:
        value = resolve(token.value)
    except ValueError:
        return "number-value"
    return None if isinstance(value, str) else "number-value"
