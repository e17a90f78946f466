"""Run folder: the directory of a run, with everything in it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.files import append, temporary_files, write_atomic, write_json, write_npz
from nntrain.network.snapshot import Snapshot
from nntrain.options import shown
from nntrain.run import layers, lock
from nntrain.run.checkpoints import Checkpoints, step_of
from nntrain.run.history import read_columns
from nntrain.run.times import Times

STEPS_HEADER = "step,epoch,loss,lr\n"
TENSORBOARD = "tensorboard"  # the folder of the event files that `train.tensorboard` asks for
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
        self.layers = path / "layers.csv"
        self.times = Times(path / "times.csv")
        self.log = path / "train.log"
        self.split = path / "split.npz"
        self.checkpoints = Checkpoints(path / "checkpoints")
        self.last, self.best = self.checkpoints.last, self.checkpoints.best
        self.saved_step: int | None = None  # of the last checkpoint that this process wrote or continued from
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
        self.replace_info({**self.read_info(), **facts})

    def replace_info(self, facts: dict[str, Any]) -> None:
        write_json(self.info, facts)

    def mark_failed(self) -> None:
        """Changes the status in place, in one write of the same length: there may be no room for a second file."""
        text = self.info.read_bytes()
        at = text.find(b'"status": "running"')
        if at >= 0:
            with self.info.open("rb+", buffering=0) as file:
                file.seek(at)
                file.write(b'"status": "failed" ')

    def read_info(self) -> dict[str, Any]:
        try:
            found = json.loads(self.info.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def ended(self) -> bool:
        """Whether a run here is complete, with its scores and pictures: those come last, and then the time."""
        info = self.read_info()
        return info.get("status") in ("finished", "stopped early") and "ended" in info

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """RUN/NAME, such as plots/fit.npz, from which a picture is drawn."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        write_npz(path, arrays)

    def add_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        self.times.start()
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
        self.times.add(row["step"])

    def add_layers(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            append(self.layers, layers.as_csv(rows, header=not self.layers.exists()))

    def evaluation_columns(self) -> dict[str, np.ndarray]:
        """The columns of metrics.csv."""
        return read_columns(self.metrics)

    def step_columns(self) -> dict[str, np.ndarray]:
        """The columns of steps.csv."""
        return read_columns(self.steps)

    def layer_columns(self) -> dict[str, np.ndarray]:
        """The columns of layers.csv."""
        return layers.read_layers(self.layers)

    def append_log(self, line: str) -> None:
        append(self.log, line + "\n")

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        self.flush()
        self.checkpoints.save(snapshot, best, keep)
        self.saved_step = step_of(snapshot)

    def tables_until(self, step: int) -> dict[Path, list[str]]:
        """The tables without the rows that are later than the checkpoint from which training continues.

        Raises UserError for a line that is none of a run's; only a last line without an end is known to be half written.
        """
        return {table: lines_until(step, table) for table in self._tables() if table.exists()}

    def cut_back(self, tables: dict[Path, list[str]]) -> None:
        for table, lines in tables.items():
            if len(lines) > 1:
                write_atomic(table, "".join(lines).encode())
            else:
                table.unlink()

    def is_foreign(self) -> bool:
        """Whether the path is something else than a run: a file, or a folder with other things in it."""
        if not self.path.is_dir():
            return self.path.exists()
        known = self.info.exists() or self.last.exists()
        return not known and any(not _ours(entry.name) for entry in self.path.iterdir())

    def clear(self, others: Sequence[str] = ()) -> None:
        """Removes what an earlier run of the same name wrote, and the files named by `others`; nothing else."""
        for path in (*self._files(), *(self.path / name for name in others)):
            path.unlink(missing_ok=True)
        self.remove_unfinished()

    def remove_unfinished(self) -> None:
        """Removes the temporary files of writes that a crash interrupted: the lock says that nobody is writing."""
        for folder in (self.path, self.checkpoints.folder):
            for unfinished in temporary_files(folder):
                unfinished.unlink(missing_ok=True)

    def _tables(self) -> tuple[Path, ...]:
        return (self.metrics, self.steps, self.layers, self.times.path)

    def _files(self) -> tuple[Path, ...]:
        return (
            self.config,
            self.resolved,
            self.info,
            *self._tables(),
            self.log,
            self.split,
            *self.checkpoints.files(),
            *(self.path / TENSORBOARD).glob("events.out.tfevents.*"),
        )


def _ours(name: str) -> bool:
    """What a run that a crash ended at its start may have left."""
    return name in ("checkpoints", lock.NAME) or name.startswith(".run.json.")


def lines_until(step: int, table: Path) -> list[str]:
    """The header and the rows of a table up to a step, each with its line break; without empty lines and a half one."""
    text = table.read_bytes().decode("utf-8", errors="replace")
    whole = [(number, line) for number, line in enumerate(text.split("\n")[:-1], 1) if line.strip()]
    if not whole:
        return []
    (_, header), *rows = whole
    columns = len(cells_of(header))
    kept = [header]
    for number, row in rows:
        cells = cells_of(row)
        if not cells[0].isdecimal() or len(cells) != columns:
            message = (
                f"expected the number of a step and {columns - 1} values. Received: {shown(row.strip())}"
            )
            raise UserError(message, "Delete or fix this line.", f"{table}:{number}")
        if int(cells[0]) <= step:
            kept.append(row)
    return [f"{line}\n" for line in kept]


def cells_of(row: str) -> list[str]:
    return next(csv.reader([row])) if '"' in row else row.split(",")


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
