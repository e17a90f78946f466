"""Members: the runs of a cross-validation, or of one trial of a sweep, each trained in a folder of its own."""

import json
import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.config import Document
from nntrain.config.schema import Config
from nntrain.config.validate import checked
from nntrain.data.in_memory import Data
from nntrain.errors import ConfigError
from nntrain.run.folder import RunFolder
from nntrain.run.history import read_columns
from nntrain.run.lock import Occupied
from nntrain.run.opening import Existing, Place
from nntrain.run.session import Session
from nntrain.run.session_observer import SessionObserver
from nntrain.run.start import Start
from nntrain.search.results import MemberResult
from nntrain.training.loop import StopRequest
from nntrain.training.setup import Setup, prepare

MISSING = "missing"  # the status of a member whose run has not started
PATIENCE_S = 20.0  # for a process whose parent was killed to end its step and save


@dataclass(frozen=True)
class Member:
    """One run of a group: what changes in the config, and the name of its folder."""

    name: str  # "seed-0-fold-1", "fold-1" where there is one seed, "seed-0" without folds
    seed: int
    fold: int | None  # counted from 1
    overrides: tuple[str, ...]  # ("seed=0", "data.fold={number: 1, of: 5}")


def members(seed: int, folds: int | None, seeds: int, group: str | int | None = None) -> list[Member]:
    """The runs of `folds` folds for each of the seeds `seed`, `seed` + 1, ...; without folds, one run for each seed."""
    by = "" if group is None else f", group: {json.dumps(group, ensure_ascii=False)}"
    found = []
    for number in range(seed, seed + seeds):
        for fold in range(1, folds + 1) if folds else [None]:
            parts, overrides = [], [f"seed={number}"]
            if seeds > 1 or fold is None:
                parts.append(f"seed-{number}")
            if fold is not None:
                parts.append(f"fold-{fold:0{len(str(folds))}}")
                overrides.append(f"data.fold={{number: {fold}, of: {folds}{by}}}")
            found.append(Member("-".join(parts), number, fold, tuple(overrides)))
    return found


@dataclass(frozen=True)
class Origin:
    """What the runs of a group share: a config, its overrides, and their data and weights where these are not the config's."""

    document: Document
    overrides: tuple[str, ...] = ()
    data: Data | None = None
    start: Start | None = None

    def checked(self, overrides: Sequence[str] = ()) -> tuple[Config, Document]:
        """The config with further overrides, and the document that names the place of every value. Raises UserError."""
        return checked(self.document, (*self.overrides, *overrides))

    def setup(self, overrides: Sequence[str] = ()) -> Setup:
        """The config with further overrides, its data and its graph. Raises UserError, at its place in the config."""
        config, document = self.checked(overrides)
        try:
            loaded = (
                None
                if self.data is None
                else self.data.load_for(config.data, document.folder, config.seed_of_splits)
            )
            return prepare(config, document.folder, loaded=loaded)
        except ConfigError as error:
            raise document.explain(error) from None


def train_member(
    origin: Origin,
    member: Member,
    folder: Path,
    observer: SessionObserver,
    interruption: AbstractContextManager[StopRequest],
    threads: int = 1,
    clears: Sequence[str] = (),
) -> MemberResult:
    """Trains a member's run in `folder` to its end, from where it stopped; of a finished one, it only reads the scores.

    Raises what `Session.train` raises: Interrupted after saving, Diverged, UserError.
    """
    run = RunFolder(folder)
    if not run.ended:
        setup = origin.setup(member.overrides)
        overrides = (*origin.overrides, *member.overrides)
        with Session(setup, origin.document, overrides, threads, origin.start) as session:
            existing = Existing.RESUME if folder.exists() else Existing.REFUSE
            _open(session, Place(folder.parent, folder.name, existing), clears)
            if not session.complete:
                session.train(observer, interruption)
    return result_of(member, folder)


def _open(session: Session, place: Place, clears: Sequence[str]) -> None:
    """Opens the run, after waiting for a process that still saves it. Raises Occupied where that takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return session.open(place, clears)
        except Occupied:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def result_of(member: Member, folder: Path) -> MemberResult:
    """What a member's run has recorded so far."""
    run = RunFolder(folder)
    info = run.read_info()
    seconds = read_columns(run.times.path).get("seconds", np.empty(0))
    return MemberResult(
        member.name,
        member.seed,
        member.fold,
        str(info.get("status", MISSING)),
        scores_of(info.get("scores", {})),
        float(seconds[-1]) if len(seconds) else None,
        info.get("samples", {}),
    )


def scores_of(recorded: dict[str, dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The scores in run.json that are one number, by split and metric; NaN is null there."""
    return {
        split: {
            name: math.nan if value is None else float(value)
            for name, value in scores.items()
            if not isinstance(value, list)
        }
        for split, scores in recorded.items()
    }
