"""Console: how rich prints for us. Nothing that a user named is ever read as markup."""

from rich.console import Console

UNLIMITED = 1000  # columns; who reads a file or a pipe wants a row on a line


def output(stderr: bool = False) -> Console:
    """Prints to stdout or stderr: coloured on a terminal, plain unbroken lines elsewhere."""
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console
