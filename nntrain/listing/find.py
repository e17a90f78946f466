"""Finding: which folders below a folder are runs."""

import os
from pathlib import Path

from nntrain.errors import UserError
from nntrain.run.history import read_info
from nntrain.search.groups import group_of

MARKS = frozenset(("run.json", "config.resolved.yaml", "metrics.csv", "steps.csv", "checkpoints"))
TRIALS = "trials"  # the folder of a sweep's runs
ENOUGH = 2  # of them make a run without a run.json of ours: other tools write files of these names, too


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, by its files. One that cannot be read is none."""
    try:
        found = MARKS.intersection(os.listdir(folder))
    except OSError:
        return False
    if len(found) >= ENOUGH:
        return True
    return "run.json" in found and "status" in read_info(folder / "run.json")


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, by name. A link is followed, unless it leads to another one of them."""
    with os.scandir(folder) as entries:
        found = [(Path(entry.path), entry.is_symlink()) for entry in entries if is_folder(entry)]
    own = (
        {path.resolve() for path, is_link in found if not is_link}
        if any(link for _, link in found)
        else set()
    )
    kept = []
    for path, is_link in sorted(found):
        if is_link:
            target = path.resolve()
            if target in own:
                continue
            own.add(target)
        kept.append(path)
    return kept


def runs_in(folder: Path) -> list[tuple[str, Path]]:
    """The runs and groups of runs in a folder, with their names: of a group its members, of a run itself."""
    if is_run(folder):
        return [(folder.name or folder.resolve().name, folder)]
    group = group_of(folder)
    below = folder / TRIALS if group == "sweep" else folder
    if not below.is_dir():
        return []
    found = []
    for path in folders_in(below):
        if is_run(path) or group_of(path):
            found.append((path.name, path))
        elif group == "sweep":  # a trial of several folds or seeds
            found += [(f"{path.name}/{member.name}", member) for member in folders_in(path) if is_run(member)]
    return found


def is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def find_run(given: Path, runs: Path) -> Path:
    """The folder of a run: the path, or else RUNS/NAME. Raises UserError."""
    for folder in (given, runs / given):
        if is_run(folder):
            return folder
    place = str(given)
    for folder in (given, runs / given):
        if group := group_of(folder):
            kind = "cross-validation" if group == "crossval" else group
            members = runs_in(folder)
            hint = f"Name one of its runs, such as {members[0][1]}." if members else ""
            raise UserError(f"expected a run. Received: a {kind}", hint, place)
    if given.exists():
        raise UserError("expected the folder of a run, such as runs/NAME", place=place)
    from nntrain.options import did_you_mean, with_suggestion  # with it comes pydantic

    names = [folder.name for folder in folders_in(runs) if is_run(folder)] if runs.is_dir() else []
    where = f"no such run folder, and no such run in {runs}"
    raise UserError(with_suggestion(where, did_you_mean(str(given), names)), place=place)
