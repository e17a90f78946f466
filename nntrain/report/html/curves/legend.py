"""Legend: an entry per run, split and kind of line, which hides them; part of the page, so that it wraps like text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nntrain.report.formats import SPLITS, number
from nntrain.report.html.curves.drawn import (
    BASELINE,
    BEST,
    DASHES,
    DROP,
    GREY,
    MINI_BATCH,
    SKY,
    Drawn,
    baseline_of,
    by_loss,
    metrics_of,
)
from nntrain.report.html.elements import Html, element
from nntrain.report.pictures.drawing.curves import drops
from nntrain.report.pictures.training.loss_curves import RUNNING

NAMES = {"train": RUNNING}  # unlike the final scores
STROKES = {"solid": None, "dashed": "6 3", "dotted": "2 2"}


@dataclass(frozen=True)
class Entry:
    tag: str  # of the lines that it hides
    text: str
    colour: str
    dash: str = "solid"
    width: float = 2.5
    mark: str = ""  # in place of a line


def legend(runs: Sequence[Drawn]) -> Html:
    """Hidden until a script has drawn the curves."""
    return element(
        "div", [shown(entry) for entry in entries(runs)], class_="legend", id="legend", hidden=True
    )


def shown(entry: Entry) -> Html:
    line = element(
        "path",
        d="M0 6H28",
        stroke=entry.colour,
        stroke_width=f"{entry.width:g}",
        stroke_dasharray=STROKES[entry.dash],
    )
    swatch = (
        element("span", entry.mark, class_="mark")
        if entry.mark
        else element("svg", line, viewBox="0 0 28 12")
    )
    box = element("input", type="checkbox", checked=True, value=entry.tag)
    return element("label", box, swatch, element("span", entry.text))


def entries(runs: Sequence[Drawn]) -> Iterator[Entry]:
    several = bool(runs[0].colour)
    for run in runs if several else ():
        yield Entry(run.key, run.label, run.colour)
    if any(len(run.history.steps) for run in runs):
        yield Entry(MINI_BATCH, MINI_BATCH, GREY if several else SKY, width=1)
    for split in SPLITS:
        if any(run.has(split, score) for run in runs for score in ("loss", *metrics_of(runs))):
            colour = GREY if several else str(runs[0].look(split)["line_color"])
            yield Entry(split, NAMES.get(split, split), colour, DASHES[split] if several else "solid")
    if any(run.history.best is not None for run in runs):
        yield Entry(BEST, "best epoch", GREY, mark="★")
    if any(len(drops(run.history.steps.lr)) for run in runs):
        yield Entry(DROP, DROP, GREY, "dashed", width=1)
    values = {value for alike in by_loss(runs) if (value := baseline_of(alike)) is not None}
    if values:
        text = number(values.pop()) if len(values) == 1 else ""
        yield Entry(BASELINE, f"{BASELINE} {text}".rstrip(), GREY, "dotted", width=1.5)
