"""Run folder: the directory of a run, with everything in it."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.files import append, temporary_files, write_atomic, write_json, write_npz
from nntrain.network.snapshot import Snapshot
from nntrain.run import lock
from nntrain.run.checkpoint import encode

STEPS_HEADER = "step,epoch,loss,lr\n"
PENDING_STEPS = 1000  # lines of steps.csv that are kept in memory, at most


class RunFolder:
    """Paths of a run directory, and the `training.record.Record` that keeps a run in it."""

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.yaml"
        self.resolved = path / "config.resolved.yaml"
        self.info = path / "run.json"
        self.metrics = path / "metrics.csv"
        self.steps = path / "steps.csv"
        self.log = path / "train.log"
        self.split = path / "split.npz"
        self.last = path / "checkpoints" / "last.safetensors"
        self.best = path / "checkpoints" / "best.safetensors"
        self._pending_steps: list[str] = []

    def claim(self) -> bool:
        """Makes the folder; False if it exists. Raises UserError if it cannot be made."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir()
        except FileExistsError:
            if self.path.parent.is_dir():
                return False
            raise self._cannot_make("Not a directory") from None
        except OSError as error:
            raise self._cannot_make(error.strerror) from None
        return True

    def _cannot_make(self, reason: str | None) -> UserError:
        return UserError(f"cannot make the run folder: {reason}", place=str(self.path))

    def write_info(self, **facts: Any) -> None:
        """Adds facts to run.json."""
        write_json(self.info, {**self.read_info(), **facts})

    def read_info(self) -> dict[str, Any]:
        try:
            return json.loads(self.info.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    @property
    def ended(self) -> bool:
        """Whether a run here is complete, with its scores and pictures."""
        return self.read_info().get("status") in ("finished", "stopped early")

    def write_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """RUN/NAME.npz, such as what a picture is drawn from."""
        write_npz(self.path / f"{name}.npz", arrays)

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        self._pending_steps.append(f"{step},{epoch},{loss!r},{lr!r}\n")
        if len(self._pending_steps) >= PENDING_STEPS:
            self.flush()

    def flush(self) -> None:
        header = "" if self.steps.exists() else STEPS_HEADER
        append(self.steps, header + "".join(self._pending_steps))
        self._pending_steps.clear()

    def add_evaluation(self, row: dict[str, Any]) -> None:
        """One row of metrics.csv, with `repr` precision; the header is that of the first row."""
        # NumPy's numbers would be written as "np.float64(0.5)".
        values = [value.item() if isinstance(value, np.generic) else value for value in row.values()]
        lines = [] if self.metrics.exists() else [",".join(row)]
        lines.append(csv_line(["" if value is None else repr(value) for value in values]))
        append(self.metrics, "".join(f"{line}\n" for line in lines))

    def append_log(self, line: str) -> None:
        append(self.log, line + "\n")

    def save(self, snapshot: Snapshot, best: bool) -> None:
        """Writes `best` before `last`, so that whatever `last` says of the best checkpoint is there already."""
        self.flush()
        data = encode(snapshot)
        if best:
            write_atomic(self.best, data)
        write_atomic(self.last, data)

    def cut_back(self, step: int) -> None:
        """Drops the rows of both tables that are later than the checkpoint from which training continues."""
        for table in (self.metrics, self.steps):
            if not table.exists():
                continue
            # A line that a crash truncated has no line break.
            lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
            whole = [line for line in lines if line.endswith("\n")]
            kept = [row for row in whole[1:] if int(row.split(",", 1)[0]) <= step]
            if kept:
                write_atomic(table, "".join([whole[0], *kept]).encode())
            else:
                table.unlink()

    def is_foreign(self) -> bool:
        """Whether the path is something else than a run: a file, or a folder with other things in it."""
        if not self.path.is_dir():
            return self.path.exists()
        return not self.info.exists() and any(not _ours(entry.name) for entry in self.path.iterdir())

    def clear(self, others: Sequence[str] = ()) -> None:
        """Removes what an earlier run of the same name wrote, and the files named by `others`; nothing else."""
        for path in (*self._files(), *(self.path / name for name in others)):
            path.unlink(missing_ok=True)
        self.remove_unfinished(others)

    def remove_unfinished(self, others: Sequence[str] = ()) -> None:
        """Removes the temporary files of writes that a crash interrupted: the lock says that nobody is writing."""
        for file in (*self._files(), *(self.path / name for name in others)):
            for unfinished in temporary_files(file):
                unfinished.unlink(missing_ok=True)

    def _files(self) -> tuple[Path, ...]:
        tables = (self.metrics, self.steps, self.log, self.split)
        return (self.config, self.resolved, self.info, *tables, self.last, self.best)


def _ours(name: str) -> bool:
    """What a run that a crash ended at its start may have left."""
    return name in ("checkpoints", lock.NAME) or name.startswith(".run.json.")


def csv_line(cells: list[str]) -> str:
    """Cells as one line of CSV, without the line break; a list such as a confusion matrix is quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def claim_free(runs: Path, name: str) -> RunFolder:
    """Makes the first of NAME, NAME-2, NAME-3 ... that does not exist: no two processes get the same one."""
    number = 1
    while not (folder := RunFolder(runs / (name if number == 1 else f"{name}-{number}"))).claim():
        number += 1
    return folder
