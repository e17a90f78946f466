"""Columns: what each column of a table holds, and as what it enters the network."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.data.tables.dates import DateParts, dates_among
from nntrain.data.tables.features import OneHot, columns, indicators
from nntrain.data.words import Words, words_among
from nntrain.report.formats import printable, short, shortened
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.config.schema import Config
    from nntrain.data.dataset import Dataset

MOST = 40  # columns that are listed
MOST_IGNORED = 10
NAMES = 4  # categories that are named
LONGEST = 24  # characters of a name


def has_columns(data: "Dataset") -> bool:
    """Whether the samples are rows of a table whose columns have names."""
    return bool(data.feature_names) and len(data.input_shape) == 1


def columns_table(config: "Config", data: "Dataset") -> RenderableType:
    """One line per column: what it holds, how many features it is, and how they are made. Those that are ignored come last.

    Of many columns, those of numbers are left out first.
    """
    heads = [
        Column("column", "left"),
        Column("holds", "left"),
        Column("features"),
        Column("as", "left", drop_rank=1),
    ]
    lines: list[list[str | Text]] = []
    indicated = {*indicators(data.feature_names)}
    spots = dates_among(columns(data.feature_names, data.one_hot), ())
    for name, start, spot in words_among(spots, data.words):
        if isinstance(spot, Words):
            shown = ", ".join(name_of(word) for word in spot.words[:NAMES])
            lines.append([name_of(name), "text", f"{len(spot.words):,}", f"weights of words: {shown}"])
        elif isinstance(spot, OneHot):
            lines.append([name_of(name), "categorical", f"{spot.width:,}", encoded(spot)])
        elif isinstance(spot, DateParts):
            parts = dict.fromkeys(part.split()[0] for part in spot.parts)
            lines.append([name_of(name), "date", f"{len(spot.parts):,}", ", ".join(parts)])
        else:
            indicator = start + 1 in indicated
            how = scaled(data, name, start, config.data.standardize) + ", indicator" * indicator
            lines.append([name_of(name), "number", "2" if indicator else "1", how])
    lines = most(lines, MOST)
    kinds = getattr(config.data.source, "columns", {})
    ignored = [name_of(str(name)) for name, kind in kinds.items() if kind.yaml_name == "ignore"]
    lines += most(
        [[Text(name, style="dim"), Text("ignore", style="dim"), "-", ""] for name in ignored], MOST_IGNORED
    )
    totals: list[str | Text] = ["", "", f"{len(data.feature_names):,}", ""]
    return ResponsiveTable(heads, lines, totals=totals, lists_hidden=False)


def most(lines: list[list[str | Text]], count: int) -> list[list[str | Text]]:
    """At most so many of these lines, in their order, and one that counts the others."""
    if len(lines) <= count:
        return lines
    by_rank = sorted(range(len(lines)), key=lambda place: (str(lines[place][1]) == "number", place))
    shown, others = sorted(by_rank[:count]), [lines[place] for place in by_rank[count:]]
    kinds = Counter(str(line[1]) for line in others)
    words = [f"{number:,} {kind}" if len(kinds) > 1 else kind for kind, number in kinds.items()]
    features = sum(int(str(line[2]).replace(",", "")) for line in others if line[2] != "-")
    more = [f"{len(others):,} more", ", ".join(words), f"{features:,}" if features else "-", ""]
    return [*(lines[place] for place in shown), [Text(cell, style="dim") for cell in more]]


def name_of(name: str) -> str:
    return shortened(printable(name), LONGEST)


def encoded(column: OneHot) -> str:
    """ "one-hot: Bern, Oslo", "vector of 3: 12 categories + unknown"."""
    names = ", ".join(name_of(name) for name in column.known[:NAMES])
    found = names if len(column.known) <= NAMES else f"{len(column.known):,} categories"
    found += " + unknown" if column.unknown else ""
    return f"vector of {column.units}: {found}" if column.units else f"one-hot: {found}"


def scaled(data: "Dataset", name: str, start: int, standardize: bool) -> str:
    """ "log", "standard, gaps filled with 3.5"."""
    how = data.scaling.get(name, "standard" if standardize else "none")
    how = "as it is" if how == "none" else how
    if data.fill is None or not np.isnan(np.asarray(data.x)[:, start]).any():
        return how
    return f"{how}, gaps filled with {short(float(data.fill[start]))}"


def show_columns(config: "Config", data: "Dataset", console: Console | None = None) -> None:
    """Prints the table of columns, if the data have any."""
    if has_columns(data):
        (console or output()).print(Group(Text(), columns_table(config, data)))
