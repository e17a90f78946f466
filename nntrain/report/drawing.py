"""Drawing: keeps loss.png fresh while training goes on, in a process of its own so that training never waits."""

import subprocess
import sys
import time
from pathlib import Path


class Drawing:
    """Starts `python -m nntrain.report.plots RUN` now and then; one at a time, and none that would eat the cores."""

    SHARE = 0.05  # of the time that has passed, at most, goes into refreshing

    def __init__(self, folder: Path):
        self.folder = folder
        self._process: subprocess.Popen | None = None
        self._started = time.monotonic()
        self._next = self._started + 5.0  # the first seconds belong to the training
        self.error = ""

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        return self._process is None or self._process.poll() is not None

    def refresh(self) -> None:
        """Draws what the tables hold now, unless a drawing is under way or the last one is too recent."""
        if not self.due():
            return
        begun = time.monotonic()
        if self._process is not None:
            self._reap()
        self._begin()
        self._next = begun + 1.0 / self.SHARE  # a drawing takes about a second of one core

    def finish(self) -> None:
        """Draws once more, and waits for it."""
        if self._process is not None:
            self._reap()
        self._begin()
        self._reap()

    def _begin(self) -> None:
        command = [sys.executable, "-m", "nntrain.report.plots", str(self.folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.PIPE, text=True, start_new_session=True)

    def _reap(self) -> None:
        _, error = self._process.communicate()
        self.error = error.strip() if self._process.returncode else ""
        self._process = None
