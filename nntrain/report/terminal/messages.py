"""Messages: errors, warnings and hints on stderr."""

from rich.console import Console
from rich.text import Text

from nntrain.report.formats import printable
from nntrain.report.terminal.console import output

HINT = "hint: "


def show_error(error: BaseException, console: Console | None = None) -> None:
    """Prints `error: PLACE: message`, the lines of the source that it names, and hints on lines of their own."""
    show(("error", "bold red"), str(error).strip() or type(error).__name__, console)


def show_warning(message: str, console: Console | None = None) -> None:
    """Prints `warning: message`; a hint may follow on a line of its own."""
    show(("warning", "bold yellow"), message, console)


def show(label: tuple[str, str], message: str, console: Console | None = None) -> None:
    """Prints a label with its style before the message. The terminal breaks long lines, so that paths can be copied."""
    console = console or output(stderr=True)
    kind, style = label
    first, *others = printable(message).split("\n")
    console.print(Text.assemble((f"{kind}: ", style), first), soft_wrap=True)
    for line in others:
        if line.startswith(HINT):
            console.print(Text.assemble((HINT, "bold cyan"), line.removeprefix(HINT)), soft_wrap=True)
        else:
            console.print(Text(line), soft_wrap=True)
