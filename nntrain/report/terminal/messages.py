"""Messages: errors, warnings and hints on stderr."""

from rich.console import Console
from rich.text import Text

from nntrain.config.excerpt import narrowed
from nntrain.report.formats import printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.wrapping import show_line

HINT = "hint: "
INDENT = 2  # of what continues a line


def show_error(error: BaseException, console: Console | None = None) -> None:
    """Prints `error: PLACE: message`, the lines of the source that it names, and hints on lines of their own."""
    show(("error", "bold red"), str(error).strip() or type(error).__name__, console)


def show_warning(message: str, console: Console | None = None) -> None:
    """Prints `warning: message`; a hint may follow on a line of its own."""
    show(("warning", "bold yellow"), message, console)


def show_note(text: str, console: Console | None = None) -> None:
    """Prints a line about what happened on stderr."""
    show_line(console or output(stderr=True), Text(printable(text)), INDENT)


def show_result(text: str, console: Console | None = None) -> None:
    """Prints a line on stdout."""
    show_line(console or output(), Text(printable(text)), INDENT)


def show(label: tuple[str, str], message: str, console: Console | None = None) -> None:
    """Prints a label with its style before the message. On a terminal, source lines are cut to its width."""
    console = console or output(stderr=True)
    kind, style = label
    message = printable(message)
    first, *others = (narrowed(message, console.width) if console.is_terminal else message).split("\n")
    show_line(console, Text.assemble((f"{kind}: ", style), first), INDENT)
    for line in others:
        begins = len(line) - len(line.lstrip())
        if line.startswith(HINT):
            show_line(console, Text.assemble((HINT, "bold cyan"), line.removeprefix(HINT)), INDENT)
        else:
            show_line(console, Text(line), begins + INDENT)
