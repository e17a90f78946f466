"""Rows of a table that are mistaken, with their most unusual columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.report.formats import short, shortened
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import EDGE, INK, ORANGE, PALE_INK, RED
from nntrain.report.pictures.drawing.page import Page
from nntrain.report.pictures.drawing.shades import widest
from nntrain.report.pictures.judging.predictions import Judged, all_named, named

SHOWN, COLUMNS = 15, 6
UNUSUAL = 2.0  # standard deviations from the mean
LINE, GAP, FONT = 0.25, 0.25, 8.8


def collect(rows: Judged, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """columns (shown,), cells (mistakes, shown) in words, unusual (mistakes, shown); `of` how many columns there are."""
    from nntrain.data.tables.features import columns

    data, samples = rows.data, rows.sample[chosen]
    x = np.asarray(data.x, np.float64)
    names = data.feature_names or tuple(f"x{number}" for number in range(1, x.shape[1] + 1))
    spread = np.nanstd(x, axis=0)
    away = np.abs(x[samples] - np.nanmean(x, axis=0)) / np.where(spread > 0, spread, np.inf)
    found = columns(names, data.one_hot)
    cells, distances = [], []
    for _, position, text in found:
        if text is None:
            part = x[samples, position]
            cells.append(["missing" if np.isnan(value) else short(float(value)) for value in part])
            distances.append(away[:, position])
        else:
            labels = text.labels(x[samples])
            cells.append(["missing" if label < 0 else text.categories[label] for label in labels])
            distances.append(np.zeros(len(samples)))
    unusual = np.nan_to_num(np.array(distances))  # (columns, mistakes)
    shown = np.arange(len(found))
    if len(found) > COLUMNS:
        shown = np.sort(np.argsort(-unusual.mean(axis=1), kind="stable")[:COLUMNS])
    return {
        "columns": np.array([found[place][0] for place in shown], dtype=str),
        "cells": np.array([cells[place] for place in shown], dtype=str).T,
        "unusual": (unusual[shown] > UNUSUAL).T,
        "of": np.array(len(found)),
    }


def figure(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """A table: where the row is, what is true, what is predicted, and the values of its columns."""
    heads = ["row", "true", "predicted", *all_named(arrays["columns"], 14)]
    lines = [
        [shortened(where, 30), named(true, 26), named(predicted, 26), *(named(cell, 14) for cell in cells)]
        for where, true, predicted, cells in zip(
            arrays["where"], arrays["true"], arrays["predicted"], arrays["cells"], strict=True
        )
    ]
    probe = canvas.new_figure()
    widths = [
        max(widest(probe, [head], FONT + 0.6), widest(probe, column, FONT)) + GAP
        for head, column in zip(heads, zip(*lines, strict=True), strict=True)
    ]
    about = [str(arrays["about"])]
    if arrays["unusual"].any():
        about[0] += f"; orange: more than {UNUSUAL:g} standard deviations from the mean"
    if arrays["of"] > len(arrays["columns"]):
        about[0] += (
            f"; the {len(arrays['columns'])} of {arrays['of']:,} columns in which these rows are most unusual"
        )
    left = canvas.MARGINS["left"]
    page = Page(
        name,
        str(arrays["sentence"]),
        [about],
        below=(len(lines) + 1.6) * LINE,
        width=max(left + sum(widths) + 0.25, 7.5),
    )
    starts = left + np.concatenate([[0], np.cumsum(widths)])
    for x, width, head in zip(starts, widths, heads, strict=False):
        end = x + width - GAP
        numeric = head not in heads[:3]
        page.text(
            end if numeric else x,
            LINE * 0.4,
            head,
            ha="right" if numeric else "left",
            fontsize=FONT,
            fontweight="bold",
        )
    axes = page.axes(left, LINE * 0.9, sum(widths) - GAP, 0.01)
    axes.set_axis_off()
    axes.axhline(0, color=EDGE, linewidth=1)
    colours = (PALE_INK, INK, INK if arrays["correct"] else RED)
    for row, texts in enumerate(lines):
        y = LINE * (row + 1.4)
        for place, text in enumerate(texts):
            end = starts[place] + widths[place] - GAP
            if place < 3:
                page.text(starts[place], y, text, fontsize=FONT, color=colours[place])
            else:
                style = {"color": ORANGE, "fontweight": "bold"} if arrays["unusual"][row, place - 3] else {}
                page.text(end, y, text, ha="right", fontsize=FONT, **style)
    return page.figure
