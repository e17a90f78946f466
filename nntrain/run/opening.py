"""Opening a run: which folder it gets, and what a folder that exists means."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from nntrain.config.schema import Config, run_name
from nntrain.config.validate import problems
from nntrain.data.conform.description import describe
from nntrain.errors import UserError
from nntrain.network.snapshot import Snapshot
from nntrain.options import MOST_NAMES
from nntrain.run.changes import changes, data_changes
from nntrain.run.checkpoint import FORMAT
from nntrain.run.folder import RunFolder
from nntrain.run.stored import changed_plugins
from nntrain.training.setup import Setup


class Existing(Enum):
    """What to do with a run folder that exists."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


@dataclass(frozen=True)
class Place:
    """Where a run is kept: in RUNS/NAME, or in the first free folder of the config's name."""

    runs: Path
    name: str | None = None
    existing: Existing = Existing.REFUSE


class RunExists(UserError):
    """The run folder exists, and neither resuming nor overwriting was asked for."""


class NotARun(UserError):
    """The path is not a run folder, so nothing in it is overwritten."""


class NoSuchRun(UserError):
    """There is no run to resume."""


class InvalidName(UserError):
    """The name cannot be the name of a folder."""


class CannotResume(UserError):
    """The config, the data or a plugin changed since the run was started. `remedy`: what to do if not another run."""

    def __init__(self, reason: str, run: str, remedy: str = ""):
        another = (
            "start another run from the weights of this one: set `model.initializer.pretrained` to its path"
        )
        hint = f"{remedy}, or {another}" if remedy else another.capitalize()
        super().__init__(f"cannot resume: {reason}", f"{hint}.", run)
        self.remedy = remedy


def valid_name(name: str) -> str:
    """The name of a folder. Raises InvalidName."""
    try:
        return run_name(name)
    except ValueError as error:
        context = getattr(error, "context", None) or {}
        raise InvalidName(context.get("message", str(error)), context.get("hint", ""), "name") from None


def chosen_folder(runs: Path, name: str | None, config_name: str, existing: Existing) -> RunFolder | None:
    """RUNS/NAME if a name is given, or if the run is to be resumed or overwritten; None: any free name will do.

    Raises UserError if the folder does not suit. Nothing is made yet.
    """
    chosen = valid_name(config_name if name is None else name)
    if name is None and existing is Existing.REFUSE:
        return None
    folder = RunFolder(runs / chosen)
    place = str(folder.path)
    if folder.is_foreign():
        raise NotARun("not a run folder; nothing in it is overwritten", "Choose another name.", place)
    if existing is Existing.RESUME and not folder.path.exists():
        raise NoSuchRun("there is no such run to resume", place=place)
    if existing is Existing.REFUSE and folder.path.exists():
        raise RunExists("this run exists", "Resume it, overwrite it, or choose another name.", place)
    return folder


def check_resumable(setup: Setup, snapshot: Snapshot, folder: RunFolder) -> None:
    """Raises CannotResume unless config, data and plugins give the same numbers as those of the snapshot."""
    place = str(folder.path)
    if snapshot.facts["format"] != FORMAT:
        raise CannotResume("an older version of nntrain started the run", place)
    if plugins := changed_plugins(folder.path):
        raise CannotResume(f"the plugin {plugins[0]} is missing or has changed", place, "Undo the change")
    try:
        then = Config.model_validate(snapshot.facts["config"])
    except ValidationError as error:
        misfits = problems(error, Config)
        raise CannotResume(f"its config does not fit this version of nntrain: {misfits}", place) from None
    if changed := changes(then, setup.config, setup.monitor):
        raise CannotResume("the config has changed" + listed(changed), place, "Undo the change")
    if reason := changed_data(setup, snapshot):
        raise CannotResume(reason + listed(data_changes(then, setup.config)), place, "Undo the change")


def listed(changed: list[str]) -> str:
    """The lines of a list of changes below its title, at most eight."""
    lines = changed[:MOST_NAMES]
    if len(changed) > MOST_NAMES:
        lines.append(f"and {len(changed) - MOST_NAMES} more")
    return "".join(f"\n  {line}" for line in lines)


def changed_data(setup: Setup, snapshot: Snapshot) -> str:
    """How the data are not those of the snapshot; empty if they are the same."""
    then, now = snapshot.facts["data"]["sha256"], setup.hashes
    if changed := [name for name in now | then if then.get(name) != now.get(name)]:
        return f"the {' and '.join(changed)} split{'s have' if len(changed) > 1 else ' has'} other samples"
    described = json.loads(json.dumps(describe(setup.splits.train)))
    stored, statistics = snapshot.facts["data"], setup.splits.train.statistics
    same = (
        all(stored[key] == value for key, value in described.items() if key in stored)
        and snapshot.statistics().keys() == statistics.keys()
        and all(np.array_equal(array, statistics[name]) for name, array in snapshot.statistics().items())
    )
    return "" if same else "the training split has other statistics or names"
