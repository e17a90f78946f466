"""Pictures: those of one run in a grid, those of several runs side by side. A click enlarges one (report.js)."""

from collections.abc import Sequence

from nntrain.report.html.elements import Content, Html, element, section
from nntrain.report.html.pictures import Album, Image, address


def pictures(albums: Sequence[Album], labels: Sequence[str]) -> Html:
    names = list(dict.fromkeys(name for album in albums for name in album.images))
    if not names:
        return Html()
    hint = element("p", "Click a picture to enlarge it.", class_="hint")
    if len(albums) == 1:
        return section(
            "Pictures",
            hint,
            grid([figure(image, caption(image)) for image in albums[0].images.values()]),
            key="pictures",
        )
    rows = []
    for name in names:
        shown = [
            (label, album.images[name])
            for label, album in zip(labels, albums, strict=True)
            if name in album.images
        ]
        rows += [
            element("h3", caption(shown[0][1])),
            grid([figure(image, label) for label, image in shown], "several"),
        ]
    return section("Pictures", hint, rows, key="pictures")


def grid(figures: Sequence[Html], kind: str = "") -> Html:
    return element("div", figures, class_=f"pictures {kind}".strip())


def caption(image: Image) -> Html:
    return Html(
        element("b", image.name) + " " + element("span", image.title.removesuffix("."), class_="hint")
    )


def figure(image: Image, words: Content) -> Html:
    """In the style that the reader prefers, if there are two."""
    dark = image.dark and element("source", media="(prefers-color-scheme: dark)", srcset=address(image.dark))
    shown = element("img", src=address(image.png), alt=image.title)
    return element("figure", element("figcaption", words), element("picture", dark or None, shown))
