"""Sweep folder: RUNS/NAME with the sweep file, the journal, a folder for each trial, and what the trials show."""

import contextlib
import re
import shutil
from pathlib import Path

from nntrain.files import temporary_files, write_atomic
from nntrain.search.sweep.claims import TrialLock
from nntrain.search.sweep.errors import NotASweep, SweepIsRunning
from nntrain.search.sweep.storage import JOURNAL
from nntrain.search.sweep_files import FACTS, TRIALS

PICTURES = ("history", "importance", "parallel", "slices")
TRIAL = re.compile(r"[0-9]{4,}")


class SweepFolder:
    """The paths of a sweep."""

    def __init__(self, path: Path):
        self.path = path
        self.file = path / "sweep.yaml"
        self.trials = path / "trials"
        self.best = path / "best.yaml"
        self.journal = path / JOURNAL

    def open(self, raw: bytes) -> None:
        """Makes the folder, with the bytes of the sweep file if it has none. Raises NotASweep for a folder with other things in it."""
        if self.path.exists() and not self.is_ours():
            raise NotASweep("not the folder of a sweep; nothing in it is overwritten", place=str(self.path))
        self.trials.mkdir(parents=True, exist_ok=True)
        if not self.file.is_file():
            write_atomic(self.file, raw)

    def renew(self, raw: bytes) -> None:
        """Replaces the sweep file, as by one with more trials."""
        if self.file.read_bytes() != raw:
            write_atomic(self.file, raw)

    def is_ours(self) -> bool:
        if not self.path.is_dir():
            return False
        begun = {"trials", *(file.name for file in temporary_files(self.path, self.file.name))}
        return self.file.is_file() or all(entry.name in begun for entry in self.path.iterdir())

    def clear(self) -> None:
        """Removes what a sweep has left but its file, and nothing else. Raises SweepIsRunning, NotASweep."""
        if not self.path.exists():
            return
        if not self.is_ours():
            raise NotASweep("not the folder of a sweep; nothing in it is overwritten", place=str(self.path))
        folders = [entry for entry in self.trials.glob("*") if TRIAL.fullmatch(entry.name)]
        with contextlib.ExitStack() as locks:
            for file in self.trials.glob(".*.lock"):
                lock = TrialLock(self.trials, int(file.name.strip(".lock")))
                if not lock.acquire():
                    raise SweepIsRunning(
                        "another process works on this sweep", "Stop it first.", str(self.path)
                    )
                locks.callback(lock.release)
            for folder in folders:
                shutil.rmtree(folder)
            pictures = [f"{name}{suffix}" for name in PICTURES for suffix in (".png", ".svg")]
            for name in (JOURNAL, FACTS, TRIALS, self.best.name, *pictures):
                (self.path / name).unlink(missing_ok=True)
