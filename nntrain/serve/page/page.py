"""Page: the form for one model as one HTML file, and the policy that lets it load nothing but predictions."""

import base64
import hashlib
import json
from importlib.resources import files
from string import Template
from typing import Any

import nntrain
from nntrain.data.sequences.tokens import noun
from nntrain.report.formats import counted
from nntrain.report.html.elements import html
from nntrain.serve.examples import example
from nntrain.serve.served import Picture, Served


def page(served: Served, facts: dict[str, Any]) -> tuple[bytes, str]:
    """The HTML, and its Content-Security-Policy."""
    known = {name: value for name, value in facts.items() if name != "config"}
    model = {**known, "example": example(served), "drawing": drawing(served)}
    style, script = asset("page.css"), "\n".join(map(asset, scripts(served)))
    text = Template(asset("page.html")).substitute(
        title=html(served.name),
        about=html(about(served, facts)),
        style=style,
        model=json.dumps(model).replace("<", "\\u003c"),  # so that no name of a class can end the script
        script=script,
        version=nntrain.__version__,
    )
    rules = [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src data: blob:",
        f"style-src {hashed(style)}",
        f"script-src {hashed(script)}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return text.encode(errors="replace"), "; ".join(rules)


def asset(name: str) -> str:
    """The text of a file in this folder."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def scripts(served: Served) -> list[str]:
    """Those that make the form."""
    picture = served.picture
    if served.data.holds_texts:
        return ["common.js", "texts.js"]
    if picture is None:
        return ["common.js", {"text": "text.js", "table": "table.js"}.get(served.kind, "arrays.js")]
    drawn = ["draw.js"] if picture.channels == 1 else []
    chosen = ["images.js"] if served.form is not None else []
    return ["common.js", *drawn, *chosen] if drawn or chosen else ["common.js", "arrays.js"]


def about(served: Served, facts: dict[str, Any]) -> str:
    """One line about the model."""
    shape = " × ".join(map(str, served.data.input_shape))
    picture = served.picture
    size = "" if picture is None else f"{picture.width} × {picture.height}"
    takes = {
        "text": f"continues a text by {noun(served.data.unit)}s",
        "image": f"{'grey' if picture and picture.channels == 1 else 'colour'} images of {size} pixels",
        "table": f"tables of {counted(len(served.columns), 'column')}",
        "array": "texts" if served.data.holds_texts else f"samples of {shape}",
    }[served.kind]
    if served.kind == "text":
        gives = f"a vocabulary of {served.data.vocabulary:,}"
    elif served.classes:
        gives = f"{len(served.classes):,} classes"
    elif served.heads:
        gives = counted(len(served.heads), "target")
    else:
        gives = counted(len(served.targets), "number") + " to predict"
    return f"{takes}, {gives}, {facts['parameters']:,} parameters"


def drawing(served: Served) -> dict[str, Any] | None:
    """How a drawing becomes an image of the model's input."""
    picture = served.picture
    if picture is None or picture.channels != 1:
        return None
    return {
        "box": picture.box,
        "centre": picture.centre,
        "bright": picture.bright,
        "text": prepared_text(picture),
    }


def prepared_text(picture: Picture) -> str:
    if picture.box is None:
        return "The board is scaled down to them."
    height, width = picture.box
    if picture.centre == "mass":
        return f"The drawing is scaled to fit {width} × {height} of them, and its centre of mass moved to the middle, as MNIST was made."
    return f"The drawing is scaled to fit {width} × {height} of them, and centred, as these digits were made."
