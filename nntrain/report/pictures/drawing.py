"""Drawing: keeps a picture fresh while training goes on, in a process of its own so that training never waits."""

import os
import subprocess
import sys
import time
from pathlib import Path


class Drawing:
    """Starts `python -m nntrain.report.pictures RUN PICTURE` now and then: one at a time, and seldom enough not to eat the cores."""

    FIRST_S = 15.0  # a drawing takes one core for more than a second: the first ones belong to the training
    PAUSE = 20  # times as long as the last drawing took

    def __init__(self, folder: Path, picture: str = "loss"):
        self.folder = folder
        self.picture = picture
        self.error = ""
        self._process: subprocess.Popen | None = None
        self._begun = time.monotonic()
        self._next = self._begun + self.FIRST_S

    def refresh(self) -> None:
        """Draws what the tables hold now, unless a drawing is under way or the last one is too recent."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._next = now + self.PAUSE * (now - self._begun)
            self._wait()
        if self._process is None and now >= self._next:
            self._start()

    def draw_last(self) -> None:
        """Starts to draw once more; `finish` waits for it."""
        if self._process is not None:
            self._wait()
        self._start()

    def finish(self) -> None:
        if self._process is not None:
            self._wait()

    def _start(self) -> None:
        self._begun = time.monotonic()
        # It finds the modules that this process finds; `-P`: and none in the folder that the user happens to be in.
        command = [sys.executable, "-P", "-m", "nntrain.report.pictures", str(self.folder), self.picture]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # In a session of its own, so that Ctrl-C reaches the training alone.
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _wait(self) -> None:
        _, error = self._process.communicate()
        self.error = error.strip() if self._process.returncode else ""
        self._process = None
