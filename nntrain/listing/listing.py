"""Listing: all runs of a folder."""

from pathlib import Path

from nntrain.errors import UserError
from nntrain.listing.differences import differences
from nntrain.listing.entry import Entry
from nntrain.listing.find import folders_in, is_run
from nntrain.listing.order import by_start
from nntrain.listing.read import read_run


class NoSuchFolder(UserError):
    """There is no folder of this name."""


def list_runs(folder: Path) -> list[Entry]:
    """The runs in a folder, the newest last; of a folder that is itself a run, this one.

    Raises UserError where there is no such folder.
    """
    if not folder.exists():
        raise NoSuchFolder("no such folder", place=str(folder))
    if not folder.is_dir():
        raise UserError("expected a folder of runs. Received: a file", place=str(folder))
    folders = [folder] if is_run(folder) else [path for path in folders_in(folder) if is_run(path)]
    runs = by_start([read_run(path, path.name or path.resolve().name) for path in folders])
    for run, differs in zip(runs, differences([run.settings for run in runs]), strict=True):
        run.differences = differs
    return runs
