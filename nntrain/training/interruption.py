"""Interruption: Ctrl-C, SIGTERM or a closed terminal asks training to stop after the step; a second one stops it at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from nntrain.errors import NntrainError

# Of the terminal's Ctrl-C, `kill`, a terminal that closes, a limit of processor time, Ctrl-Break on Windows.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGBREAK")


class Interrupted(NntrainError):
    """Training was asked to stop and has saved a checkpoint."""

    exit_code = 130
    on_all_ranks = True


class Pruned(Interrupted):
    """A sweep stopped training at an evaluation, because other trials were better there; a checkpoint is saved."""


def signals() -> list[int]:
    """Those that ask a program to stop, without those that this one was started to ignore, as by nohup."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    # None: a handler that is not Python's, which could not be restored.
    return [number for number in numbers if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def stop_signals_as_ctrl_c() -> None:
    """From now on each of them raises KeyboardInterrupt, as Ctrl-C does; inside `Interruption` they wait for the step."""
    for number in signals():
        signal.signal(number, signal.default_int_handler)


class Interruption:
    """`with Interruption() as stop: ...  if stop: save and leave`. Only for the main thread.

    A second signal raises KeyboardInterrupt, a third one ends the process.
    """

    def __init__(self) -> None:
        self._count = 0
        self._previous: dict[int, Any] = {}

    def __bool__(self) -> bool:
        return self._count > 0

    def __enter__(self) -> "Interruption":
        self._previous = {number: signal.signal(number, self._ask) for number in signals()}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        restore(self._previous)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count == 2:
            raise KeyboardInterrupt
        if self._count > 2:
            os._exit(Interrupted.exit_code)


class NeverInterrupted:
    """For programs that call nntrain as a library: their signals are their own, and Ctrl-C is a KeyboardInterrupt."""

    def __enter__(self) -> bool:
        return False

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """The signals that arrive within it act after it: for a few lines that are done whole, in the main thread."""
    if threading.current_thread() is not threading.main_thread():  # no signal interrupts any other
        yield
        return
    arrived: list[int] = []
    previous = {
        number: signal.signal(number, lambda number, frame: arrived.append(number)) for number in signals()
    }
    try:
        yield
    finally:
        restore(previous)
        for number in arrived:
            signal.raise_signal(number)


def restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
