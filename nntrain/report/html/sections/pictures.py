"""Pictures: those of one run below each other, those of several runs side by side."""

from collections.abc import Sequence

from nntrain.report.html.elements import Html, element, section
from nntrain.report.html.pictures import Album, Image, address


def pictures(albums: Sequence[Album], labels: Sequence[str]) -> Html:
    names = list(dict.fromkeys(name for album in albums for name in album.images))
    rows = [
        row(
            name,
            {
                label: album.images[name]
                for label, album in zip(labels, albums, strict=False)
                if name in album.images
            },
        )
        for name in names
    ]
    return section("Pictures", rows, key="pictures") if rows else Html()


def row(name: str, images: dict[str, Image]) -> Html:
    """One picture of every run that has it."""
    title = next(iter(images.values())).title
    several = len(images) > 1
    figures = [figure(image, label if several else "") for label, image in images.items()]
    heading = element("h3", element("b", name), " ", element("span", title, class_="hint"))
    return Html(heading + element("div", figures, class_="pictures several" if several else "pictures"))


def figure(image: Image, label: str) -> Html:
    """In the style of the page."""
    dark = element("source", media="(prefers-color-scheme: dark)", srcset=address(image.dark))
    light = element("img", src=address(image.light), alt=f"{label} {image.title}".strip())
    return element("figure", element("picture", dark, light), element("figcaption", label) if label else None)
