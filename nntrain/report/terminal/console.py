"""Console: rich with our settings. Text from a user is never parsed as markup."""

import sys

from rich.console import Console

from nntrain.report.terminal.encoding import never_refuse

UNLIMITED = 1000  # columns; in a file or a pipe every row stays on one line


def output(stderr: bool = False, silent: bool = False) -> Console:
    """A console on stdout or stderr: coloured on a terminal unless NO_COLOR is set, plain unbroken lines elsewhere.

    `silent`: it prints nothing.
    """
    never_refuse(sys.stderr if stderr else sys.stdout)
    console = Console(stderr=stderr, quiet=silent, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = UNLIMITED
    return console
