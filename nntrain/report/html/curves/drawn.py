"""Drawn runs: what each is called, and how its lines look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.report.formats import SPLITS, split_and_score
from nntrain.report.pictures.training.progress import Progress
from nntrain.run.history import History

# Okabe & Ito 2008, as in the pictures; those that are legible on white and on black.
BLUE, RED, GREEN, SKY, ORANGE, PINK, GREY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#56B4E9",
    "#E69F00",
    "#CC79A7",
    "#888888",
)
SPLIT_COLOURS = dict(zip(SPLITS, (BLUE, RED, GREEN), strict=True))
RUN_COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, GREY)
DASHES = {"train": "dotted", "validation": "solid", "test": "dashed"}  # of several runs
MINI_BATCH, BASELINE, BEST, DROP = "mini-batch", "constant prediction", "best", "learning-rate drop"


@dataclass(frozen=True)
class Drawn:
    """A run whose curves are drawn. `colour` is empty for a single run, where the splits have colours."""

    label: str
    history: History
    colour: str = ""
    key: str = ""  # among the tags of its lines, by which the legend hides them

    def look(self, split: str) -> dict[str, Any]:
        """How the line of a split looks."""
        if not self.colour:
            return {"line_color": SPLIT_COLOURS[split], "line_width": 2}
        return {"line_color": self.colour, "line_width": 2, "line_dash": DASHES[split]}

    def tags(self, kind: str) -> list[str]:
        """What a line is: of this run, and of a split or another kind."""
        return [*filter(None, [self.key]), kind]

    def curve(self, split: str, score: str) -> tuple[np.ndarray, np.ndarray]:
        return self.history.curve(f"{split}_{score}")

    def has(self, split: str, score: str) -> bool:
        return bool(np.isfinite(self.curve(split, score)[1]).any())

    @property
    def progress(self) -> Progress:
        """The epochs of its steps and evaluations."""
        steps = self.history.steps
        return Progress(
            steps.epoch, self.history.evaluations["epoch"].data, "step" if steps.counts_steps else "epoch"
        )


def drawn_runs(labels: Sequence[str], histories: Sequence[History | None]) -> list[Drawn]:
    """The runs that have something to draw; of several, each has a colour."""
    several = len(labels) > 1
    return [
        Drawn(
            label,
            history,
            RUN_COLOURS[i % len(RUN_COLOURS)] if several else "",
            f"run {i}" if several else "",
        )
        for i, (label, history) in enumerate(zip(labels, histories, strict=True))
        if history is not None
    ]


def metrics_of(runs: Sequence[Drawn]) -> list[str]:
    """The names of all metrics in the tables of the runs."""
    found: dict[str, None] = {}
    for run in runs:
        for column in run.history.columns:
            split, name = split_and_score(column)
            score = column.partition("_")[2]
            if split and name != "loss" and run.history.evaluations[column].count():
                found[score] = None
    return list(found)


def by_loss(runs: Sequence[Drawn]) -> list[list[Drawn]]:
    """The runs in groups with the same kind of loss: losses of different kinds cannot share an axis."""
    kinds = dict.fromkeys(run.history.loss_title for run in runs)
    return [[run for run in runs if run.history.loss_title == kind] for kind in kinds]


def baseline_of(runs: Sequence[Drawn]) -> float | None:
    """The loss of the best constant prediction on the split that selects the best epoch; None where the runs differ."""
    found = set()
    for run in runs:
        losses = run.history.baseline
        found |= {
            losses[split] for split in ("validation", "train") if split in losses and split == chosen(run)
        }
    return found.pop() if len(found) == 1 else None


def chosen(run: Drawn) -> str:
    return "validation" if "validation" in run.history.baseline else "train"
