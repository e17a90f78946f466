"""Runs: what a folder of runs holds."""

from pathlib import Path

from nntrain.listing.entry import Entry
from nntrain.listing.listing import list_runs
from nntrain.listing.order import sorted_by


def runs(folder: str | Path = "runs", sort: str | None = None) -> list[Entry]:
    """The runs, cross-validations and sweeps in a folder, the newest last; of one of these groups its members.

    sort: "name", "time", "started", or a score such as "validation_accuracy" or "test_loss": the best first.

    Reads no checkpoint, so it is fast for thousands of runs. Folders that are no runs are left out. Raises UserError.
    """
    found = list_runs(Path(folder))
    return found if sort is None else sorted_by(found, sort)
