"""Drawing processes: pictures are drawn by a separate process, so that training never waits for them."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path


class DrawingProcess:
    """Runs `python -m nntrain.report.pictures RUN -`: one process at a time, and rarely enough to leave the cores to training.

    A process that was prepared has loaded what it needs when it is asked to draw, which takes as long as the drawing itself.
    """

    FIRST_S = 15.0  # drawing takes a core for more than a second, so the first seconds belong to training
    LONGEST_S = 300.0  # a drawing that takes longer is given up
    PAUSE = 20  # the pause before the next drawing, in multiples of the last drawing's duration

    def __init__(self, folder: Path, pictures: Iterable[str]):
        self.folder = folder
        self.pictures = tuple(pictures)
        self.errors: dict[str, str] = {}  # why the last process failed, by picture
        self._process: subprocess.Popen[str] | None = None
        self._prepared: subprocess.Popen[str] | None = None  # it waits for the names of pictures
        self._begun = time.monotonic()
        self._next = self._begun + self.FIRST_S

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def prepare(self) -> None:
        """Starts the process of the next drawing."""
        with contextlib.suppress(OSError):  # the drawing itself will say why
            self._prepared = self._launched()

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
        """Ends a drawing that nobody waits for, and one that is prepared."""
        for process in filter(None, (self._process, self._prepared)):
            process.kill()
            process.communicate()
        self._process = self._prepared = None

    def _start(self) -> None:
        self._begun = time.monotonic()
        process, self._prepared = self._prepared, None
        if process is not None and process.poll() is not None:
            process.communicate()  # closes its pipes
            process = None
        try:
            process = process or self._launched()
            assert process.stdin is not None
            process.stdin.write(" ".join(self.pictures) + "\n")
            process.stdin.close()
        except OSError as error:
            self._all_failed(f"cannot start a process: {error.strerror}")
            return
        process.stdin = None  # so that `communicate` leaves it alone
        self._process = process

    def _launched(self) -> "subprocess.Popen[str]":
        # It finds the modules that this process finds, and with `-P` none in the current folder.
        command = [sys.executable, "-P", "-m", "nntrain.report.pictures", str(self.folder), "-"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # In a session of its own, so that Ctrl-C reaches the training process only.
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

    def _all_failed(self, reason: str) -> None:
        self.errors = dict.fromkeys(self.pictures, reason)


def reasons(stderr: str, pictures: Iterable[str]) -> dict[str, str]:
    """What the process says of the pictures that failed: a line `NAME: REASON` for each."""
    lines = (line.partition(": ") for line in stderr.splitlines())
    return {name: reason for name, _, reason in lines if name in pictures}


def last_line(stderr: str) -> str:
    """The last line of a traceback."""
    return (stderr.strip().splitlines() or [""])[-1]
