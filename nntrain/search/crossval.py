"""Cross-validation: what is asked for, checked before anything is trained, and the folder that holds its runs."""

import contextlib
import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nntrain.config import Document
from nntrain.config.schema import Config
from nntrain.data.folds.fold import MOST_FOLDS
from nntrain.errors import ConfigError, Problem, UserError
from nntrain.files import temporary_files, write_atomic
from nntrain.run import lock
from nntrain.run.changes import all_changes
from nntrain.run.folder import RunFolder
from nntrain.run.moving import config_folder, places
from nntrain.run.opening import listed
from nntrain.run.session import warnings_of
from nntrain.search.crossval_files import FACTS, SCORES, is_crossval, write_crossval
from nntrain.search.members import Member, Origin, members, result_of
from nntrain.search.results import CrossvalResult, MemberResult
from nntrain.search.sweep_files import read_facts
from nntrain.training.setup import Setup

CONFIG = "config.yaml"
PICTURES = ("crossval.png", "crossval.svg")
LARGEST_SEED = 2**63


class DifferentCrossval(UserError):
    """The folder holds a cross-validation of another config, of other data, or with other folds."""


class NotACrossval(UserError):
    """The path is not the folder of a cross-validation, so nothing in it is overwritten."""


@dataclass(frozen=True)
class Plan:
    """A cross-validation that can be trained, as its first fold showed."""

    origin: Origin
    config: Config  # without a fold
    folds: int
    seeds: int
    group: str | int | None
    hashes: dict[str, str]  # of the splits of the first fold
    notes: tuple[str, ...]  # about its data
    warnings: tuple[str, ...]
    metrics: dict[str, bool]  # beside the loss, those that are one number: whether higher is better

    @classmethod
    def of(cls, origin: Origin, folds: int, seeds: int = 1, group: str | int | None = None) -> "Plan":
        """Raises UserError for what no fold could be trained with; its place is "folds", "seeds" or "group" where these are wrong."""
        for place, value, least, most in (("folds", folds, 2, MOST_FOLDS), ("seeds", seeds, 1, MOST_FOLDS)):
            if not least <= value <= most:
                raise UserError(f"expected a number from {least} to {most:,}. Received: {value}", place=place)
        config, document = origin.checked()
        if config.data.fold is not None:
            problem = Problem(
                ("data", "fold"), "a cross-validation holds out each fold in turn", "Remove `fold`."
            )
            raise document.explain(ConfigError([problem]))
        if config.seed + seeds > LARGEST_SEED:
            raise UserError(f"the last seed, {config.seed + seeds - 1}, is too large", place="seeds")
        setup = _first_fold(origin, members(config.seed, folds, seeds, group)[0])
        notes = tuple(note for note in setup.splits.notes if not note.startswith("classes: "))
        return cls(
            origin,
            config,
            folds,
            seeds,
            group,
            setup.hashes,
            notes,
            tuple(warnings_of(setup, len(setup.batches()))),
            {metric.yaml_name: metric.higher_is_better for metric in setup.config.metrics if metric.scalar},
        )

    @cached_property
    def members(self) -> list[Member]:
        return members(self.config.seed, self.folds, self.seeds, self.group)

    @property
    def name(self) -> str:
        """The default name of its folder."""
        document = self.origin.document
        return f"{document.run or self.config.name or document.name}-crossval"

    def facts(self) -> dict[str, Any]:
        """What crossval.json keeps of it."""
        return {
            "folds": self.folds,
            "seeds": self.seeds,
            "group": self.group,
            "overrides": [*self.origin.document.overrides, *self.origin.overrides],
            "config": self.config.model_dump(mode="json"),
            "data_sha256": self.hashes,
        }

    def differences(self, facts: dict[str, Any]) -> list[str]:
        """How it is not the cross-validation of a crossval.json, as lines."""
        lines = [
            f"{name}: {facts.get(name) or 'nothing'} -> {now or 'nothing'}"
            for name, now in (("folds", self.folds), ("seeds", self.seeds), ("group", self.group))
            if facts.get(name) != now
        ]
        try:
            then = Config.model_validate(facts["config"])
        except (KeyError, ValidationError):
            return [*lines, "config: of another version of nntrain"]
        same_cut = not lines
        lines += all_changes(then, self.config)
        if not lines or (same_cut and all(line.startswith("data.source.") for line in lines)):
            return [] if facts.get("data_sha256") == self.hashes else [*lines, "data: other samples"]
        return lines


def _first_fold(origin: Origin, member: Member) -> Setup:
    """The setup of the first fold. An error of the fold itself has the place "folds" or "group"."""
    try:
        return origin.setup(member.overrides)
    except ConfigError as error:
        first = error.problems[0]
        if any(problem.path[:2] != ("data", "fold") for problem in error.problems):
            raise
        place = "group" if first.path[2:] == ("group",) else "folds"
        raise UserError(first.message, first.hint, place) from None


class CrossvalFolder:
    """The folder of a cross-validation: a run folder for each member, crossval.json and scores.csv."""

    def __init__(self, path: Path, plan: Plan):
        self.path, self.plan = path, plan
        self._places = places(plan.origin.document.folder, RunFolder(path))
        self._ended: dict[str, MemberResult] = {}  # which do not change any more
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "CrossvalFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self, overwrite: bool, clears: tuple[str, ...] = ()) -> None:
        """Makes the folder, or goes on with the one that exists; `overwrite`: without what it holds.

        `clears`: files in run folders, such as pictures, that are removed with a run. Raises UserError: DifferentCrossval,
        NotACrossval, Occupied.
        """
        if is_foreign(self.path):
            message = "not the folder of a cross-validation; nothing in it is overwritten"
            raise NotACrossval(message, "Choose another name.", str(self.path))
        RunFolder(self.path).claim()
        self._stack.enter_context(lock.RunLock(self.path))
        if overwrite:
            self._clear(clears)
        for unfinished in temporary_files(self.path):
            unfinished.unlink(missing_ok=True)
        if is_crossval(self.path) and (different := self.plan.differences(read_facts(self.path / FACTS))):
            message = f"the folder holds another cross-validation{listed(different)}"
            raise DifferentCrossval(message, "Overwrite it, or choose another name.", str(self.path))
        if not (self.path / CONFIG).exists():
            self.write("running")  # first: the folder is then known as ours
            write_atomic(self.path / CONFIG, self.plan.origin.document.raw)

    def _clear(self, clears: tuple[str, ...]) -> None:
        """Removes what an earlier cross-validation wrote, and nothing else."""
        facts = read_facts(self.path / FACTS) if is_crossval(self.path) else {}
        for member in facts.get("members", []):
            folder = self.path / Path(str(member["name"])).name
            RunFolder(folder).clear(clears)
            if folder.is_dir() and not any(
                file.is_file() for file in folder.rglob("*") if file.name != lock.NAME
            ):
                shutil.rmtree(folder)
        for name in (CONFIG, SCORES, *PICTURES, FACTS):  # that by which the folder is known as ours last
            (self.path / name).unlink(missing_ok=True)

    def folder_of(self, member: Member) -> Path:
        return self.path / member.name

    @property
    def is_drawn(self) -> bool:
        return all((self.path / name).is_file() for name in PICTURES)

    def unfinished(self) -> list[Member]:
        """The members that have still to be trained, or trained further."""
        return [member for member in self.plan.members if not RunFolder(self.folder_of(member)).ended]

    def ended(self) -> list[Path]:
        """The folders of the runs that are finished."""
        folders = map(self.folder_of, self.plan.members)
        return [folder for folder in folders if RunFolder(folder).ended]

    def write(self, status: str) -> CrossvalResult:
        """Writes crossval.json and scores.csv as the runs are now; `status` is that of the whole."""
        result = self.result()
        write_crossval(self.path, result, status=status, **self.plan.facts(), **self._places)
        return result

    def result(self) -> CrossvalResult:
        metrics = self.plan.metrics
        return CrossvalResult(
            self.path.name,
            tuple(map(self.result_of, self.plan.members)),
            ("loss", *metrics),
            {"loss": False, **metrics},
        )

    def result_of(self, member: Member) -> MemberResult:
        if member.name in self._ended:
            return self._ended[member.name]
        folder = self.folder_of(member)
        ended = RunFolder(folder).ended  # before it is read: another process can end it meanwhile
        result = result_of(member, folder)
        if ended:
            self._ended[member.name] = result
        return result


def config_in(path: Path) -> Document | None:
    """The config in the folder of a cross-validation, with its overrides; its paths count from where they counted in training."""
    folder = path.parent
    if path.name != CONFIG or not is_crossval(folder):
        return None
    facts = read_facts(folder / FACTS)
    kept: dict[str, Any] = {
        name: facts[name] for name in ("config_folder", "config_folder_from_run") if name in facts
    }
    home = config_folder(RunFolder(folder), kept)
    return replace(Document.read(path), home=home, overrides=tuple(facts.get("overrides", ())))


def is_foreign(path: Path) -> bool:
    """Whether the path is something else: a file, a run, or a folder with other things in it."""
    if not path.is_dir():
        return path.exists()
    # What a crash at the start of one can leave.
    ours = {lock.NAME, SCORES, *(file.name for file in temporary_files(path))}
    return not is_crossval(path) and any(entry.name not in ours for entry in path.iterdir())
