"""Moving: where the paths of a run's config begin, also after the run was moved or copied with its project."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nntrain.config import Document
from nntrain.errors import UserError
from nntrain.run.folder import RunFolder


def places(folder: Path, run: RunFolder) -> dict[str, str]:
    """What run.json keeps of the folder from which the config's paths count."""
    there, here = folder.resolve(), run.path.resolve()
    try:
        relative = {"config_folder_from_run": Path(os.path.relpath(there, here)).as_posix()}
    except ValueError:  # another drive
        relative = {}
    return {"config_folder": str(there), **relative}


def config_folder(run: RunFolder, info: dict[str, Any] | None = None) -> Path:
    """The folder from which the paths of a run's config count; without run.json, the current one.

    info: what another file than run.json keeps of `places`.

    It is where it was, seen from the run, so that a project can be moved or copied. Only if less of the data (or of
    the config, for data without files) is there than at the absolute place, the run was moved alone.
    """
    info = run.read_info() if info is None else info
    if "config_folder" not in info:
        return Path.cwd()
    then = Path(info["config_folder"])
    if "config_folder_from_run" not in info:
        return then
    now = Path(os.path.normpath(run.path.resolve() / info["config_folder_from_run"]))
    for names in (list(texts(data_section(run))), [Path(info.get("config") or "").name]):
        here, there = (sum(os.path.exists(folder / name) for name in names if name) for folder in (now, then))
        if here or there:
            return now if here >= there else then
    return now


def data_section(run: RunFolder) -> Any:
    try:
        config = run.resolved if run.resolved.exists() else run.config
        return Document.read(config).tree.get("data")
    except UserError:
        return None


def texts(tree: Any) -> Iterator[str]:
    """The texts in a tree of mappings and lists, such as paths."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, (dict, list)):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(value)
