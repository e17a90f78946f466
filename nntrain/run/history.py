"""History: the tables of a run folder, metrics.csv and steps.csv, as arrays."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.run.settings import Settings, component_name, read_settings

OF_TARGETS: Mapping[Any, str] = {  # by `target_transform`
    "standard": " of the standardized target",
    "log": " of the target's logarithm",
}
LAST = "last"  # in place of a monitored column: see training.monitor, which is slow to import


@dataclass(frozen=True)
class Steps:
    """The rows of steps.csv; `epoch` is the fraction of epochs done after a step, so 0 is the start of training."""

    step: np.ndarray  # (steps,)
    epoch: np.ndarray  # (steps,); step numbers where `counts_steps`
    loss: np.ndarray  # (steps,) of the mini-batch
    lr: np.ndarray  # (steps,)
    counts_steps: bool = False  # the number of steps per epoch is unknown: an old run in its first epoch

    def __len__(self) -> int:
        return len(self.loss)


@dataclass(frozen=True)
class History:
    """The tables of a run. `history["validation_loss"]` is a column of metrics.csv, one value per evaluation."""

    name: str
    status: str  # of run.json; empty where it has none
    baseline: dict[str, float]  # the loss of the best constant prediction on each split; empty where unknown
    steps: Steps
    evaluations: dict[str, np.ma.MaskedArray]  # (evaluations,) by column, masked where the cell is empty
    folder: Path
    scores: dict[
        str, dict[str, float]
    ]  # of the best checkpoint, evaluated on each split; empty before the end
    group_rates: dict[str, float] = field(
        default_factory=dict
    )  # of groups of parameters with another learning rate: multiples of that of all others

    @cached_property
    def settings(self) -> Settings:
        """The resolved config as plain values; empty where there is none."""
        return read_settings(self.folder)

    @property
    def loss_title(self) -> str:
        """ "cross entropy loss", "mse loss of the standardized target"; "loss" where it is unknown."""
        data = self.settings.get("data")
        transform = data.get("target_transform") if isinstance(data, dict) else None
        name = component_name(self.settings, "loss").replace("_", " ")
        return f"{name} loss{OF_TARGETS.get(transform, '')}".strip()

    @property
    def monitor(self) -> str:
        """The column that chooses the best evaluation, or LAST."""
        train = self.settings.get("train")
        chosen = train.get("monitor") if isinstance(train, dict) else None
        if chosen in (*self.evaluations, LAST):
            return str(chosen)
        return "validation_loss" if "validation_loss" in self.evaluations else "train_loss"

    def seconds(self, step: np.ndarray) -> np.ndarray | None:
        """The training time after each of these steps, interpolated between evaluations; None where it was not recorded."""
        times = read_columns(self.folder / "times.csv")
        if not len(times.get("seconds", ())):
            return None
        return np.interp(step, np.append(0, times["step"]), np.append(0, times["seconds"]))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of metrics.csv: step, epoch, lr, train_loss, ..."""
        return tuple(self.evaluations)

    def __len__(self) -> int:
        """How many evaluations there are."""
        return len(self.evaluations["epoch"])

    def __contains__(self, column: object) -> bool:
        return column in self.evaluations

    def __getitem__(self, column: str) -> np.ndarray:
        """The values (evaluations,) of a column of metrics.csv, NaN where its cell is empty. Raises KeyError."""
        if column not in self.evaluations:
            raise KeyError(f"no column {column!r}; there are: {', '.join(self.columns)}")
        return self.evaluations[column].filled(np.nan)

    def curve(self, column: str) -> tuple[np.ndarray, np.ndarray]:
        """The epochs and values of a column where its cells are not empty; both are empty where there is no such column."""
        values = self.evaluations.get(column, np.ma.masked_all(len(self)))
        filled = ~np.ma.getmaskarray(values)
        return self.evaluations["epoch"].data[filled], values.data[filled]

    def value(self, column: str, row: int) -> float | None:
        """One cell of metrics.csv; None where it is empty."""
        value = self.evaluations[column][row] if column in self.evaluations else np.ma.masked
        return None if value is np.ma.masked else float(value)

    @property
    def best(self) -> int | None:
        """The row of the best evaluation so far."""
        rows = np.flatnonzero(self.curve("best")[1] == 1)
        return int(rows[-1]) if len(rows) else None


def has_tables(folder: Path) -> bool:
    """Whether a folder holds metrics.csv or steps.csv of a run."""
    return (folder / "metrics.csv").is_file() or (folder / "steps.csv").is_file()


def read_history(folder: str | Path) -> History:
    """Reads the tables of a run folder, also while training writes them: an incomplete last line is ignored.

    Raises UserError where the folder holds no run, the run has not made a step yet, or a table is corrupt.
    """
    folder = Path(folder)
    if not has_tables(folder):
        raise UserError(
            "expected the folder of a run, with metrics.csv and steps.csv. Received: a folder without them"
            if folder.is_dir()
            else "no such run folder",
            place=str(folder),
        )
    evaluations = read_table(folder / "metrics.csv")
    evaluations.setdefault("epoch", np.ma.empty(0))
    by_step = read_columns(folder / "steps.csv")
    step, epoch, loss, lr = (by_step.get(name, np.empty(0)) for name in ("step", "epoch", "loss", "lr"))
    if not len(evaluations["epoch"]) and not len(step):
        raise UserError("the run has not made a step yet, so there is nothing to draw", place=str(folder))
    info = read_info(folder / "run.json")
    per_epoch = steps_per_epoch(step, epoch, evaluations) or recorded_steps(info.get("steps_per_epoch"))
    return History(
        name=folder.resolve().name,
        status=str(info.get("status", "")),
        baseline=baseline_losses(info.get("baseline")),
        steps=Steps(step, step / (per_epoch or 1), loss, lr, counts_steps=per_epoch is None),
        evaluations=evaluations,
        folder=folder,
        scores=scores_of(info.get("scores")),
        group_rates=rates_of(info.get("group_rates")),
    )


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Values (rows,) of a CSV file of numbers by column name, NaN where a cell is empty. Raises UserError."""
    return {name: column.filled(np.nan) for name, column in read_table(path).items()}


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Rows in memory as arrays (rows,) by column, NaN where a row has no number."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        name: np.array([np.nan if row.get(name) is None else row[name] for row in rows], np.float64)
        for name in names
    }


def read_table(path: Path) -> dict[str, np.ma.MaskedArray]:
    """Values (rows,) of a CSV file of numbers by column name; empty where there is no file or no header yet.

    Empty cells are masked: not measured, unlike NaN. So are cells that hold a list.
    """
    if not path.is_file():
        return {}
    complete = path.read_bytes().rpartition(b"\n")[0]
    if not complete:
        return {}
    names = complete.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip().split(",")
    rows = complete.count(b"\n")
    try:
        # Fast, a million rows per second, but it rejects empty cells.
        values = np.empty((0, len(names)))
        if rows:
            values = np.loadtxt(path, delimiter=",", comments=None, skiprows=1, max_rows=rows, ndmin=2)
    except ValueError:
        values = read_slowly(path, complete.decode("utf-8", errors="replace").splitlines())
    if values.shape[1] != len(names):
        raise UserError(
            f"expected {len(names)} values per line, as in the header. Received: {values.shape[1]}",
            place=str(path),
        )
    return {name: np.ma.array(values[:, i]) for i, name in enumerate(names)}


def read_slowly(path: Path, lines: list[str]) -> np.ma.MaskedArray:
    """The values (rows, columns), masked where a cell is empty or holds a list, such as a confusion matrix.

    Raises UserError at the first corrupt line.
    """
    rows, empty = [], []
    width = len(lines[0].split(","))
    for number, row in enumerate(csv.reader(lines[1:]), start=2):
        place = f"{path}:{number}"
        try:
            empty.append([not cell.strip() or cell.startswith("[") for cell in row])
            rows.append([np.nan if none else float(cell) for cell, none in zip(row, empty[-1], strict=True)])
        except ValueError:
            raise UserError(f"expected numbers. Received: {','.join(row)!r}", place=place) from None
        if len(row) != width:
            raise UserError(f"expected {width} values, as in the header. Received: {len(row)}", place=place)
    return np.ma.array(rows, mask=empty, dtype=np.float64)


def read_info(path: Path) -> dict[str, Any]:
    """run.json; empty where there is none."""
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def baseline_losses(baseline: Any) -> dict[str, float]:
    """{"test": 2.303} from the `baseline` of run.json, whatever that is."""
    scores = baseline.items() if isinstance(baseline, dict) else ()
    losses = {split: values.get("loss") for split, values in scores if isinstance(values, dict)}
    return {split: float(loss) for split, loss in losses.items() if isinstance(loss, (int, float))}


def scores_of(scores: Any) -> dict[str, dict[str, float]]:
    """{"test": {"loss": 0.16, "accuracy": 0.94}} from the `scores` of run.json, whatever that is; numbers only."""
    splits = scores.items() if isinstance(scores, dict) else ()
    return {
        split: {name: float(value) for name, value in values.items() if isinstance(value, (int, float))}
        for split, values in splits
        if isinstance(values, dict)
    }


def rates_of(rates: Any) -> dict[str, float]:
    """{"embedding_*": 0.1} from the `group_rates` of run.json, whatever that is; positive numbers only."""
    found = rates.items() if isinstance(rates, dict) else ()
    return {name: float(rate) for name, rate in found if isinstance(rate, (int, float)) and rate > 0}


def recorded_steps(value: Any) -> float | None:
    """The number of run.json, which runs of earlier versions lack."""
    return float(value) if isinstance(value, int) and value > 0 else None


def steps_per_epoch(
    step: np.ndarray, epoch: np.ndarray, evaluations: dict[str, np.ma.MaskedArray]
) -> float | None:
    """From the last evaluation, else from the last complete epoch; None in the first epoch."""
    done = evaluations["epoch"]
    if len(done) and done[-1] > 0 and "step" in evaluations:
        return float(evaluations["step"][-1] / done[-1])
    ends = np.flatnonzero(np.diff(epoch))
    return float(step[ends[-1]] / epoch[ends[-1]]) if len(ends) else None
