"""Times: times.csv, when each evaluation of a run was, in seconds of training. Apart from metrics.csv, whose bytes repeat."""

import time
from pathlib import Path

import numpy as np

from nntrain.files import append
from nntrain.run.history import read_columns

HEADER = "step,seconds\n"


class Times:
    """Writes times.csv. The clock starts with the first step, after compiling; a resumed run goes on from the last row."""

    def __init__(self, path: Path):
        self.path = path
        self._begun: float | None = None  # when the clock would have read 0

    def start(self) -> None:
        """Starts the clock, unless it is running."""
        if self._begun is None:
            before = read_columns(self.path).get("seconds", np.empty(0))
            self._begun = time.monotonic() - (float(before[-1]) if len(before) else 0.0)

    def add(self, step: int) -> None:
        self.start()
        assert self._begun is not None
        header = "" if self.path.exists() else HEADER
        append(self.path, f"{header}{step},{time.monotonic() - self._begun:.3f}\n")
