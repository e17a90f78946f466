"""Comparison: two runs side by side: config, data, versions, scores, and whether they learned the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from nntrain.listing.checkpoint_files import Sameness, compare, parameter_count
from nntrain.listing.config_changes import Change, Side, config_changes
from nntrain.listing.entry import Entry
from nntrain.listing.read import SPLITS, read_run
from nntrain.run.history import read_info

BEST, LAST = "checkpoints/best.safetensors", "checkpoints/last.safetensors"
MACHINE = ("cpu", "cores", "threads", "git")  # facts of run.json


@dataclass(frozen=True)
class SplitChange:
    """A split of the data in two runs."""

    split: str
    a: int | None  # samples
    b: int | None
    same: bool | None  # by the SHA-256 of samples and targets; None where a run does not say


@dataclass(frozen=True)
class ScoreChange:
    """A score of the best checkpoints of two runs."""

    column: str  # "validation_loss"
    a: float | None
    b: float | None
    better: Literal["a", "b", "equal"] | None  # None where they cannot be compared
    same_samples: bool = True  # whether both are of the same samples, as far as the runs say

    @property
    def difference(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class Weights:
    """The checkpoint whose weights a run starts from."""

    checkpoint: str  # its file
    sha256: str


@dataclass(frozen=True)
class Comparison:
    """What differs between the runs `a` and `b`."""

    a: Entry
    b: Entry
    config: list[Change]
    data: list[SplitChange]
    seeds: tuple[int | None, int | None]
    overrides: tuple[list[str], list[str]]
    starts: tuple[Weights | None, Weights | None]  # None: the initial weights of the config
    versions: list[
        Change
    ]  # those that differ: of nntrain, Python, NumPy, Numba, the processor, threads, git commit
    same_versions: dict[str, Any]
    machines_known: tuple[bool, bool]
    scores: list[ScoreChange]
    best: Sameness  # of the best checkpoints
    last: Sameness
    parameters: tuple[int | None, int | None]

    @property
    def same_config(self) -> bool:
        return bool(self.a.settings and self.b.settings) and not self.config

    @property
    def same_data(self) -> bool:
        return bool(self.data) and all(split.same for split in self.data)

    @property
    def same_start(self) -> bool:
        a, b = (start.sha256 if start else None for start in self.starts)
        return a == b

    @property
    def same_result(self) -> bool:
        """The same scores, and checkpoints of the same bytes."""
        return self.a.scores == self.b.scores and self.best == self.last == "same bytes"

    @property
    def identical(self) -> bool:
        return self.same_config and self.same_data and self.same_start and self.same_result

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "identical": self.identical,
            "same_config": self.same_config,
            "same_data": self.same_data,
            "same_result": self.same_result,
            "config": [change.to_dict() for change in self.config],
            "data": [
                {"split": each.split, "a": each.a, "b": each.b, "same": each.same} for each in self.data
            ],
            "seeds": self.seeds,
            "overrides": self.overrides,
            "starts": [asdict(start) if start else None for start in self.starts],
            "versions": [change.to_dict() for change in self.versions],
            "same_versions": self.same_versions,
            "scores": [
                {
                    "column": each.column,
                    "a": each.a,
                    "b": each.b,
                    "difference": each.difference,
                    "better": each.better,
                    "same_samples": each.same_samples,
                }
                for each in self.scores
            ],
            "checkpoints": {"best": self.best, "last": self.last},
            "parameters": self.parameters,
        }


def compare_runs(first: Path, second: Path) -> Comparison:
    """Reads two run folders; of their checkpoints the bytes, but no network."""
    a, b = (read_run(folder, folder.resolve().name) for folder in (first, second))
    infos = [read_info(folder / "run.json") for folder in (first, second)]
    facts = [machine(info) for info in infos]
    known = {name: [fact.get(name, Side.ABSENT) for fact in facts] for fact in facts for name in fact}
    count_a, count_b = (parameter_count(first_of(folder)) for folder in (first, second))
    data = split_changes(*infos)
    return Comparison(
        a,
        b,
        config=config_changes(a.settings, b.settings) if a.settings and b.settings else [],
        data=data,
        seeds=(a.settings.get("seed"), b.settings.get("seed")),
        overrides=(overrides(infos[0]), overrides(infos[1])),
        starts=(start_of(infos[0]), start_of(infos[1])),
        versions=[Change(name, x, y) for name, (x, y) in known.items() if x != y],
        same_versions={name: x for name, (x, y) in known.items() if x == y},
        machines_known=(bool(facts[0]), bool(facts[1])),
        scores=score_changes(a, b, data),
        best=compare(first / BEST, second / BEST),
        last=compare(first / LAST, second / LAST),
        parameters=(count_a, count_b),
    )


def first_of(folder: Path) -> Path:
    """The best checkpoint, or the last one."""
    return folder / (BEST if (folder / BEST).exists() else LAST)


def machine(info: Mapping[str, Any]) -> dict[str, Any]:
    """ "nntrain", "python", ... with their versions, "cpu", "threads", "git", and plugins by their paths."""
    versions = mapping(info.get("versions"))
    plugins = info.get("plugins")
    found = {str(each.get("path")): str(each.get("sha256"))[:12] for each in plugins} if plugins else {}
    return {**versions, **{name: info[name] for name in MACHINE if info.get(name) is not None}, **found}


def overrides(info: Mapping[str, Any]) -> list[str]:
    found = info.get("overrides")
    return [str(each) for each in found] if isinstance(found, list) else []


def start_of(info: Mapping[str, Any]) -> Weights | None:
    found = mapping(info.get("from"))
    return Weights(str(found.get("checkpoint", "")), str(found.get("sha256", ""))) if found else None


def split_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[SplitChange]:
    samples = [mapping(info.get("samples")) for info in (a, b)]
    hashes = [mapping(info.get("data_sha256")) for info in (a, b)]
    found = []
    for split in SPLITS:
        if any(split in each for each in (*samples, *hashes)):
            x, y = (each.get(split) for each in hashes)
            unknown = not (hashes[0] and hashes[1])
            found.append(
                SplitChange(split, samples[0].get(split), samples[1].get(split), None if unknown else x == y)
            )
    return found


def score_changes(a: Entry, b: Entry, data: Sequence[SplitChange]) -> list[ScoreChange]:
    """Of all scores that a run has, split by split. On other samples, none is better."""
    others = {split.split for split in data if split.same is False}
    columns = dict.fromkeys(
        (split, metric) for split in SPLITS for run in (a, b) for metric in run.scores.get(split, {})
    )
    found = []
    for split, metric in columns:
        x, y = (run.scores.get(split, {}).get(metric) for run in (a, b))
        same = split not in others
        higher = {**a.higher_is_better, **b.higher_is_better}.get(metric)
        found.append(ScoreChange(f"{split}_{metric}", x, y, better(x, y, higher) if same else None, same))
    return found


def better(
    a: float | None, b: float | None, higher_is_better: bool | None
) -> Literal["a", "b", "equal"] | None:
    """None where a score is missing, or where nobody knows which is better, as of a plugin's metric in a run of an earlier version."""
    if a is None or b is None or (math.isnan(a) and math.isnan(b)):
        return None
    if a == b:
        return "equal"
    if math.isnan(a) or math.isnan(b):
        return "b" if math.isnan(a) else "a"
    if higher_is_better is None:
        return None
    return "a" if (a > b) == higher_is_better else "b"


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
