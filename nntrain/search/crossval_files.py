"""Cross-validation files: crossval.json, everything, and scores.csv, a row for each run."""

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.files import write_atomic, write_json
from nntrain.run.history import read_table
from nntrain.search.results import HELD_OUT, CrossvalResult, MemberResult
from nntrain.search.sweep_files import read_facts

FACTS, SCORES = "crossval.json", "scores.csv"
HISTORY_SPLITS = (HELD_OUT, "validation", "train")  # the first whose loss was measured in training is shown


def is_crossval(folder: Path) -> bool:
    return (folder / FACTS).is_file()


def write_crossval(folder: Path, result: CrossvalResult, **facts: Any) -> None:
    """Writes both files; `facts` are added to crossval.json. Each file is replaced whole, crossval.json last."""
    write_atomic(folder / SCORES, scores_text(result).encode())
    write_json(
        folder / FACTS,
        {
            "name": result.name,
            "metrics": list(result.metrics),
            "higher_is_better": dict(result.higher_is_better),
            "mean": {metric: result.mean(metric) for metric in result.metrics},
            "standard_deviation": {metric: result.deviation(metric) for metric in result.metrics},
            "members": [
                {
                    "name": member.name,
                    "seed": member.seed,
                    "fold": member.fold,
                    "status": member.status,
                    "seconds": member.seconds,
                    "samples": member.counts,
                    "scores": member.scores,
                }
                for member in result.members
            ],
            **facts,
        },
    )


def scores_text(result: CrossvalResult) -> str:
    """The runs as CSV, with a column for each score of each split, such as `test_accuracy`; empty where it is unknown."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    columns = dict.fromkeys(
        (split, metric)
        for member in result.members
        for split, scores in member.scores.items()
        for metric in scores
    )
    table.writerow(
        ["name", "seed", "fold", "status", "seconds", *(f"{split}_{metric}" for split, metric in columns)]
    )
    for member in result.members:
        numbers = [member.seconds, *(member.scores.get(split, {}).get(metric) for split, metric in columns)]
        cells = ["" if number is None else repr(float(number)) for number in numbers]
        table.writerow([member.name, member.seed, member.fold or "", member.status, *cells])
    return file.getvalue()


def read_crossval(folder: Path) -> CrossvalResult:
    """The result, with the losses in training of the runs whose folders are there. Raises UserError where the file is corrupt."""
    facts = read_facts(folder / FACTS)
    try:
        members = tuple(member_of(each) for each in facts["members"])
        split, histories = histories_of(folder, [member.name for member in members])
        return CrossvalResult(
            name=str(facts["name"]),
            members=members,
            metrics=tuple(facts["metrics"]),
            higher_is_better={name: bool(value) for name, value in facts["higher_is_better"].items()},
            histories=histories,
            history_split=split,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError("the file is corrupt", place=str(folder / FACTS)) from None


def member_of(facts: dict[str, Any]) -> MemberResult:
    scores = {
        split: {metric: math.nan if value is None else float(value) for metric, value in values.items()}
        for split, values in facts["scores"].items()
    }
    seconds = facts.get("seconds")
    return MemberResult(
        name=str(facts["name"]),
        seed=int(facts["seed"]),
        fold=None if facts["fold"] is None else int(facts["fold"]),
        status=str(facts["status"]),
        scores=scores,
        seconds=None if seconds is None else float(seconds),
        counts={split: int(number) for split, number in facts.get("samples", {}).items()},
    )


def histories_of(folder: Path, names: list[str]) -> tuple[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Epochs and losses by run, from the runs' metrics.csv, and the split whose losses they are."""
    tables = {name: read_table(folder / name / "metrics.csv") for name in names}
    for split in HISTORY_SPLITS:
        column = f"{split}_loss"
        found = {
            name: (table["epoch"].data[measured], table[column].data[measured])
            for name, table in tables.items()
            if {"epoch", column} <= table.keys() and (measured := ~np.ma.getmaskarray(table[column])).any()
        }
        if found:
            return split, found
    return HELD_OUT, {}
