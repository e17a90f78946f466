"""Confusion: how many samples of each true class are predicted as each class."""

import math
from typing import Any, Literal

import numpy as np

from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import shades, text_on, widest
from nntrain.report.pictures.judging.predictions import (
    SPLIT_HELP,
    Split,
    all_named,
    is_classifier,
    judged,
    kind_of,
    share,
)
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

NUMBERED = 25  # with more classes, the cells hold no numbers and the largest errors are listed
MOST_CLASSES = 1000
LISTED = 20
LINE, KEY_WIDTH = 0.21, 1.0  # inches: of a listed error, and beside the matrix
KEY = (0.01, 0.1, 0.3, 1.0)  # shares that the key of colours names


class Confusion(Picture, name="confusion"):
    title = "How many samples of each true class are predicted as each class: counts and shares."
    moment = "end"
    applies_to = f"classifiers with one class for each sample or step (at most {MOST_CLASSES:,} classes, not the tokens of a text)"

    split: Split | None = option(None, SPLIT_HELP)
    sort: Literal["classes", "recall", "count"] = option(
        "classes",
        "The order of the classes: that of the data, the worst recall first, or the most samples first.",
    )

    def applies(self, subject: Subject) -> bool:
        few = len(subject.setup.splits.train.classes) <= MOST_CLASSES
        return few and is_classifier(subject) and kind_of(subject) == "classes"

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """counts (classes, classes), a row for each true class; classes; about."""
        from nntrain.metrics.classification import ConfusionMatrix

        rows = judged(subject, self.split)
        counts = np.array(rows.score(ConfusionMatrix())).astype(np.int64)
        return {"counts": counts, "classes": np.array(rows.names), "about": np.array(rows.about)}

    def figure(self, drawn: Drawn) -> Any:
        counts, names = drawn.arrays["counts"], all_named(drawn.arrays["classes"], 18)
        order = self.order(counts)
        counts, names = counts[np.ix_(order, order)], [names[place] for place in order]
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        number = len(names)
        numbered = number <= NUMBERED
        probe = canvas.new_figure()
        fontsize = float(np.clip(6.4 / number * 36, 6, 10))
        name_width = widest(probe, names, fontsize)
        # Few cells are as wide as their names, so that these need not be turned.
        cell = min(6.4 / number, max(1.1, name_width + 0.12))
        every = math.ceil(fontsize * 1.25 / 72 / cell)  # names that would overlap are left out
        turned = name_width > every * cell - 0.06
        side = number * cell
        left = max(canvas.MARGINS["left"], name_width + 0.5)
        below = 0.5 + (name_width if turned else 0.16)
        errors = largest_errors(counts)
        lines = [] if numbered else error_lines(errors[: min(LISTED, int(side / LINE) - 1)], counts, names)
        aside = 0.3 + widest(probe, [*lines, HEADING], 8.6) if lines else 0
        about = str(drawn.arrays["about"]) + (f"; 1 of {every} classes is named" if every > 1 else "")
        page = Page(
            drawn.name,
            sentence_of(counts, names, errors),
            [[about]],
            below=side + below,
            width=max(left + side + KEY_WIDTH + aside, 6.6),
        )
        axes = page.axes(left, 0, side, side)
        colours = cell_colours(shares)
        axes.imshow(colours, interpolation="nearest", aspect="auto")
        ticks = np.arange(number)[::every]
        axes.set_xticks(
            ticks, names[::every], rotation=90 if turned else 0, fontsize=fontsize, parse_math=False
        )
        axes.set_yticks(ticks, names[::every], fontsize=fontsize, parse_math=False)
        axes.tick_params(length=0)
        axes.set_xlabel("predicted class", labelpad=4)
        axes.set_ylabel("true class", labelpad=4)
        axes.spines[:].set(visible=True, color=canvas.EDGE, linewidth=0.8)
        if numbered:
            for at in np.arange(1, number) - 0.5:
                axes.axhline(at, color=canvas.PAPER, linewidth=0.8)
                axes.axvline(at, color=canvas.PAPER, linewidth=0.8)
            write_cells(axes, counts, shares, colours, cell)
        key = min(side - 0.2, 2.2)
        draw_key(page.axes(left + side + 0.16, side - key, 0.3, key))
        for place, line in enumerate([HEADING, *lines] if lines else []):
            weight = "bold" if place == 0 else "normal"
            page.text(left + side + KEY_WIDTH, LINE * (place + 0.5), line, fontsize=8.6, fontweight=weight)
        return page.figure

    def order(self, counts: np.ndarray) -> np.ndarray:
        """The places of the classes in the picture's order."""
        support = counts.sum(axis=1)
        if self.sort == "count":
            return np.argsort(-support, kind="stable")
        if self.sort == "recall":
            recall = np.where(support > 0, np.diag(counts) / np.maximum(support, 1), np.inf)
            return np.argsort(recall, kind="stable")
        return np.arange(len(counts))


Error = tuple[int, int, int]  # how often, true class, predicted class
HEADING = "Most frequent errors (true → predicted)"


def largest_errors(counts: np.ndarray) -> list[Error]:
    """All pairs of different classes that occur, the most frequent first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    pairs = [(int(wrong[i, j]), int(i), int(j)) for i, j in np.argwhere(wrong)]
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1:]))


def sentence_of(counts: np.ndarray, names: list[str], errors: list[Error]) -> str:
    total, correct = int(counts.sum()), int(np.trace(counts))
    text = f"{correct:,} of {total:,} predictions are correct ({share(correct / total)})"
    if errors:
        often, true, predicted = errors[0]
        times = "once" if often == 1 else f"{often:,}×"
        text += f"; most often {names[true]} is taken for {names[predicted]} ({times})"
    if missing := int((counts.sum(axis=1) == 0).sum()):
        text += f"; {missing:,} of the {len(names):,} classes ha{'s' if missing == 1 else 've'} no samples"
    return text


def error_lines(errors: list[Error], counts: np.ndarray, names: list[str]) -> list[str]:
    """ "cat → dog: 12 (10.3%)", with the share of the true class."""
    return [
        f"{names[true]} → {names[predicted]}: {often:,} ({share(often / counts[true].sum())})"
        for often, true, predicted in errors
    ]


def strength(shares: np.ndarray) -> np.ndarray:
    """How dark a share is: by its square root, so that a few percent differ from none."""
    return np.where(shares > 0, 0.1 + 0.84 * np.sqrt(shares), 0)


def cell_colours(shares: np.ndarray) -> np.ndarray:
    """(classes, classes, 3): correct predictions blue, errors red."""
    diagonal = np.eye(len(shares), dtype=bool)[..., None]
    return np.where(diagonal, shades(strength(shares), BLUE), shades(strength(shares), RED))


def write_cells(axes: Any, counts: np.ndarray, shares: np.ndarray, colours: np.ndarray, cell: float) -> None:
    """The count in each cell, and below it the share of the row where there is room; nothing where it is 0."""
    roomy = cell >= 0.6
    digits = max(3, len(f"{counts.max():,}"))
    fontsize = min(12 if roomy else 9.5, cell * 72 / (0.68 * digits))
    for (row, column), count in np.ndenumerate(counts):
        if not count:
            continue
        style = {"ha": "center", "va": "center", "color": text_on(colours[row, column])}
        down = 0.12 if roomy else 0
        axes.text(column, row - down, f"{count:,}", fontsize=fontsize, **style)
        if roomy:
            axes.text(
                column,
                row + 0.22,
                share(float(shares[row, column])),
                fontsize=min(8, 0.75 * fontsize + 1),
                **style,
            )


def draw_key(axes: Any) -> None:
    """Two columns of colours, for correct predictions and for errors, beside the shares that they stand for."""
    up = np.linspace(0, 1, 128)  # the square root of the share
    columns = [shades(strength(up**2), colour) for colour in (BLUE, RED)]
    axes.imshow(
        np.stack(columns, axis=1), origin="lower", aspect="auto", extent=(0, 2, 0, 1), interpolation="nearest"
    )
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks(np.sqrt(KEY), [f"{value:.0%}" for value in KEY], fontsize=7.5)
    axes.tick_params(length=2, pad=2, colors=PALE_INK)
    axes.spines[:].set(visible=True, color=canvas.EDGE, linewidth=0.8)
    axes.set_title("share of row", fontsize=7.5, color=PALE_INK, loc="left", pad=4)
