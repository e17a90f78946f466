"""History: what metrics.csv and steps.csv of a run folder say, as arrays ready to be drawn."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.errors import UserError


@dataclass(frozen=True)
class History:
    """`epoch` counts the epochs done after a step or at an evaluation, so 0 is the start of training."""

    name: str
    status: str  # what run.json says; empty when it says nothing
    epoch: np.ndarray  # (steps,)
    loss: np.ndarray  # (steps,) of the mini-batch
    lr: np.ndarray  # (steps,)
    counts_steps: bool  # not one epoch is over, so nobody knows its length: `epoch` holds step numbers
    evaluations: dict[
        str, np.ma.MaskedArray
    ]  # column of metrics.csv -> (evaluations,), masked where the cell is empty

    def curve(self, column: str) -> tuple[np.ndarray, np.ndarray]:
        """The epochs and values of a column of the evaluations, where it has values; both empty when there is no such column."""
        values = self.evaluations.get(column, np.ma.masked_all(len(self.evaluations["epoch"])))
        there = ~np.ma.getmaskarray(values)
        return self.evaluations["epoch"].data[there], values.data[there]

    def value(self, column: str, row: int) -> float | None:
        """One cell of the evaluations; None where it is empty."""
        value = self.evaluations[column][row] if column in self.evaluations else np.ma.masked
        return None if value is np.ma.masked else float(value)

    @property
    def best(self) -> int | None:
        """Which evaluation is the best so far."""
        rows = np.flatnonzero(self.curve("best")[1] == 1)
        return int(rows[-1]) if len(rows) else None


def read_history(folder: str | Path) -> History:
    """Reads a run folder, also while training writes it: a last line without its end is left for the next time.

    Raises UserError where there is no run, nothing in it yet, or a file is damaged.
    """
    folder = Path(folder)
    metrics, steps = folder / "metrics.csv", folder / "steps.csv"
    if not metrics.is_file() and not steps.is_file():
        raise UserError(
            f"{folder}: expected the folder of a run, with metrics.csv and steps.csv. Received: neither is there."
        )
    evaluations = read_table(metrics)
    evaluations.setdefault("epoch", np.ma.empty(0))
    by_step = {name: column.filled(np.nan) for name, column in read_table(steps).items()}
    if not len(evaluations["epoch"]) and not len(by_step.get("step", ())):
        raise UserError(f"{folder}: the run has not made a step yet, so there is nothing to draw.")
    step, epoch = by_step.get("step", np.empty(0)), by_step.get("epoch", np.empty(0))
    per_epoch = steps_per_epoch(step, epoch, evaluations)
    return History(
        name=folder.resolve().name,
        status=read_status(folder / "run.json"),
        epoch=step / (per_epoch or 1),
        loss=by_step.get("loss", np.empty(0)),
        lr=by_step.get("lr", np.empty(0)),
        counts_steps=per_epoch is None,
        evaluations=evaluations,
    )


def read_table(path: Path) -> dict[str, np.ma.MaskedArray]:
    """Column name -> values (rows,) of a CSV file of numbers; no columns when there is no file or no header yet.

    Empty cells are masked: nothing was measured, while a NaN was. So are cells that hold no number.
    """
    if not path.is_file():
        return {}
    complete = path.read_bytes().rpartition(b"\n")[0]
    if not complete:
        return {}
    names = complete.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip().split(",")
    rows = complete.count(b"\n")
    try:
        # The quick way: a million rows a second. It knows no empty cells.
        values = np.empty((0, len(names)))
        if rows:
            values = np.loadtxt(path, delimiter=",", comments=None, skiprows=1, max_rows=rows, ndmin=2)
    except ValueError:
        values = read_slowly(path, complete.decode("utf-8", errors="replace").splitlines())
    if values.shape[1] != len(names):
        raise UserError(
            f"{path}: expected {len(names)} values a line, as in its header. Received: {values.shape[1]}."
        )
    return {name: np.ma.array(values[:, i]) for i, name in enumerate(names)}


def read_slowly(path: Path, lines: list[str]) -> np.ma.MaskedArray:
    """The values (rows, columns), masked where a cell is empty or holds a list, as of a confusion matrix.

    Raises UserError naming the first damaged line.
    """
    rows, empty = [], []
    width = len(lines[0].split(","))
    for number, row in enumerate(csv.reader(lines[1:]), start=2):
        try:
            empty.append([not cell.strip() or cell.startswith("[") for cell in row])
            rows.append([np.nan if none else float(cell) for cell, none in zip(row, empty[-1], strict=True)])
        except ValueError:
            raise UserError(f"{path}:{number}: expected numbers. Received: {','.join(row)!r}.") from None
        if len(row) != width:
            raise UserError(
                f"{path}:{number}: expected {width} values, as in the header. Received: {len(row)}."
            )
    return np.ma.array(rows, mask=empty, dtype=np.float64)


def read_status(path: Path) -> str:
    """`status` in run.json; a picture needs no more of it and no run.json at all."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8")).get("status", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def steps_per_epoch(
    step: np.ndarray, epoch: np.ndarray, evaluations: dict[str, np.ma.MaskedArray]
) -> float | None:
    """From the last evaluation, else from the last epoch that is over; None in the first epoch."""
    done = evaluations["epoch"]
    if len(done) and done[-1] > 0 and "step" in evaluations:
        return float(evaluations["step"][-1] / done[-1])
    ends = np.flatnonzero(np.diff(epoch))
    return float(step[ends[-1]] / epoch[ends[-1]]) if len(ends) else None


def drops(lr: np.ndarray, at_least: float = 0.25) -> np.ndarray:
    """The steps (indices) before which the learning rate fell by a quarter or more.

    Empty for schedules that fall gradually, although the last steps of a cosine may each halve what little is left.
    """
    before, after = lr[:-1], lr[1:]
    falls = after < before * (1 - 1e-9)
    jumps = falls & (after <= before * (1 - at_least))
    return np.flatnonzero(jumps) + 1 if 2 * jumps.sum() >= falls.sum() else np.empty(0, dtype=np.int64)


def thinned(x: np.ndarray, y: np.ndarray, columns: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """At most two points a column of the picture, its lowest and its highest, so that a jagged line stays jagged.

    x (points,) ascending, y (points,) finite. Ends are kept.
    """
    if len(x) <= 2 * columns:
        return x, y
    starts = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], columns, endpoint=False)))
    keep = {0, len(x) - 1}
    for start, end in zip(starts, [*starts[1:], len(x)], strict=True):
        keep |= {start + int(y[start:end].argmin()), start + int(y[start:end].argmax())}
    kept = np.sort(list(keep))
    return x[kept], y[kept]
