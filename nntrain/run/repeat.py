"""Repeating: a run folder in place of a config trains its config again, with its overrides and its start."""

import shlex
from dataclasses import replace
from pathlib import Path

from nntrain.config import Document
from nntrain.errors import UserError
from nntrain.run.folder import RunFolder
from nntrain.run.moving import config_folder
from nntrain.run.start import Start
from nntrain.run.stored import changed_plugins


def run_of(path: Path) -> RunFolder | None:
    """The run that a path names, by its folder or by a config in it; None for any other path."""
    for folder in (path, path.parent):
        run = RunFolder(folder)
        if path in (run.path, run.config, run.resolved) and run.info.is_file():
            return run
    return None


def config_of(run: RunFolder, path: Path) -> Document:
    """The config of a run with its overrides; its paths count from where they counted in training.

    Raises UserError if a plugin of the run is not loaded.
    """
    if missing := changed_plugins(run.path):
        hint = f"Load it first: {' '.join(map(shlex.quote, missing))}"
        raise UserError("the run was made with a plugin that is not loaded", hint, str(run.path))
    document = Document.read(run.resolved if path == run.resolved else run.config)
    if (
        "extends" in document.root.value
    ):  # a file that may have changed since, and is part of the resolved config
        document = Document.read(run.resolved)
    info = run.read_info()
    overrides = tuple(info.get("overrides", ())) if document.file == str(run.config) else ()
    return replace(document, home=config_folder(run), run=run.path.resolve().name, overrides=overrides)


def start_of(path: Path) -> Start | None:
    """The checkpoint from which a run started whose config is repeated."""
    run = run_of(path)
    return Start.recorded(run.read_info()) if run is not None else None
