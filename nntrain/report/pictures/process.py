"""Drawing processes: pictures are drawn by a separate process, so that training never waits for them."""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_prepared: list["subprocess.Popen[str]"] = []  # waiting for a request


def prepare() -> None:
    """Starts a process that has loaded what drawing needs when it is asked to draw; loading takes as long as the drawing itself."""
    if not _prepared:
        atexit.register(discard)
        with contextlib.suppress(OSError):  # the drawing itself will say why
            _prepared.append(_launched())


def discard() -> None:
    """Ends the process that was prepared, if any."""
    while _prepared:
        _end(_prepared.pop())


def _end(process: "subprocess.Popen[str]") -> None:
    """With the copy that it may have made of itself."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()


def _launched() -> "subprocess.Popen[str]":
    # It finds the modules that this process finds, and with `-P` none in the current folder.
    command = [sys.executable, "-P", "-m", "nntrain.report.pictures", "-"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",  # threads that NumPy would start for nothing
    }
    # In a session of its own, so that Ctrl-C reaches the training process only, and `_end` all that it starts.
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _taken() -> "subprocess.Popen[str]":
    """The process that was prepared, or a new one."""
    while _prepared:
        process = _prepared.pop()
        if process.poll() is None:
            return process
        process.communicate()  # closes its pipes
    return _launched()


class DrawingProcess:
    """Draws pictures of a run: one process at a time, and rarely enough to leave the cores to training."""

    FIRST_S = 15.0  # drawing takes a core for more than a second, so the first seconds belong to training
    LONGEST_S = 300.0  # a drawing that takes longer is given up
    PAUSE = 20  # the pause before the next drawing, in multiples of the last drawing's duration

    def __init__(self, folder: Path, pictures: Iterable[str]):
        self.folder = folder
        self.pictures = tuple(pictures)
        self.errors: dict[str, str] = {}  # why the last process failed, by picture
        self._process: subprocess.Popen[str] | None = None
        self._begun = time.monotonic()
        self._next = self._begun + self.FIRST_S

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def refresh(self) -> None:
        """Draws what the tables hold now, unless a process is running or the last drawing is too recent."""
        now = time.monotonic()
        if self._process is not None and not self.running:
            self._next = now + self.PAUSE * (now - self._begun)
            self.finish()
        if self._process is None and now >= self._next:
            self._start()

    def start(self) -> None:
        """Starts one more drawing, after the running one; `finish` waits for it."""
        self.finish()
        self._start()

    def finish(self) -> None:
        """Waits for the running drawing."""
        if self._process is None:
            return
        try:
            _, error = self._process.communicate(timeout=self.LONGEST_S)
        except subprocess.TimeoutExpired:
            self.stop()
            self._all_failed(f"it took more than {self.LONGEST_S:g} s")
            return
        code = self._process.returncode
        self._process = None
        self.errors = reasons(error, self.pictures) if code else {}
        if code and not self.errors:
            self._all_failed(last_line(error) or f"the process ended with exit code {code}")

    def stop(self) -> None:
        """Ends a drawing that nobody waits for."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _start(self) -> None:
        if not self.pictures:
            return
        self._begun = time.monotonic()
        try:
            process = _taken()
            assert process.stdin is not None
            process.stdin.write(json.dumps([str(self.folder), *self.pictures]) + "\n")
            process.stdin.close()
        except OSError as error:
            self._all_failed(f"cannot start a process: {error.strerror}")
            return
        process.stdin = None  # so that `communicate` leaves it alone
        self._process = process

    def _all_failed(self, reason: str) -> None:
        self.errors = dict.fromkeys(self.pictures, reason)


def reasons(stderr: str, pictures: Iterable[str]) -> dict[str, str]:
    """What the process says of the pictures that failed: a line `NAME: REASON` for each."""
    lines = (line.partition(": ") for line in stderr.splitlines())
    return {name: reason for name, _, reason in lines if name in pictures}


def last_line(stderr: str) -> str:
    """The last line of a traceback."""
    return (stderr.strip().splitlines() or [""])[-1]
