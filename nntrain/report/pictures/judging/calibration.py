"""Calibration: how often predictions are right, against how sure the network is of them."""

from typing import Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.formats import count
from nntrain.report.pictures.drawing.canvas import BLUE, INK, ORANGE, PALE_INK, RED, SKY
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.judging.predictions import (
    SPLIT_HELP,
    Judged,
    Split,
    judged,
    kind_of,
    named,
    share,
)
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

LEFT, SIDE, GAP, BARS = 0.85, 5.0, 0.5, 1.5  # inches
Z = 1.959964  # of a normal distribution: 95% are within


class Calibration(Picture, name="calibration"):
    title = "How often predictions are right, against how sure the network is: a reliability diagram."
    applies_to = "classifiers whose loss trains probabilities (such as cross_entropy)"

    split: Split | None = option(None, SPLIT_HELP)
    bins: int = option(15, "The number of bins of equal width.")

    def applies(self, subject: Subject) -> bool:
        return kind_of(subject) in ("classes", "labels") and subject.setup.config.loss.probabilistic

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """counts, confidence, accuracy (bins,): the number of predictions, the mean of their probabilities, the share that is true;
        NaN in empty bins. error, the expected calibration error; brier; means (2,) of both; positive, the class whose probability it
        is, else empty; about.

        Source: Guo et al. 2017, On calibration of modern neural networks, eq. 3; Brier 1950.
        """
        if self.bins < 1:
            raise UserError(f"expected at least 1 bin. Received: {self.bins}", place="plot calibration")
        rows = judged(subject, self.split)
        probability, true, positive = events(rows)
        place = np.clip(np.ceil(probability * self.bins).astype(int) - 1, 0, self.bins - 1)
        counts = np.bincount(place, minlength=self.bins)
        known = np.where(counts > 0, counts, np.nan)
        confidence = np.bincount(place, probability, self.bins) / known
        accuracy = np.bincount(place, true, self.bins) / known
        gaps = np.nan_to_num(np.abs(accuracy - confidence))
        return {
            "counts": counts,
            "confidence": confidence,
            "accuracy": accuracy,
            "error": np.array(counts @ gaps / counts.sum()),
            "brier": np.array(brier(rows)),
            "means": np.array([probability.mean(), true.mean()]),
            "positive": np.array(positive),
            "labels": np.array(rows.kind == "labels"),
            "about": np.array(rows.about),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        page = Page(
            drawn.name,
            sentence_of(arrays),
            [[str(arrays["about"])]],
            below=SIDE + GAP + BARS + 0.55,
            width=LEFT + SIDE + 2.75,
        )
        axes = page.axes(LEFT, 0.05, SIDE, SIDE)
        draw_diagram(axes, arrays)
        below = page.axes(LEFT, SIDE + GAP, SIDE, BARS)
        draw_counts(below, arrays)
        probability, share, _, _ = words_of(arrays)
        below.set_xlabel(probability, parse_math=False)
        axes.set_ylabel(share, parse_math=False)
        return page.figure


def events(rows: Judged) -> tuple[np.ndarray, np.ndarray, str]:
    """(events,) each: a probability, and whether what it is of is true; and the name of the class, where it is always the same.

    Of several classes, the predicted one; of two, the second; of labels, all of them.
    """
    probabilities = rows.probabilities
    if rows.kind == "labels":
        return probabilities.ravel(), rows.true.ravel().astype(float), ""
    if probabilities.shape[1] == 2:
        return probabilities[:, 1], (rows.true == 1).astype(float), str(rows.names[1])
    number = np.arange(len(rows))
    return probabilities[number, rows.predicted], (rows.true == rows.predicted).astype(float), ""


def brier(rows: Judged) -> float:
    """The mean squared distance of the probabilities from 0 and 1: of the second of two classes, else summed over classes."""
    probabilities = rows.probabilities
    if rows.kind == "labels":
        return float(((probabilities - rows.true) ** 2).mean())
    if probabilities.shape[1] == 2:
        return float(((probabilities[:, 1] - rows.true) ** 2).mean())
    distance = (probabilities**2).sum(axis=1) - 2 * probabilities[np.arange(len(rows)), rows.true] + 1
    return float(distance.mean())


def words_of(arrays: Any) -> tuple[str, str, str, str]:
    """What the axes show, a probability and how often it comes true, and what the means of both are called."""
    if arrays["labels"]:
        return (
            "the probability of a label",
            "the share that is true",
            "mean probability",
            "share that is true",
        )
    if arrays["positive"]:
        name = named(arrays["positive"])
        return f"the probability of {name!r}", f"the share that is {name!r}", "mean probability", "share"
    return (
        "the probability of the predicted class",
        "the share that is correct",
        "mean confidence",
        "accuracy",
    )


def sentence_of(arrays: Any) -> str:
    probability, accuracy = map(float, arrays["means"])
    error = f"On average, probabilities differ by {100 * float(arrays['error']):.1f} percentage points from how often they come true"
    if arrays["labels"]:
        return f"{error}: the mean probability of a label is {share(probability)}, {share(accuracy)} are true"
    if arrays["positive"]:
        return f"{error}: the mean probability of {named(arrays['positive'])!r} is {share(probability)}, its share {share(accuracy)}"
    sure = "overconfident" if probability > accuracy else "underconfident"
    if abs(probability - accuracy) < 0.01:
        return f"{error}: the network is as sure as it is right, {share(probability)} and {share(accuracy)}"
    return f"{error}: the network is {sure}, {share(probability)} sure and {share(accuracy)} right"


def draw_diagram(axes: Any, arrays: Any) -> None:
    """A point for each bin, its distance from the diagonal, and the interval that chance explains."""
    counts, confidence, accuracy = arrays["counts"], arrays["confidence"], arrays["accuracy"]
    axes.plot([0, 1], [0, 1], color=PALE_INK, linewidth=1, linestyle=":", label="perfect calibration")
    some = counts > 0
    x, y, n = confidence[some], accuracy[some], counts[some]
    low, high = wilson(y, n)
    axes.vlines(x, low, high, color=SKY, linewidth=5, alpha=0.45, label="95% interval of the share", zorder=2)
    axes.vlines(x, np.minimum(x, y), np.maximum(x, y), color=RED, linewidth=1.8, label="gap", zorder=3)
    axes.plot(x, y, "o-", color=BLUE, markersize=6, linewidth=1.2, zorder=4, label="share of each bin")
    error, brier = float(arrays["error"]), float(arrays["brier"])
    axes.plot([], [], " ", label=f"expected calibration error {error:.4f}")
    axes.plot([], [], " ", label=f"Brier score {brier:.4f}")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.grid(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.01), frameon=False, fontsize=9)


def draw_counts(axes: Any, arrays: Any) -> None:
    """How many predictions are in each bin, with the means of both."""
    counts = arrays["counts"]
    edges = np.linspace(0, 1, len(counts) + 1)
    axes.bar(
        edges[:-1], counts, width=1 / len(counts), align="edge", color=SKY, edgecolor=BLUE, linewidth=0.6
    )
    confidence, accuracy = map(float, arrays["means"])
    _, _, mean, actual = words_of(arrays)
    axes.axvline(confidence, color=INK, linewidth=1.5, linestyle="--", label=f"{mean} {confidence:.3f}")
    axes.axvline(accuracy, color=ORANGE, linewidth=1.8, label=f"{actual} {accuracy:.3f}")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylabel("predictions")
    axes.yaxis.set_major_formatter(lambda value, _: count(value) if value == int(value) else "")
    axes.grid(True, axis="y")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.05), frameon=False, fontsize=9)


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% interval of a binomial share. Source: Wilson 1927."""
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return middle - half, middle + half
