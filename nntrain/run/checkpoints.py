"""Checkpoints: the files of a run's folder `checkpoints`, and the order in which they are written."""

import re
from pathlib import Path

from nntrain.files import link, write_atomic
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import encode


class Checkpoints:
    """best, last, the one before last and, if the config says so, those of the last steps."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.best = folder / "best.safetensors"
        self.last = folder / "last.safetensors"
        self.previous = (
            folder / "previous.safetensors"
        )  # what `last` was before: another file, in case of damage

    def at(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}.safetensors"

    def kept(self) -> dict[int, Path]:
        """Those of steps, by step, the oldest first."""
        named = re.compile(r"step-(\d{8,})\.safetensors")
        found = {path: named.fullmatch(path.name) for path in self.folder.glob("step-*")}
        return dict(sorted((int(match[1]), path) for path, match in found.items() if match))

    def files(self) -> list[Path]:
        return [self.best, self.last, self.previous, *self.kept().values()]

    def save(self, snapshot: Snapshot, best: bool, keep: int) -> None:
        """Writes `last`, and before it whatever it says is there: `best`, and one of the `keep` last steps.

        So a crash at any moment leaves a `last` whose run can be continued to the same files.
        """
        data, kept = encode(snapshot), self.at(step_of(snapshot))
        if best:
            write_atomic(self.best, data)
        if keep:
            write_atomic(kept, data)
        if self.last.exists():
            link(self.last, self.previous)
        if not (keep and link(kept, self.last)):
            write_atomic(self.last, data)
        if keep:
            self.prune(keep)

    def prune(self, keep: int) -> None:
        """Removes those of all steps but the last `keep`."""
        for path in list(self.kept().values())[:-keep]:
            path.unlink(missing_ok=True)

    def restore(self, path: Path, snapshot: Snapshot) -> None:
        """Writes a file anew, from another that holds the same: two names of one file would be damaged together."""
        write_atomic(path, encode(snapshot))

    def cut_back(self, step: int, keep: int | None) -> None:
        """Removes those of later steps than the one from which training continues, and those beyond `keep`."""
        for other, path in self.kept().items():
            if other > step:
                path.unlink(missing_ok=True)
        if keep:
            self.prune(keep)


def step_of(snapshot: Snapshot) -> int:
    return int(snapshot.facts["training"]["step"])
