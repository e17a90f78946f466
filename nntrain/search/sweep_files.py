"""Sweep files: trials.csv, a row for each trial of a sweep, and sweep.json, what the trials have in common."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from nntrain.errors import NntrainError, UserError
from nntrain.files import write_atomic, write_json
from nntrain.search.results import STATES, SweepResult, Trial

FACTS, TRIALS = "sweep.json", "trials.csv"
COLUMNS = ("number", "state", "value", "seconds")  # then one for each parameter


def is_sweep(folder: Path) -> bool:
    return (folder / FACTS).is_file()


def write_sweep(folder: Path, result: SweepResult, **facts: Any) -> None:
    """Writes both files; `facts` are added to sweep.json. Each file is replaced whole, sweep.json last."""
    write_atomic(folder / TRIALS, trials_text(result).encode())
    best = result.best
    write_json(
        folder / FACTS,
        {
            "name": result.name,
            "objective": result.objective,
            "higher_is_better": result.higher_is_better,
            "trials": result.states,
            "best": None
            if best is None
            else {"number": best.number, "value": best.value, "parameters": best.parameters},
            "log_scale": sorted(result.log_scale),
            "importance": result.importance,
            **facts,
        },
    )


def trials_text(result: SweepResult) -> str:
    """The trials as CSV. A parameter is written as in `--set`, such as `1e-3` or `{adam: {lr: 0.1}}`; empty where a trial lacks it."""
    from nntrain.config.scalars import inline  # with it comes pydantic, which `nntrain runs` does without

    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    names = result.parameters
    table.writerow([*COLUMNS, *names])
    for trial in result.trials:
        numbers = ["" if cell is None else repr(float(cell)) for cell in (trial.value, trial.seconds)]
        parameters = [inline(trial.parameters[name]) if name in trial.parameters else "" for name in names]
        table.writerow([trial.number, trial.state, *numbers, *parameters])
    return file.getvalue()


def read_sweep(folder: Path) -> SweepResult:
    """Raises UserError where the files are missing or corrupt."""
    facts = read_facts(folder / FACTS)
    try:
        return SweepResult(
            name=str(facts["name"]),
            objective=str(facts["objective"]),
            higher_is_better=bool(facts["higher_is_better"]),
            trials=tuple(read_trials(folder / TRIALS)),
            log_scale=frozenset(facts.get("log_scale", ())),
            importance={name: float(value) for name, value in facts.get("importance", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError("the file is corrupt", place=str(folder / FACTS)) from None


def read_facts(path: Path) -> dict[str, Any]:
    """A JSON file with an object. Raises UserError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("no such file", place=str(path)) from None
    except ValueError:
        raise UserError("expected JSON. The file is corrupt", place=str(path)) from None
    if not isinstance(found, dict):
        raise UserError("expected a JSON object. The file is corrupt", place=str(path))
    return found


def read_trials(path: Path) -> list[Trial]:
    """The rows of trials.csv. Raises UserError at the first corrupt one."""
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise UserError("no such file", place=str(path)) from None
    if not rows or tuple(rows[0][: len(COLUMNS)]) != COLUMNS:
        raise UserError(f"expected the columns {', '.join(COLUMNS)} first", place=str(path))
    names = rows[0][len(COLUMNS) :]
    return [trial_of(row, names, f"{path}:{line}") for line, row in enumerate(rows[1:], start=2)]


def trial_of(row: list[str], names: list[str], place: str) -> Trial:
    try:
        number, state, value, seconds, *cells = row
        return Trial(
            number=int(number),
            state=STATES[[str(each) for each in STATES].index(state)],
            value=float(value) if value else None,
            parameters={name: value_of(cell) for name, cell in zip(names, cells, strict=True) if cell != ""},
            seconds=float(seconds) if seconds else None,
        )
    except (ValueError, NntrainError):
        raise UserError(f"expected a trial. Received: {','.join(row)!r}", place=place) from None


def value_of(cell: str) -> Any:
    from nntrain.config.composer import compose
    from nntrain.config.place import Text

    node = compose(cell, Text.of("cell", cell, is_file=False))
    return None if node is None else node.tree()
