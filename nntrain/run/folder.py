"""Run folder: the directory that a run leaves behind, with everything in it."""

import csv
import io
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nntrain import __version__, plugins
from nntrain.errors import UserError
from nntrain.run.checkpoint import write_atomic


class RunFolder:
    """Paths of a run directory, and the appending of its tables."""

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

    def create(self) -> None:
        try:
            self.last.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot make the run folder: {error.strerror}. Choose another with --runs-dir."
            ) from None

    def write_info(self, **facts) -> None:
        """Adds facts to run.json."""
        known = self.read_info()
        write_atomic(self.info, (json.dumps({**known, **facts}, indent=2) + "\n").encode())

    def read_info(self) -> dict:
        try:
            return json.loads(self.info.read_text())
        except (OSError, ValueError):
            return {}

    @property
    def ended(self) -> bool:
        """Whether a run here came to its end, with its pictures and scores."""
        return self.read_info().get("status") in ("finished", "stopped early")

    def write_split(self, indices: dict[str, np.ndarray]) -> None:
        write_npz(self.split, indices)

    def write_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Writes NAME.npz, such as the arrays that a picture is drawn from."""
        write_npz(self.path / f"{name}.npz", arrays)

    def append_metrics(self, row: dict) -> None:
        """One evaluation. Numbers are written with `repr` precision; the header is that of the first row."""
        new = not self.metrics.exists()
        with self.metrics.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(row)
            # NumPy's numbers would be written as "np.float64(0.5)".
            values = (value.item() if isinstance(value, np.generic) else value for value in row.values())
            writer.writerow(["" if value is None else repr(value) for value in values])

    def append_step(self, step: int, epoch: int, loss: float, lr: float) -> None:
        self._pending_steps.append(f"{step},{epoch},{loss!r},{lr!r}\n")
        if len(self._pending_steps) >= 1000:
            self.flush_steps()

    def append_log(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(line + "\n")

    def flush_steps(self) -> None:
        new = not self.steps.exists()
        with self.steps.open("a") as file:
            if new:
                file.write("step,epoch,loss,lr\n")
            file.writelines(self._pending_steps)
        self._pending_steps.clear()

    def cut_back(self, step: int) -> None:
        """Drops what the tables say of later steps than the checkpoint that training goes on from."""
        for table in (self.metrics, self.steps):
            if not table.exists():
                continue
            # A line that a crash cut short has no end.
            whole = [line for line in table.read_text().splitlines(keepends=True) if line.endswith("\n")]
            kept = [row for row in whole[1:] if int(row.split(",", 1)[0]) <= step]
            if kept:
                write_atomic(table, "".join([whole[0], *kept]).encode())
            else:
                table.unlink()

    def is_foreign(self) -> bool:
        """Whether there is something else than a run: a file, or a folder with other things in it."""
        if not self.path.is_dir():
            return self.path.exists()
        return not self.info.exists() and any(entry.name != "checkpoints" for entry in self.path.iterdir())

    def clear(self, pictures: Iterable[str] = ()) -> None:
        """Removes what an earlier run of the same name wrote, its `pictures` (file names) included, and nothing else."""
        for path in (
            self.config,
            self.resolved,
            self.info,
            self.metrics,
            self.steps,
            self.log,
            self.split,
            self.last,
            self.best,
            *(self.path / name for name in pictures),
        ):
            path.unlink(missing_ok=True)


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_atomic(path, buffer.getvalue())


def find_free(runs: Path, name: str) -> RunFolder:
    """The first of NAME, NAME-2, NAME-3 ... that does not exist."""
    number = 1
    while (path := runs / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return RunFolder(path)


def environment(threads: int) -> dict:
    """What a run was made with, for run.json."""
    import llvmlite
    import numba

    return {
        "command": sys.argv,
        "versions": {
            "nntrain": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "llvmlite": llvmlite.__version__,
        },
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "git": _git_commit(),
        "plugins": [plugin.to_dict() for plugin in plugins.loaded.values()],
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """The commit of the folder that the command was given in, if it is a git checkout."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
