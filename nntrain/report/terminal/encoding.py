"""Encodings: files, names and pipes are UTF-8 in any locale; a terminal gets a substitute for what it cannot show."""

import codecs
import contextlib
import io
import locale
import os
import sys
from typing import Any

SUBSTITUTES = "nntrain.substitutes"  # the name of the error handler
PLAIN = {
    "µ": "u",
    "…": "...",
    "×": "x",
    "·": "*",
    "²": "^2",
    "–": "-",
    "—": "-",
    "’": "'",
    "≥": ">=",
    "≤": "<=",
}


def _substitutes(error: UnicodeError) -> tuple[str, int]:
    """What is like it in ASCII, else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    escaped = (PLAIN.get(c, c.encode("ascii", "backslashreplace").decode()) for c in found)
    return "".join(escaped), error.end


codecs.register_error(SUBSTITUTES, _substitutes)


def use_utf8_mode() -> None:
    """Starts the program again in Python's UTF-8 mode, unless names of files are UTF-8 already.

    Python only asks when it starts, and a name beyond the locale's characters is an error wherever a file is opened.
    """
    if sys.flags.utf8_mode or sys.getfilesystemencoding() == "utf-8":
        return
    program, *arguments = sys.orig_argv
    children = {**os.environ, "PYTHONUTF8": "1"}  # such as those that draw
    with contextlib.suppress(
        OSError, TypeError
    ):  # without an executable, names beyond the locale stay errors
        os.execve(sys.executable, [program, "-X", "utf8", *arguments], children)


def never_refuse(stream: Any) -> None:
    """Lets a stream substitute what its encoding does not have, unless PYTHONIOENCODING says what to do."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors=SUBSTITUTES)


def set_up_streams() -> None:
    """stdout and stderr have the encoding of PYTHONIOENCODING; else a terminal that of the locale, a pipe or a file UTF-8."""
    _, _, handler = os.environ.get("PYTHONIOENCODING", "").partition(":")
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        encoding = locale.getencoding() if stream.isatty() else "utf-8"
        if os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(errors=handler or SUBSTITUTES)
        else:
            stream.reconfigure(encoding=encoding, errors=SUBSTITUTES)
