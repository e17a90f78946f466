"""Listing: all runs of a folder, and its groups of runs."""

from pathlib import Path

from nntrain.errors import UserError
from nntrain.listing.differences import differences
from nntrain.listing.entry import Entry
from nntrain.listing.find import runs_in
from nntrain.listing.groups import READERS
from nntrain.listing.order import by_start
from nntrain.listing.read import read_run
from nntrain.search.groups import group_of


class NoSuchFolder(UserError):
    """There is no folder of this name."""


def list_runs(folder: Path) -> list[Entry]:
    """The runs and groups of runs in a folder, the newest last; of a group its runs; of a run this one.

    Raises UserError where there is no such folder.
    """
    if not folder.exists():
        raise NoSuchFolder("no such folder", place=str(folder))
    if not folder.is_dir():
        raise UserError("expected a folder of runs. Received: a file", place=str(folder))
    runs = by_start([read_entry(path, name) for name, path in runs_in(folder)])
    for run, differs in zip(runs, differences([run.settings for run in runs]), strict=True):
        run.differences = differs
    return runs


def read_entry(folder: Path, name: str) -> Entry:
    group = group_of(folder)
    return READERS[group](folder, name) if group else read_run(folder, name)
