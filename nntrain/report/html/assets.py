"""Assets: the style and the script of the page, which are files in this folder, and the policy that forbids everything else."""

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files

from nntrain.report.html.elements import Html, element


def asset(name: str) -> str:
    """The text of a file in this folder."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def style() -> Html:
    return element("style", Html(asset("report.css")))


def script(text: str) -> Html:
    """A script that the policy names. A text of ours or of a library, never of a user."""
    return element("script", Html(text))


def policy(scripts: Iterable[str]) -> Html:
    """A Content-Security-Policy: the page loads nothing, and runs no scripts but these."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts
    )
    rules = (
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",  # style sheets in the page, such as those that Bokeh makes
        f"script-src {hashes}" if hashes else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return element("meta", http_equiv="Content-Security-Policy", content="; ".join(rules))
