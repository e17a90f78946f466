"""Blank: warnings about classes whose images show nothing, such as black drawings on a black background."""

from collections.abc import Sequence

import numpy as np

from nntrain.data.tables.features import listed

HINT = "For drawings on a transparent background, set `background` to another colour, such as `background: black`."


def blank_warnings(split: str, x: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> tuple[str, ...]:
    """About the images x (count, height, width, channels) of a split."""
    counts = np.bincount(labels, minlength=len(classes))
    rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])  # of each class
    colours = {name: _only_colour(x, of_class) for name, of_class in zip(classes, rows, strict=True)}
    blank = {name: colour for name, colour in colours.items() if colour is not None}
    if not blank:
        return ()
    if len(blank) == np.count_nonzero(counts) and len(set(blank.values())) == 1:
        which = f"all images of the {split} split"
    else:
        which = f"all images of {'class' if len(blank) == 1 else 'the classes'} {listed(blank)} in the {split} split"
    values = ", ".join(sorted({str(colour) for colour in blank.values()})[:3])
    return (f"{which} hold a single colour ({values}): they show nothing to learn from\nhint: {HINT}",)


def _only_colour(x: np.ndarray, rows: np.ndarray) -> str | None:
    """The colour of every pixel of the images `rows`; None where there is more than one, or no image."""
    if not len(rows):
        return None
    first = np.asarray(x[rows[0]][0, 0])
    # The first image differs almost always, so that the others are not read.
    if any((x[row] != first).any() for row in rows):
        return None
    return " ".join(map(str, first))
