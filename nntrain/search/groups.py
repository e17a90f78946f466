"""Groups: folders that hold several runs: a cross-validation or a sweep."""

from pathlib import Path
from typing import Literal

from nntrain.search import crossval_files, sweep_files

Group = Literal["crossval", "sweep"]


def group_of(folder: Path) -> Group | None:
    """What a folder holds, by its files; None for a run and for anything else."""
    if sweep_files.is_sweep(folder):
        return "sweep"
    return "crossval" if crossval_files.is_crossval(folder) else None
