"""Errors: how a mistake is told on the terminal."""

from rich.console import Console
from rich.text import Text

from nntrain.report.terminal.console import output
from nntrain.report.words import plain


def show_error(error: BaseException, console: Console | None = None) -> None:
    """Prints `error: ` and the message to stderr. Long lines are left to the terminal to break, so that paths can be copied."""
    message = plain(error).strip() or type(error).__name__
    tell("error", "bold red", message, console)


def show_warning(message: str, console: Console | None = None) -> None:
    """Prints `warning: ` and the message to stderr."""
    tell("warning", "bold yellow", plain(message), console)


def tell(kind: str, style: str, message: str, console: Console | None) -> None:
    (console or output(stderr=True)).print(Text.assemble((f"{kind}: ", style), message), soft_wrap=True)
