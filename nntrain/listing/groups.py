"""Groups: a cross-validation or a sweep as one entry of a listing, from crossval.json or sweep.json and its table."""

import csv
import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nntrain import locking
from nntrain.listing.entry import Entry, Kind
from nntrain.listing.find import TRIALS as RUNS_OF_TRIALS
from nntrain.listing.find import folders_in
from nntrain.listing.read import moment, section, whole
from nntrain.run.history import read_info
from nntrain.run.status import ENDED, checked_status, is_trained
from nntrain.search import crossval_files, sweep_files
from nntrain.search.results import HELD_OUT, CrossvalResult


def read_crossval(folder: Path, name: str) -> Entry:
    """The mean scores of its runs on their held-out folds, with their standard deviations."""
    file = folder / crossval_files.FACTS
    facts = read_info(file)
    entry = Entry(name, folder, checked_status(file, facts, lambda: is_trained(folder)), "crossval")
    try:
        members = tuple(crossval_files.member_of(each) for each in facts["members"])
        result = CrossvalResult(name, members, tuple(facts["metrics"]), dict(facts["higher_is_better"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return damaged(entry, file)
    measured = [metric for metric in result.metrics if len(result.measured(metric))]
    entry.scores = {HELD_OUT: {metric: result.mean(metric) for metric in measured}} if measured else {}
    deviations = {metric: result.deviation(metric) for metric in measured}
    entry.deviations = {
        HELD_OUT: {metric: value for metric, value in deviations.items() if not math.isnan(value)}
    }
    entry.monitor = f"{HELD_OUT}_loss"
    entry.higher_is_better = dict(result.higher_is_better)
    entry.members, entry.members_done = len(members), sum(member.status in ENDED for member in members)
    entry.final = entry.is_complete
    entry.seconds = total([member.seconds for member in members])
    entry.settings = section(facts, "config")
    times = [read_info(folder / member.name / "run.json") for member in members]
    entry.started = min(filter(None, (moment(each.get("started")) for each in times)), default=None)
    if entry.is_complete:
        entry.ended = max(filter(None, (moment(each.get("ended")) for each in times)), default=None)
    return entry


def read_sweep(folder: Path, name: str) -> Entry:
    """The score of its best trial."""
    file = folder / sweep_files.FACTS
    facts = read_info(file)
    entry = Entry(name, folder, checked_status(file, facts, lambda: is_worked_on(folder)), "sweep")
    try:
        objective, best = str(facts["objective"]), facts["best"]
        states = {str(state): int(count) for state, count in facts["trials"].items()}
        split, _, metric = objective.partition("_")
        entry.scores = {split: {metric: float(best["value"])}} if best else {}
        entry.higher_is_better = {metric: bool(facts["higher_is_better"])}
    except (KeyError, TypeError, ValueError, AttributeError):
        return damaged(entry, file)
    entry.monitor = objective
    entry.members = max(whole(facts.get("total")) or 0, sum(states.values()))
    entry.members_done = sum(count for state, count in states.items() if state != "running")
    entry.final = entry.is_complete
    rows = table(folder / sweep_files.TRIALS)
    entry.seconds = total([seconds(row) for row in rows])
    entry.started = first_start(folder / RUNS_OF_TRIALS / "0000")
    return entry


def first_start(trial: Path) -> datetime.datetime | None:
    """Of the first trial, or of the first of its folds and seeds."""
    folders = [trial, *folders_in(trial)] if trial.is_dir() else []
    times = (moment(read_info(folder / "run.json").get("started")) for folder in folders)
    return next(filter(None, times), None)


def damaged(entry: Entry, file: Path) -> Entry:
    entry.status, entry.problem = "unknown", f"{file.name} is corrupt"
    return entry


def is_worked_on(folder: Path) -> bool:
    """Whether a process on this machine trains a trial of a sweep: it holds the lock trials/.0007.lock."""
    return any(locking.is_locked(file) for file in (folder / RUNS_OF_TRIALS).glob(".*.lock"))


def table(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return list(csv.DictReader(opened))
    except (OSError, ValueError, csv.Error):
        return []


def seconds(row: dict[str, Any]) -> float | None:
    try:
        return float(row["seconds"])
    except (KeyError, TypeError, ValueError):
        return None


def total(times: list[float | None]) -> float | None:
    """Of the runs that have one; None where none has."""
    known = [time for time in times if time is not None]
    return sum(known) if known else None


READERS: dict[Kind, Callable[[Path, str], Entry]] = {"crossval": read_crossval, "sweep": read_sweep}
