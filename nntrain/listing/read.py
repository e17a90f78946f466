"""Reading: a run folder as an entry of a listing, from its small files alone."""

import datetime
import json
import math
from pathlib import Path
from typing import Any

from nntrain.listing.entry import Entry, Scores
from nntrain.listing.evaluations import Row, last_and_best, last_row
from nntrain.run.history import read_info, recorded_steps
from nntrain.run.settings import Settings, component_name, read_settings
from nntrain.run.status import ENDED, status_of

SPLITS = ("train", "validation", "test")


def read_run(folder: Path, name: str) -> Entry:
    """A run that is finished, going on, half made, or damaged."""
    info, settings = read_info(folder / "run.json"), read_settings(folder)
    problem = "" if info else unreadable(folder / "run.json")
    try:
        last, best = last_and_best(folder / "metrics.csv")
    except ValueError:
        last, best, problem = {}, {}, problem or "metrics.csv is corrupt"
    status = status_of(folder, info)
    final = final_scores(info.get("scores"))
    return Entry(
        name=name,
        path=folder,
        status=status,
        error=first_line(info.get("error")) if status == "failed" else "",
        problem=problem,
        epoch=epochs_done(folder, info, last, status),
        epochs=whole(section(settings, "train").get("epochs")),
        monitor=monitor_of(info, settings, last),
        scores=final or by_split(best),
        final=bool(final),
        best_epoch=best.get("epoch"),
        seconds=last_row(folder / "times.csv").get("seconds"),
        started=moment(info.get("started")),
        ended=moment(info.get("ended")),
        settings=settings,
        higher_is_better=directions(info.get("higher_is_better"), settings),
    )


def unreadable(file: Path) -> str:
    if not file.exists():
        return "run.json is missing"
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        return f"cannot read run.json: {error.strerror}"
    except ValueError:
        pass
    return "run.json is corrupt"


def epochs_done(folder: Path, info: dict[str, Any], last: Row, status: str) -> float | None:
    """Up to the last evaluation, or further where the steps since then are on the disk."""
    evaluated = last.get("epoch")
    per_epoch = recorded_steps(info.get("steps_per_epoch"))
    if per_epoch is None or (status in ENDED and evaluated is not None):
        return evaluated
    stepped = last_row(folder / "steps.csv").get("step", 0.0) / per_epoch
    return max(evaluated or 0.0, stepped)


def monitor_of(info: dict[str, Any], settings: Settings, last: Row) -> str:
    """The monitored column; runs of earlier versions do not record it."""
    chosen = info.get("monitor") or section(settings, "train").get("monitor")
    if isinstance(chosen, str):
        return chosen
    samples = info.get("samples")
    validated = "validation_loss" in last or (isinstance(samples, dict) and "validation" in samples)
    return "validation_loss" if validated else "train_loss"


def final_scores(found: Any) -> Scores:
    """The `scores` of run.json, whatever that is: the numbers, with NaN for null."""
    splits = found.items() if isinstance(found, dict) else ()
    return {
        str(split): {
            str(name): math.nan if value is None else float(value)
            for name, value in values.items()
            if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
        }
        for split, values in splits
        if isinstance(values, dict)
    }


def by_split(row: Row) -> Scores:
    """{"validation": {"loss": 0.1}} for {"validation_loss": 0.1, "lr": 0.01}."""
    found: Scores = {}
    for column, value in row.items():
        split, _, metric = column.partition("_")
        if split in SPLITS and metric:
            found.setdefault(split, {})[metric] = value
    return found


def directions(recorded: Any, settings: Settings) -> dict[str, bool]:
    """Whether a higher value is better, by metric; runs of earlier versions do not record it."""
    if isinstance(recorded, dict):
        return {str(name): bool(higher) for name, higher in recorded.items()}
    metrics = settings.get("metrics")
    names = (
        [component_name({"metric": each}, "metric") for each in metrics] if isinstance(metrics, list) else []
    )
    if not any(names):
        return {"loss": False}
    from nntrain.metrics import Metric  # slow to import, and seldom needed

    known = Metric.members()
    return {"loss": False, **{name: known[name].higher_is_better for name in names if name in known}}


def section(settings: Settings, name: str) -> dict[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(text: Any) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def first_line(error: Any) -> str:
    """What went wrong, without its hint."""
    return str(error or "").strip().split("\n", 1)[0]
