"""Stored runs: from a run folder or a checkpoint file back to its config, its data and its network."""

from dataclasses import dataclass
from pathlib import Path

from nntrain.config.schema import Config
from nntrain.errors import UserError
from nntrain.training.checkpoint import Checkpoint, read
from nntrain.training.run_folder import RunFolder


@dataclass
class Stored:
    """A checkpoint with its config; relative paths of the config count from `base`."""

    path: Path
    checkpoint: Checkpoint
    config: Config
    base: Path


def find_checkpoint(path: Path) -> Path:
    """The file itself, or a run folder's best checkpoint. Raises UserError."""
    if not path.exists():
        raise UserError(f"{path}: no such run folder or checkpoint.")
    if path.is_file():
        return path
    run = RunFolder(path)
    for candidate in (run.best, run.last):
        if candidate.exists():
            return candidate
    raise UserError(f"{path}: this folder holds no checkpoint ({run.best.relative_to(path)} or {run.last.name}). "
                    "Expected a run folder, such as runs/NAME.")


def open_stored(path: Path) -> Stored:
    """Reads a run's best checkpoint, or the given one. Raises UserError."""
    file = find_checkpoint(path)
    checkpoint = read(file)
    try:
        config = Config.model_validate(checkpoint.facts["config"])
    except (ValueError, KeyError) as error:
        raise UserError(f"{file}: the checkpoint's config does not fit this version of nntrain: {error}") from None
    return Stored(file, checkpoint, config, _config_folder(file))


def _config_folder(file: Path) -> Path:
    """Where the run's config stood, as its run.json says; a checkpoint that stands alone counts from here."""
    folder = RunFolder(file.parent.parent).read_info().get("config_folder")
    return Path(folder) if folder else Path.cwd()
