"""All data: a second run that trains on training and validation samples, for as many epochs as were best in the first one."""

import json
import math
from dataclasses import dataclass
from typing import Any

from nntrain.config.schema import LONGEST_NAME
from nntrain.errors import ConfigError, Problem, UserError
from nntrain.run.folder import RunFolder
from nntrain.run.opening import Existing, Place
from nntrain.run.session import Session
from nntrain.schedules.plateau import ReduceOnPlateau
from nntrain.training.setup import Setup
from nntrain.training.state import TrainingState

WANTED = "on_all_data"  # in run.json of the first run, so that resuming it continues with the second one
OF = "all_data_of"  # in run.json of the second run: which run it belongs to
SUFFIX = "-all-data"


@dataclass(frozen=True)
class Second:
    """A run on all data: what it changes in the config of the first one, where it is kept, and what it says of itself."""

    overrides: tuple[str, ...]
    place: Place | None
    facts: dict[str, Any]
    notes: tuple[str, ...]


def check_can_follow(setup: Setup) -> None:
    """Raises ConfigError where a run has no best number of epochs for another one on all data."""
    if setup.splits.validation is None:
        message = "training on all data needs a validation split, which finds the number of epochs"
        raise ConfigError([Problem(("data",), message, "Add `validation: 0.1` under `data`.")])
    if isinstance(setup.config.schedule, ReduceOnPlateau):
        message = "it follows the validation split, which a run on all data trains on"
        hint = "Use another schedule, such as cosine."
        raise ConfigError([Problem(("schedule", ReduceOnPlateau.yaml_name), message, hint)])


def second_of(first: Session, place: Place | None, wanted: bool) -> Second | None:
    """What follows a run; None: nothing, as neither this start of it nor an earlier one wanted it. Raises UserError."""
    info = first.folder.read_info() if first.folder is not None else {}
    if not (wanted or info.get(WANTED)):
        return None
    name = first.folder.path.name if first.folder is not None else first.setup.config.name or "run"
    epochs = epochs_of(first.trainer.state)
    facts = {OF: {"run": name, "started": info.get("started"), "epochs": epochs}}
    own = name.encode()[: LONGEST_NAME - len(SUFFIX)].decode(errors="ignore") + SUFFIX
    if place is not None:
        place = place_of(place, own, facts)
        own = place.name or own
    overrides = (
        "data.train_on_validation=true",
        f"train.epochs={epochs}",
        f"train.schedule_epochs={first.trainer.state.horizon}",
        "train.early_stopping=null",
        "train.monitor=last",
        f"name={json.dumps(own)}",
    )
    note = f"all data: {epochs:,} epoch{'s' * (epochs != 1)}, as many as were best in {name}"
    return Second(overrides, place, facts, (note,))


def epochs_of(state: TrainingState) -> int:
    """The epochs up to the best evaluation, the last of them to its end. Raises UserError."""
    if state.best is None:
        message = "no evaluation was the best, so the number of epochs for training on all data is unknown"
        raise UserError(message, "Set another `train.monitor`.")
    epoch: float = state.best["epoch"]
    return max(1, math.ceil(epoch))


def place_of(first: Place, name: str, facts: dict[str, Any]) -> Place:
    """The folder of that name, or a free one where another run has it. A run of the same start that was interrupted is continued."""
    if first.existing is Existing.OVERWRITE:
        return Place(first.runs, name, Existing.OVERWRITE)
    found = RunFolder(first.runs / name).read_info().get(OF)
    if found == facts[OF]:
        return Place(first.runs, name, Existing.RESUME)
    if isinstance(found, dict) and found.get("started") == facts[OF]["started"]:
        return Place(first.runs, name, Existing.OVERWRITE)  # the first run was trained further
    number, free = 1, name
    while (first.runs / free).exists():
        number += 1
        free = f"{name}-{number}"
    return Place(first.runs, free)
