"""Elements: HTML as nested function calls. Text is escaped unless it is `Html`, so that no name of a user can become markup."""

from collections.abc import Iterable
from html import escape

from nntrain.report.formats import printable

VOID = ("br", "img", "input", "meta", "path", "source")  # elements that have no end


class Html(str):
    """A piece of markup."""

    __slots__ = ()


Content = str | Html | None | Iterable["Content"]  # None is nothing


def html(content: Content) -> Html:
    """The content as markup: text is escaped, and control characters in it are shown."""
    if content is None:
        return Html()
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return Html(escape(printable(content)))
    return Html("".join(map(html, content)))


def element(tag: str, /, *content: Content, **attributes: str | bool | None) -> Html:
    """`element("td", "a < b", class_="number")`: <td class="number">a &lt; b</td>. Attributes that are None or False are left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{tag}{written}>" + ("" if tag in VOID else f"{html(content)}</{tag}>"))


def folded(title: Content, *content: Content, opened: bool = False) -> Html:
    """What is shown after a click on its title."""
    return element("details", element("summary", title), *content, open=opened)


def section(title: str, *content: Content, key: str) -> Html:
    """A part of the page with a heading; `key` is its address in the page. Empty where there is no content."""
    inside = html(content)
    return element("section", element("h2", title), inside, id=key) if inside else Html()


def code(text: Content) -> Html:
    return element("code", text)


def marked(text: str) -> Html:
    """Text between backticks as code, as in messages."""
    return html([code(part) if place % 2 else part for place, part in enumerate(text.split("`"))])
