"""Stored runs: from a run folder or a checkpoint file back to a trained network."""

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from nntrain import plugins
from nntrain.config.schema import Config
from nntrain.config.validate import problems
from nntrain.errors import UserError
from nntrain.inference.trained import Trained
from nntrain.network.network import Network
from nntrain.network.snapshot import DoesNotFit
from nntrain.run.checkpoint import read
from nntrain.run.folder import RunFolder
from nntrain.run.moving import config_folder
from nntrain.run.recovery import all_whole


@dataclass
class Stored(Trained):
    """A trained network from a file. Relative paths in its config count from `base`."""

    path: Path = Path()
    base: Path = Path()

    @property
    def warnings(self) -> list[str]:
        """What the user should know before trusting results."""
        return [
            f"the plugin {path} is missing or has changed since training"
            for path in changed_plugins(self.path.parent.parent)
        ]

    def network(self, rows: int, input_gradient: bool = False) -> Network:
        try:
            return super().network(rows, input_gradient)
        except DoesNotFit as error:
            error.place = str(self.path)
            raise


def is_stored(path: Path) -> bool:
    """Whether the path is a run folder or a checkpoint, by its name or content, and not a config."""
    if path.is_dir() or path.suffix == ".safetensors":
        return True
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(9)  # of a safetensors file: the length of its header, which is JSON
        return head[8:] == b"{" and 0 < int.from_bytes(head[:8], "little") < path.stat().st_size
    return False


def find_checkpoint(path: Path) -> Path:
    """The file itself, or a run folder's best checkpoint. Raises UserError."""
    if not path.exists():
        raise UserError("no such run folder or checkpoint", place=str(path))
    if path.is_file():
        return path
    run = RunFolder(path)
    for candidate in (run.best, run.last):
        if candidate.exists():
            return candidate
    if not run.info.exists() and (inside := run_inside(path)):
        raise UserError("a folder of runs, not a run", f"Name one of them, such as {inside}.", str(path))
    expected = f"{run.best.relative_to(path)} or {run.last.name}"
    early = "The run ended before its first checkpoint."
    hint = early if run.info.exists() else "Expected a run folder, such as runs/NAME."
    raise UserError(f"this folder holds no checkpoint ({expected})", hint, str(path))


def run_inside(folder: Path) -> Path | None:
    """The first run in a folder of runs, such as that of a cross-validation or a sweep."""
    for pattern in ("*", "trials/*", "trials/*/*"):  # the last: the members of a trial
        if infos := sorted(folder.glob(f"{pattern}/{RunFolder(folder).info.name}")):
            return infos[0].parent
    return None


def open_stored(path: Path) -> Stored:
    """Reads a run's best checkpoint, or the given one. Raises UserError."""
    file = find_checkpoint(path)
    try:
        snapshot = read(file)
    except UserError as error:
        others = [whole for whole in all_whole(RunFolder(path).checkpoints) if path.is_dir()]
        if others:
            latest = max(others, key=lambda whole: whole.step)
            error.hint = f"{latest} is whole: {latest.path}"
        raise
    try:
        config = Config.model_validate(snapshot.facts["config"])
    except (ValidationError, KeyError) as error:
        reason = problems(error, Config) if isinstance(error, ValidationError) else "it is missing"
        message = f"its config does not fit this version of nntrain: {reason}"
        raise UserError(message, _missing_plugins(file), str(file)) from None
    return Stored(config, snapshot, file, config_folder(RunFolder(file.parent.parent)))


def changed_plugins(run: Path) -> list[str]:
    """Paths of the plugins that a run was made with and that are not loaded now, or are not the same file."""
    now = {plugin.sha256 for plugin in plugins.loaded.values()}
    used = RunFolder(run).read_info().get("plugins", [])
    return [then["path"] for then in used if then["sha256"] not in now]


def _missing_plugins(file: Path) -> str:
    """The hint where a checkpoint may name components that come from a plugin."""
    paths = " ".join(map(shlex.quote, changed_plugins(file.parent.parent)))
    return f"The run was made with a plugin. Load it first: {paths}" if paths else ""
