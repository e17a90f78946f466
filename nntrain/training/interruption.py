"""Interruption: Ctrl-C and SIGTERM ask training to stop after the current step; a second one quits at once."""

import os
import signal
from types import FrameType, TracebackType

from nntrain.errors import NntrainError


class Interrupted(NntrainError):
    """Training was asked to stop and has saved a checkpoint."""

    exit_code = 130


def sigterm_as_ctrl_c() -> None:
    """From now on SIGTERM raises KeyboardInterrupt, as Ctrl-C does; inside `Interruption` both wait for the step."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class Interruption:
    """`with Interruption() as stop: ...  if stop: save and leave`. Only for the main thread."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._asked = False
        self._previous: dict[int, object] = {}

    def __bool__(self) -> bool:
        return self._asked

    def __enter__(self) -> "Interruption":
        for number in self.SIGNALS:
            self._previous[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from the call above

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            os._exit(Interrupted.exit_code)
        self._asked = True


class NeverInterrupted:
    """For programs that call nntrain as a library: their signals are their own, and Ctrl-C is a KeyboardInterrupt."""

    def __enter__(self) -> bool:
        return False

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass
