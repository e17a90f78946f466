"""Recovery: what a run can be continued from, where files of it may be damaged. All that its end needs is read first."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nntrain.errors import UserError
from nntrain.network.snapshot import Snapshot
from nntrain.run.checkpoint import read
from nntrain.run.checkpoints import Checkpoints, step_of


class DamagedBest(UserError):
    """The best checkpoint is damaged, and no other file holds it."""


@dataclass(frozen=True)
class Whole:
    """A checkpoint that was read."""

    path: Path
    snapshot: Snapshot

    @property
    def step(self) -> int:
        return step_of(self.snapshot)

    def __str__(self) -> str:
        return f"{self.path.name} of step {self.step:,}"


@dataclass(frozen=True)
class Recovery:
    """The checkpoint to continue from, and the one that takes the place of a damaged or missing best checkpoint."""

    latest: Whole
    best: Whole | None = None
    warnings: tuple[str, ...] = ()

    def restore(self, checkpoints: Checkpoints) -> None:
        """Writes the files that are damaged."""
        if self.latest.path != checkpoints.last:
            checkpoints.restore(checkpoints.last, self.latest.snapshot)
        if self.best is not None:
            checkpoints.restore(checkpoints.best, self.best.snapshot)


def recover(checkpoints: Checkpoints) -> Recovery | None:
    """None where there is no checkpoint. Nothing is changed yet.

    Raises UserError where none is whole, or where the best one is damaged and cannot be replaced.
    """
    if not any(path.exists() for path in checkpoints.files()):
        return None
    try:
        found = Recovery(Whole(checkpoints.last, read(checkpoints.last)))
    except UserError as damage:
        latest = max(all_whole(checkpoints), key=lambda whole: whole.step, default=None)
        if latest is None:
            raise
        warning = f"{checkpoints.last}: {damage.message}; the run continues from {latest}"
        found = Recovery(latest, warnings=(warning,))
    return with_best(checkpoints, found)


def with_best(checkpoints: Checkpoints, found: Recovery) -> Recovery:
    """The same, with a replacement for a best checkpoint that is not whole."""
    facts, path = found.latest.snapshot.facts, checkpoints.best
    row = facts["training"]["best"]
    if row is None or not (damage := problem(path)):
        return found
    same = next((whole for whole in all_whole(checkpoints) if whole.step == row["step"]), None)
    if same is not None:
        warning = f"{path}: {damage.message}; replaced by {same}"
        return replace(found, best=same, warnings=(*found.warnings, warning))
    if path.exists():
        raise DamagedBest(
            f"{damage.message}. {found.latest} is whole",
            "Restore the file from a copy. Or delete it: then the next evaluation counts as the best.",
            str(path),
        )
    warning = f"{path}: missing; {found.latest} takes its place, and the next evaluation counts as the best"
    snapshot = replace(
        found.latest.snapshot, facts={**facts, "training": {**facts["training"], "best": None}}
    )
    latest = replace(found.latest, snapshot=snapshot)
    return Recovery(latest, found.latest, (*found.warnings, warning))


def problem(path: Path) -> UserError | None:
    """What is wrong with a checkpoint; None where it is whole."""
    try:
        read(path)
    except UserError as error:
        return error
    return None


def all_whole(checkpoints: Checkpoints) -> Iterator[Whole]:
    """The checkpoints that can be read, one after the other: they may be large."""
    for path in checkpoints.files():
        with contextlib.suppress(UserError):
            yield Whole(path, read(path))
