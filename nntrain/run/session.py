"""Fit: opens a run folder for a config, new or to go on with, and says in it what the run was made of."""

import datetime
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from nntrain.config import Document, dump
from nntrain.config.schema import run_name
from nntrain.errors import UserError
from nntrain.run.checkpoint import Checkpoint, read, write_atomic
from nntrain.run.folder import RunFolder, environment, find_free
from nntrain.run.pretrained import apply_pretrained
from nntrain.run.stored import changed_plugins
from nntrain.training.loop import Trainer
from nntrain.training.setup import Setup


class Existing(Enum):
    """What to do with a run folder that exists."""

    REFUSE = "refuse"
    RESUME = "resume"
    OVERWRITE = "overwrite"


def choose_folder(runs: Path, name: str | None, config_name: str, existing: Existing) -> RunFolder:
    """RUNS/NAME exactly where a name is given; else the config's name or its first free NAME-2, NAME-3 ..."""
    try:
        chosen = run_name(config_name if name is None else name)
    except ValueError as error:
        raise UserError(f"{'--name' if name is not None else 'name'}: {error}") from None
    if name is None and existing is Existing.REFUSE:
        return find_free(runs, chosen)
    folder = RunFolder(runs / chosen)
    if folder.is_foreign():
        raise UserError(
            f"{folder.path}: this is not a run, and nothing in it will be overwritten. Give another --name."
        )
    if existing is Existing.RESUME and not folder.path.exists():
        raise UserError(f"{folder.path}: there is no such run to resume. Leave out --resume to start it.")
    if existing is Existing.REFUSE and folder.path.exists():
        raise UserError(
            f"{folder.path}: this run exists. Go on with it by --resume, replace it by --overwrite, "
            "or give another --name."
        )
    return folder


def open_run(
    setup: Setup,
    folder: RunFolder,
    existing: Existing,
    source: Document,
    overrides: tuple[str, ...],
    threads: int,
    pictures: Iterable[str] = (),
) -> Trainer:
    """A trainer that stands at the start, or at the run's last checkpoint. The folder is touched only once all is right."""
    file = Path(source.file).resolve()
    told = {
        "status": "running",
        "config": str(file),
        "config_folder": str(file.parent),
        "overrides": list(overrides),
    }
    checkpoint = None
    if existing is Existing.RESUME and folder.last.exists():
        checkpoint = read(folder.last)
        check_same_run(setup, checkpoint, folder)
        if changed := changed_plugins(folder.path):
            raise UserError(
                f"{folder.path}: cannot resume, {changed[0]} is not what it was. Start another run with --name."
            )
    trainer = Trainer(setup, folder)
    if checkpoint is not None:
        trainer.restore(checkpoint)
        if trainer.finished:
            return trainer
        folder.cut_back(trainer.state.step)
        resumed = folder.read_info().get("resumed_from_steps", [])
        folder.write_info(**told, resumed_from_steps=[*resumed, trainer.state.step])
    else:
        trainer.notes = apply_pretrained(setup.graph, trainer.network, source.folder)
        folder.create()
        folder.clear(pictures)
        folder.write_info(
            **told,
            started=now(),
            seed=setup.config.seed,
            data_sha256=setup.hashes,
            resumed_from_steps=[],
            **environment(threads),
        )
        folder.write_split(setup.indices)
    write_atomic(folder.config, source.raw)
    write_atomic(folder.resolved, dump(setup.config.model_dump(mode="json")).encode())
    return trainer


def check_same_run(setup: Setup, checkpoint: Checkpoint, folder: RunFolder) -> None:
    """Raises UserError unless config and data are those of the checkpoint; more epochs are welcome."""
    then, now_ = (
        flattened(config) for config in (checkpoint.facts["config"], setup.config.model_dump(mode="json"))
    )
    changed = sorted(
        key
        for key in then.keys() | now_.keys()
        if then.get(key) != now_.get(key) and key not in ("train.epochs", "name")
    )
    if changed:
        raise UserError(
            f"{folder.path}: cannot resume, the config has changed in: {', '.join(changed)}. "
            "Undo the change, or start another run with --name."
        )
    if checkpoint.facts["data"]["sha256"] != setup.hashes:
        raise UserError(
            f"{folder.path}: cannot resume, the data have changed. Start another run with --name."
        )


def flattened(tree: object, prefix: str = "") -> dict[str, object]:
    """{"a": {"b": [1]}} -> {"a.b[0]": 1}."""
    if isinstance(tree, dict) and tree:
        items = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in tree.items()]
    elif isinstance(tree, (list, tuple)) and tree:
        items = [(f"{prefix}[{index}]", value) for index, value in enumerate(tree)]
    else:
        return {prefix: tree}
    return {key: leaf for name, value in items for key, leaf in flattened(value, name).items()}


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
