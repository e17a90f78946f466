"""PR: precision against recall as the threshold of a class moves."""

from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import PALE_INK
from nntrain.report.pictures.judging import rankings
from nntrain.report.pictures.judging.predictions import SPLIT_HELP, Split, has_several, is_classifier, named
from nntrain.report.pictures.judging.roc import CLASSES_HELP
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject


class Pr(Picture, name="pr"):
    title = "Precision and recall: how many alarms are right, against how many samples of a class are found, as the threshold moves."
    applies_to = (
        "classifiers (except language models) with samples of several classes in the split that is judged"
    )

    split: Split | None = option(None, SPLIT_HELP)
    classes: tuple[str, ...] = option((), CLASSES_HELP)

    def applies(self, subject: Subject) -> bool:
        return is_classifier(subject) and has_several(subject)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """As `rankings.collect`: x is the recall, y the precision, an area the average precision."""
        return rankings.collect(subject, self.split, self.classes, rankings.Kind(curve, average, point))

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        one = rankings.is_single(arrays)
        area = float(arrays["areas"][0] if one else arrays["mean_area"])
        base = float(arrays["shares"][0] if one else arrays["mean_share"])
        who = f"Average precision of {named(arrays['names'][0])!r}" if one else "Mean average precision"
        guessing = f"guessing would reach {base:.3f}, the share of samples of the class"
        sentence = f"{who} {area:.4f}; {guessing}{rankings.left_out(arrays)}"
        page, axes = rankings.page_of(drawn.name, sentence, arrays)
        axes.set_xlabel("recall: the share of the class that is found")
        axes.set_ylabel("precision: the share of what is taken for the class that belongs to it")
        label = f"{'base rate' if one else 'mean base rate'}: {base:.3f}"
        axes.axhline(base, color=PALE_INK, linewidth=1, linestyle=":", label=label)
        rankings.draw(axes, arrays, "AP", "steps-pre")
        rankings.draw_legend(axes)
        rankings.draw_corner(page, axes, arrays, "steps-pre", at_right=True)
        return page.figure


def curve(positives: np.ndarray, negatives: np.ndarray) -> tuple[rankings.Points, float]:
    """Precision at each recall, and the average precision: their sum, weighted with the increase of recall. By falling score.

    No point is interpolated, as in scikit-learn.
    """
    found = np.cumsum(positives)
    precision, recall = found / (found + np.cumsum(negatives)), found / found[-1]
    increase = np.diff(recall, prepend=0)
    rises = increase > 0  # the other points add nothing
    x, y = recall[rises], precision[rises]
    return rankings.thinned(np.concatenate([[0], x]), np.concatenate([y[:1], y])), float(increase @ precision)


def average(curves: list[rankings.Points]) -> np.ndarray:
    """The mean precision at each recall: of the first point that reaches it."""
    grid = rankings.GRID_POINTS
    return np.mean([y[np.searchsorted(x, grid - 1e-12).clip(0, len(y) - 1)] for x, y in curves], axis=0)


def point(predicted: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    both = (predicted & true).sum()
    return float(both / max(true.sum(), 1)), float(both / predicted.sum()) if predicted.any() else np.nan
