"""Opening a run: which folder it gets, and what a folder that exists means."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from nntrain.config.schema import run_name
from nntrain.errors import UserError
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import FORMAT
from nntrain.run.folder import RunFolder
from nntrain.run.stored import changed_plugins
from nntrain.training.setup import Setup


class Existing(Enum):
    """What to do with a run folder that exists."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


class RunExists(UserError):
    """The run folder exists, and neither resuming nor overwriting was asked for."""


class NotARun(UserError):
    """The path is not a run folder, so nothing in it is overwritten."""


class NoSuchRun(UserError):
    """There is no run to resume."""


class InvalidName(UserError):
    """The name cannot be the name of a folder."""


class CannotResume(UserError):
    """The config, the data or a plugin changed since the run was started."""


def chosen_folder(runs: Path, name: str | None, config_name: str, existing: Existing) -> RunFolder | None:
    """RUNS/NAME if a name is given, or if the run is to be resumed or overwritten; None: any free name will do.

    Raises UserError if the folder does not suit. Nothing is made yet.
    """
    try:
        chosen = run_name(config_name if name is None else name)
    except ValueError as error:
        context = getattr(error, "context", None) or {}
        raise InvalidName(context.get("message", str(error)), context.get("hint", ""), "name") from None
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
    """Raises CannotResume unless config, data and plugins are those of the snapshot; more epochs are allowed."""
    if snapshot.facts["format"] != FORMAT:
        _refuse(folder, "an older version of nntrain started the run", "Start another run.")
    then = flattened(snapshot.facts["config"])
    now = flattened(setup.config.model_dump(mode="json"))
    changed = [
        key
        for key in sorted(then.keys() | now.keys())
        if then.get(key) != now.get(key) and key not in ("train.epochs", "name")
    ]
    if changed:
        _refuse(
            folder,
            f"the config has changed in: {', '.join(changed)}",
            "Undo the change, or start another run.",
        )
    if snapshot.facts["data"]["sha256"] != setup.hashes:
        _refuse(folder, "the data have changed", "Start another run.")
    if plugins := changed_plugins(folder.path):
        _refuse(folder, f"the plugin {plugins[0]} is missing or has changed", "Start another run.")


def _refuse(folder: RunFolder, reason: str, hint: str) -> None:
    raise CannotResume(f"cannot resume: {reason}", hint, str(folder.path))


def flattened(tree: object, prefix: str = "") -> dict[str, object]:
    """{"a": {"b": [1]}} -> {"a.b[0]": 1}."""
    items: Iterable[tuple[str, object]]
    if isinstance(tree, dict) and tree:
        items = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in tree.items()]
    elif isinstance(tree, (list, tuple)) and tree:
        items = [(f"{prefix}[{index}]", value) for index, value in enumerate(tree)]
    else:
        return {prefix: tree}
    return {key: leaf for name, value in items for key, leaf in flattened(value, name).items()}
