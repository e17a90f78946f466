"""Pages: an HTML file as a tree that tests look into; markup that is not well-formed is an AssertionError."""

from html.parser import HTMLParser
from pathlib import Path

VOID = ("br", "img", "input", "meta", "path", "source")  # as in nntrain/report/html/elements.py


class Page(HTMLParser):
    """The elements of a page in their order, each with its attributes and its text."""

    def __init__(self, file: Path):
        super().__init__()
        self.source = file.read_text(encoding="utf-8")
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()
        assert not self._open, f"not closed: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len(dict(attributes)) == len(attributes), f"an attribute comes twice in {tag}"
        found = Element(tag, {name: value or "" for name, value in attributes})
        self.elements.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"closed, but not open: {tag}"
        opened = self._open.pop()
        assert opened.tag == tag, f"{opened.tag} is closed by {tag}"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> "list[Element]":
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            each for each in self.elements if each.tag == tag and wanted.items() <= each.attributes.items()
        ]

    def section(self, key: str) -> str:
        """The text of a section; empty where there is none."""
        return next((each.text for each in self.all("section", id=key)), "")

    @property
    def text(self) -> str:
        """What is read on the page: without styles and scripts."""
        return self.all("main")[0].text


class Element:
    def __init__(self, tag: str, attributes: dict[str, str]):
        self.tag, self.attributes, self.text = tag, attributes, ""
