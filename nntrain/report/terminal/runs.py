"""Runs: the runs of a folder as a table, and below it what went wrong."""

import datetime
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from nntrain.listing.differences import on_the_same_data
from nntrain.listing.entry import Entry, Kind
from nntrain.listing.order import sorted_by
from nntrain.listing.read import section
from nntrain.report.formats import SPLITS, counted, duration, number, printable, short, shortened
from nntrain.report.searched import mean_words
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.wrapping import show_line
from nntrain.run.settings import value_text
from nntrain.run.status import STATUSES

STYLES = {
    "finished": "green",
    "stopped early": "green",
    "imported": "green",
    "running": "cyan",
    "interrupted": "yellow",
    "killed": "yellow",
    "failed": "bold red",
}
KINDS: dict[Kind, str] = {"run": "run", "crossval": "cross-validation", "sweep": "sweep"}
ROOM = (
    (48, 4),
    (32, 4),
    (24, 3),
    (20, 3),
)  # characters for what differs, and the rank from which columns are hidden for it
LONGEST_NAME = 20  # characters of a run's name beside its numbers, in a narrow terminal
MOST_REASONS = 5  # lines below the table
LONGEST_REASON = 100  # characters
INDENT = 2


def show_runs(runs: Sequence[Entry], total: int, chosen: str = "", console: Console | None = None) -> None:
    """Prints a line per run. `total`: how many there are; `chosen`: a score to show, too."""
    console = console or output()
    best = best_of(runs)
    table = runs_table(runs, chosen, console.width, best)
    console.print(table)
    console.print()
    show_line(console, Text(summary(runs, total, best)), INDENT)
    for line in reasons(runs):
        show_line(console, line, INDENT)


def runs_table(runs: Sequence[Entry], chosen: str, width: int, best: Entry | None) -> ResponsiveTable:
    texts = [difference_texts(run) for run in runs]
    table = table_of(runs, chosen, [", ".join(text) for text in texts])
    for room, rank in ROOM if len(table.shown(width)) < len(table.columns) else ():
        table = table_of(runs, chosen, [fitted(text, room) for text in texts])
        shown = table.shown(width)
        if all(column.drop_rank >= rank for i, column in enumerate(table.columns) if i not in shown):
            break
    table.row_styles = {place: "bold" for place, run in enumerate(runs) if run is best}
    return table


def table_of(runs: Sequence[Entry], chosen: str, differs: list[str]) -> ResponsiveTable:
    scores = score_columns(runs, chosen)
    columns: list[tuple[Column, list[str | Text]]] = [
        (Column("run", "left"), [one_line(run.name) for run in runs]),
        (Column("status", "left"), [Text(run.status, STYLES.get(run.status, "")) for run in runs]),
        (Column("epochs", drop_rank=3), [progress(run) for run in runs]),
        *scores,
        (Column("time", drop_rank=5), ["" if run.seconds is None else duration(run.seconds) for run in runs]),
        (Column("started", drop_rank=6), [moment(run.started) for run in runs]),
        (Column("differs in", "left", drop_rank=1), list(differs)),
    ]
    kept = [(column, cells) for column, cells in columns if column.heading in ("run", "status") or any(cells)]
    rows = [[cells[place] for _, cells in kept] for place in range(len(runs))]
    return ResponsiveTable([column for column, _ in kept], rows, longest_first=LONGEST_NAME)


def score_columns(runs: Sequence[Entry], chosen: str) -> list[tuple[Column, list[str | Text]]]:
    """The monitored score, that by which the runs are sorted, the first metric on held-out data, and the monitored one on the test split."""
    roles = {
        "best": [run.monitor for run in runs],
        chosen: [chosen for _ in runs],
        "score": [first_metric(run) for run in runs],
        "test": [f"test_{run.monitor.partition('_')[2] or 'loss'}" for run in runs],
    }
    ranks = {"best": 0, chosen: 0, "score": 2, "test": 4}
    found: list[tuple[Column, list[str | Text]]] = []
    seen: list[set[str]] = [set() for _ in runs]  # of each run, the scores that it shows already
    for role, wanted in roles.items():
        names = [
            name if run.score(name) is not None and name not in shown else ""
            for run, name, shown in zip(runs, wanted, seen, strict=True)
        ]
        used = set(filter(None, names))
        if not used:
            continue
        for name, shown in zip(names, seen, strict=True):
            shown.add(name)
        heading = heading_of(*used) if len(used) == 1 else role
        cells = [score_text(run, name, len(used) > 1) for run, name in zip(runs, names, strict=True)]
        found.append((Column(heading, drop_rank=ranks[role]), list(cells)))
    return found


def first_metric(run: Entry) -> str:
    """ "test_accuracy"; of runs without a test split that of the validation split; the loss where there is no metric."""
    for split in reversed(SPLITS):
        if split in run.scores:
            names = [name for name in run.scores[split] if name != "loss"]
            return f"{split}_{names[0] if names else 'loss'}"
    return ""


def heading_of(column: str) -> str:
    split, _, metric = column.partition("_")
    return f"{split}\n{metric.replace('_', ' ')}"


def score_text(run: Entry, column: str, named: bool) -> str:
    if not column:
        return ""
    value, deviation = run.score(column), run.deviation(column)
    text = number(value) if value is None or deviation is None else mean_words(value, deviation)
    return f"{column} {text}" if named else text


def progress(run: Entry) -> str:
    """ "3/25" epochs; "4/5 runs" of a group."""
    if run.members is not None:
        return f"{run.members_done}/{run.members} {'trials' if run.kind == 'sweep' else 'runs'}"
    done = (
        ""
        if run.epoch is None
        else f"{run.epoch:,.0f}"
        if run.epoch == round(run.epoch)
        else f"{run.epoch:,.2f}"
    )
    return f"{done or 0}/{run.epochs:,}" if run.epochs is not None else done


def moment(time: datetime.datetime | None) -> str:
    """As `ls` writes it: "13:19" today, "27 Nov" this year, "2025-11-27" before."""
    if time is None:
        return ""
    time, now = time.astimezone(), datetime.datetime.now().astimezone()
    if time.date() == now.date():
        return f"{time:%H:%M}"
    return f"{time.day} {time:%b}" if time.year == now.year else f"{time:%Y-%m-%d}"


def difference_texts(run: Entry) -> list[str]:
    """ "lr 0.05" for each option that is not the same in all runs."""
    return [f"{each.short_name} {brief(each.value)}".strip() for each in run.differences if each.is_shown]


def brief(value: Any) -> str:
    """A value with at most four digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return printable(value_text(without_options(value)))
    return short(value) if isinstance(value, float) else str(value)


def without_options(value: Any) -> Any:
    """`[accuracy]` for `[{accuracy: {}}]`."""
    if isinstance(value, list):
        return [without_options(entry) for entry in value]
    return next(iter(value)) if isinstance(value, dict) and list(value.values()) == [{}] else value


def fitted(texts: Sequence[str], width: int) -> str:
    """As many of the texts as fit, and how many more there are."""
    whole = ", ".join(texts)
    if len(whole) <= width:
        return whole
    for count in range(len(texts) - 1, 0, -1):
        text = f"{', '.join(texts[:count])}, +{len(texts) - count}"
        if len(text) <= width:
            return text
    return shortened(texts[0], width - 4) + (f", +{len(texts) - 1}" if len(texts) > 1 else "")


def best_of(runs: Sequence[Entry]) -> Entry | None:
    """The best run; None where the runs cannot be compared: other data, another fold, or another score that is monitored."""
    scored = [run for run in runs if run.kind == "run" and run.best is not None and run.settings]
    folds = {repr(section(run.settings, "data").get("fold")) for run in scored}
    comparable = len(folds) == 1 and len(on_the_same_data([run.settings for run in scored])) == 1
    if len(scored) < 2 or not comparable or len({run.monitor for run in scored}) > 1:
        return None
    return sorted_by(scored, scored[0].monitor)[0]


def summary(runs: Sequence[Entry], total: int, best: Entry | None) -> str:
    """ "7 runs: 5 finished, 1 running, 1 failed; best validation_loss: 0.1135, digits-3"."""
    found = Counter(run.status for run in runs)
    states = ", ".join(f"{found[status]:,} {status}" for status in STATUSES if found[status])
    kinds = Counter(run.kind for run in runs)
    counts = ", ".join(counted(kinds[kind], name) for kind, name in KINDS.items() if kinds[kind])
    head = counts if len(runs) == total else f"{counts} of {total:,}"
    end = f"; best {best.monitor}: {number(best.best)}, {one_line(best.name)}" if best is not None else ""
    return f"{head}: {states}{end}"


def one_line(text: str) -> str:
    """A name, which can hold any character, without those that move the cursor."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def beginning(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1].rstrip()}…"


def reasons(runs: Sequence[Entry]) -> list[Text]:
    """Why runs failed, and which files are corrupt."""
    lines = [
        Text.assemble((one_line(run.name), "bold"), f": {beginning(one_line(text))}")
        for run in runs
        for text in (run.error, run.problem)
        if text
    ]
    more = len(lines) - MOST_REASONS
    return [*lines[:MOST_REASONS], *([Text(f"and {more} more")] if more > 0 else [])]
