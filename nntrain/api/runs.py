"""Runs: what a folder of runs holds, and what differs between two of them."""

from pathlib import Path

from nntrain.listing.comparison import Comparison, compare_runs
from nntrain.listing.entry import Entry
from nntrain.listing.find import find_run
from nntrain.listing.listing import list_runs
from nntrain.listing.order import sorted_by


def runs(folder: str | Path = "runs", sort: str | None = None) -> list[Entry]:
    """The runs, cross-validations and sweeps in a folder, the newest last; of one of these groups its members.

    sort: "name", "time", "started", or a score such as "validation_accuracy" or "test_loss": the best first.

    Reads no checkpoint, so it is fast for thousands of runs. Folders that are no runs are left out. Raises UserError.
    """
    found = list_runs(Path(folder))
    return found if sort is None else sorted_by(found, sort)


def diff_runs(a: str | Path, b: str | Path, runs_dir: str | Path = "runs") -> Comparison:
    """What differs between two runs: config, data, versions, scores and checkpoints.

    a, b: run folders, or names of runs in `runs_dir`. Raises UserError.
    """
    return compare_runs(find_run(Path(a), Path(runs_dir)), find_run(Path(b), Path(runs_dir)))
