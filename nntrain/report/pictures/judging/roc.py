"""ROC: the true positive rate against the false positive rate as the threshold of a class moves."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.pictures.drawing.canvas import PALE_INK
from nntrain.report.pictures.judging import rankings
from nntrain.report.pictures.judging.predictions import (
    SPLIT_HELP,
    Split,
    has_several,
    is_classifier,
    named,
    share,
)
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

CLASSES_HELP = (
    "The classes whose curves are drawn, with commas between. By default the second of two, all of up to "
    f"{rankings.ALL}, or the {rankings.WORST} worst."
)


class Roc(Picture, name="roc"):
    title = "ROC: how many samples of a class are found, against false alarms, as the threshold moves."
    applies_to = (
        "classifiers (except language models) with samples of several classes in the split that is judged"
    )

    split: Split | None = option(None, SPLIT_HELP)
    classes: tuple[str, ...] = option((), CLASSES_HELP)

    def applies(self, subject: Subject) -> bool:
        return is_classifier(subject) and has_several(subject)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """As `rankings.collect`: x is the false positive rate, y the true positive rate, an area the AUC."""
        return rankings.collect(subject, self.split, self.classes, rankings.Kind(curve, average, point))

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        page, axes = rankings.page_of(drawn.name, sentence_of(arrays), arrays)
        axes.set_xlabel("false positive rate: the share of the others that are taken for the class")
        axes.set_ylabel("true positive rate: the share of the class that is found")
        axes.plot([0, 1], [0, 1], color=PALE_INK, linewidth=1, linestyle=":", label="chance: AUC 0.500")
        rankings.draw(axes, arrays, "AUC", "default")
        rankings.draw_legend(axes)
        rankings.draw_corner(page, axes, arrays, "default", at_right=False)
        return page.figure


def sentence_of(arrays: Mapping[str, np.ndarray]) -> str:
    if rankings.is_single(arrays):
        area, name = float(arrays["areas"][0]), named(arrays["names"][0])
        return f"AUC {area:.4f}: in {share(area)} of the pairs, a sample of {name!r} scores higher than one of another class"
    area = float(arrays["mean_area"])
    pairs = (
        f"in {share(area)} of the pairs, a sample of a class scores higher for it than one of another class"
    )
    return f"Mean AUC {area:.4f}: {pairs}{rankings.left_out(arrays)}"


def curve(positives: np.ndarray, negatives: np.ndarray) -> tuple[rankings.Points, float]:
    """The curve from (0, 0) to (1, 1), and the area under it. positives, negatives: by falling score."""
    from nntrain.metrics.ranking import area_of_counts

    x = np.concatenate([[0], np.cumsum(negatives) / negatives.sum()])
    y = np.concatenate([[0], np.cumsum(positives) / positives.sum()])
    return rankings.thinned(x, y), area_of_counts(positives[::-1], negatives[::-1])


def average(curves: list[rankings.Points]) -> np.ndarray:
    """The mean true positive rate at each false positive rate."""
    # Of points one above the other, interpolation takes the last.
    return np.mean([np.interp(rankings.GRID_POINTS, x, y) for x, y in curves], axis=0)


def point(predicted: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    return float((predicted & ~true).sum() / max((~true).sum(), 1)), float(
        (predicted & true).sum() / max(true.sum(), 1)
    )
