"""Stored runs: from a run folder or a checkpoint file back to its config, its data and its network."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from nntrain import plugins
from nntrain.config.schema import Config
from nntrain.config.validate import problems
from nntrain.data.conform import without_samples
from nntrain.data.dataset import Dataset
from nntrain.errors import UserError
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.run.checkpoint import MEASURED, Checkpoint, load_for_use, read
from nntrain.run.folder import RunFolder


@dataclass
class Stored:
    """A checkpoint with its config; relative paths of the config count from `base`."""

    path: Path
    checkpoint: Checkpoint
    config: Config
    base: Path

    @cached_property
    def trained_on(self) -> Dataset:
        """The train part as the checkpoint tells of it, without its samples."""
        measured = {
            name.removeprefix(MEASURED): array
            for name, array in self.checkpoint.tensors.items()
            if name.startswith(MEASURED)
        }
        return without_samples(self.checkpoint.facts["data"], measured)

    def network(self, rows: int) -> Network:
        """The trained network, for scoring and predicting, in batches of at most `rows` samples."""
        model, data = self.config.model, self.trained_on
        graph = build_graph(model.layers, data.input_shape, model.initializer, vocabulary=data.vocabulary)
        network = Network(
            graph,
            rows,
            self.config.train.precision,
            self.config.seed,
            backward=False,
            integer_input=bool(data.vocabulary),
        )
        load_for_use(network, self.checkpoint)
        return network

    @property
    def warnings(self) -> list[str]:
        """What the user should know before results are believed."""
        return [
            f"the plugin {path} is missing, or has changed since the training."
            for path in changed_plugins(self.path.parent.parent)
        ]


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
    raise UserError(
        f"{path}: this folder holds no checkpoint ({run.best.relative_to(path)} or {run.last.name}). "
        "Expected a run folder, such as runs/NAME."
    )


def open_stored(path: Path) -> Stored:
    """Reads a run's best checkpoint, or the given one. Raises UserError."""
    file = find_checkpoint(path)
    checkpoint = read(file)
    try:
        config = Config.model_validate(checkpoint.facts["config"])
    except (ValidationError, KeyError) as error:
        reason = problems(error, Config) if isinstance(error, ValidationError) else "it is missing."
        raise UserError(
            f"{file}: its config does not fit this version of nntrain: {reason}{_forgotten(file)}"
        ) from None
    return Stored(file, checkpoint, config, _config_folder(file))


def changed_plugins(run: Path) -> list[str]:
    """Paths of the plugins that a run was made with and that are not loaded now, or not as they were then."""
    now = {plugin.sha256 for plugin in plugins.loaded.values()}
    return [
        then["path"] for then in RunFolder(run).read_info().get("plugins", []) if then["sha256"] not in now
    ]


def _forgotten(file: Path) -> str:
    """The way out where a checkpoint may name components that come from a plugin."""
    options = " ".join(f"--plugin {shlex.quote(path)}" for path in changed_plugins(file.parent.parent))
    return f"\nThe run was made with a plugin. Give it again: {options}" if options else ""


def _config_folder(file: Path) -> Path:
    """Where the run's config stood, as its run.json says; a checkpoint that stands alone counts from here."""
    folder = RunFolder(file.parent.parent).read_info().get("config_folder")
    return Path(folder) if folder else Path.cwd()
