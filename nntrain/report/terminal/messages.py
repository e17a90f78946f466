"""Messages: errors, warnings and hints on stderr."""

from rich.console import Console
from rich.text import Text

from nntrain.errors import NntrainError
from nntrain.report.formats import printable
from nntrain.report.terminal.console import output


def show_error(error: BaseException, console: Console | None = None) -> None:
    """Prints `error: PLACE: message` and, on a line of its own, `hint: ...`."""
    if isinstance(error, NntrainError):
        message = (f"{error.place}: " if error.place else "") + error.message
        show(("error", "bold red"), message or type(error).__name__, error.hint, console)
    else:
        show(("error", "bold red"), str(error).strip() or type(error).__name__, "", console)


def show_warning(message: str, console: Console | None = None) -> None:
    """Prints `warning: message`; a hint may follow the message on a line of its own."""
    message, _, hint = message.partition("\nhint: ")
    show(("warning", "bold yellow"), message, hint, console)


def show(label: tuple[str, str], message: str, hint: str, console: Console | None = None) -> None:
    """Prints a label with its style before the message. The terminal breaks long lines, so that paths can be copied."""
    console = console or output(stderr=True)
    kind, style = label
    console.print(Text.assemble((f"{kind}: ", style), printable(message)), soft_wrap=True)
    if hint:
        console.print(Text.assemble(("hint: ", "bold cyan"), printable(hint)), soft_wrap=True)
