"""Standard streams that training outlives: closed before it starts, or lost while it runs."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

NAMES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def replace_closed() -> None:
    """Gives the streams that the program was started without (`2>&-`) to the null device.

    Otherwise the next file to be opened gets their number, and what a library prints is written into it.
    """
    for name, mode in NAMES.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (as long as the program)


@contextlib.contextmanager
def lasting() -> Iterator[None]:
    """Meanwhile the reader of stdout or stderr may go (`| head`, a terminal that closes): then what is printed is dropped."""
    before = sys.stdout, sys.stderr
    streams = [Lasting(stream) for stream in before]
    sys.stdout, sys.stderr = streams
    try:
        yield
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before


class Lasting:
    """A text stream that drops what can no longer be written."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        with self._losing():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._losing():
            self._stream.flush()

    @contextlib.contextmanager
    def _losing(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # What the stream still holds goes there, too: it is written when the program ends.
            with contextlib.suppress(OSError, io.UnsupportedOperation), open(os.devnull, "wb") as null:
                os.dup2(null.fileno(), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
