"""Run folders written by hand: what a listing reads of a run, without training one."""

import copy
import json
from pathlib import Path
from typing import Any

from nntrain.config import dump

SETTINGS: dict[str, Any] = {
    "name": "digits",
    "seed": 0,
    "data": {"source": {"digits": {"as": "vector"}}, "validation": 0.1},
    "model": {"layers": [{"dense": {"units": 4}}, {"dense": {"units": 10}}]},
    "loss": {"cross_entropy": {}},
    "metrics": [{"accuracy": {}}],
    "optimizer": {"sgd": {"lr": 0.1, "momentum": 0.9}},
    "train": {"epochs": 4, "monitor": None},
}
INFO: dict[str, Any] = {
    "status": "finished",
    "started": "2026-01-01T10:00:00+00:00",
    "ended": "2026-01-01T10:01:00+00:00",
    "steps_per_epoch": 10,
    "monitor": "validation_loss",
    "higher_is_better": {"loss": False, "accuracy": True},
    "scores": {"validation": {"loss": 0.5, "accuracy": 0.8}, "test": {"loss": 0.6, "accuracy": 0.7}},
}


def write_folder(folder: Path, set: dict[str, Any] | None = None, epochs: int = 4, **info: Any) -> Path:
    """A run of `epochs` epochs, of which the second was the best. set: options, by dotted key; info: facts of run.json, None for none."""
    (folder / "checkpoints").mkdir(parents=True)
    settings = copy.deepcopy(SETTINGS)
    for key, value in (set or {}).items():
        section = settings
        *path, name = key.split(".")
        for part in path:
            section = section[part]
        section[name] = value
    (folder / "config.resolved.yaml").write_text(dump(settings))
    facts = {name: value for name, value in {**INFO, **info}.items() if value is not None}
    (folder / "run.json").write_text(json.dumps(facts))
    rows = [f"{10 * e},{e:.1f},0.1,{1 / e!r},{2 / e!r},0.5,{int(e <= 2)}\n" for e in range(1, epochs + 1)]
    columns = "step,epoch,lr,train_loss,validation_loss,validation_accuracy,best\n"
    (folder / "metrics.csv").write_text(columns + "".join(rows))
    (folder / "times.csv").write_text(
        "step,seconds\n" + "".join(f"{10 * e},{e}.5\n" for e in range(1, epochs + 1))
    )
    return folder
