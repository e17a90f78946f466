"""Columns: what each column of a table holds, and as what it enters the network."""

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.data.tables.dates import DateParts, dates_among
from nntrain.data.tables.features import OneHot, columns, indicators
from nntrain.report.formats import printable, short, shortened
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.config.schema import Config
    from nntrain.data.dataset import Dataset

MOST = 40  # columns that are listed
NAMES = 4  # categories that are named
LONGEST = 24  # characters of a name


def has_columns(data: "Dataset") -> bool:
    """Whether the samples are rows of a table whose columns have names."""
    return bool(data.feature_names) and len(data.input_shape) == 1


def columns_table(config: "Config", data: "Dataset") -> RenderableType:
    """One line per column: what it holds, how many features it is, and how they are made. Those that are ignored come last."""
    heads = [
        Column("column", "left"),
        Column("holds", "left"),
        Column("features"),
        Column("as", "left", drop_rank=1),
    ]
    lines: list[list[str | Text]] = []
    indicated = {*indicators(data.feature_names)}
    for name, start, spot in dates_among(columns(data.feature_names, data.one_hot), ()):
        if isinstance(spot, OneHot):
            lines.append([name_of(name), "categorical", f"{spot.width:,}", encoded(spot)])
        elif isinstance(spot, DateParts):
            parts = dict.fromkeys(part.split()[0] for part in spot.parts)
            lines.append([name_of(name), "date", f"{len(spot.parts):,}", ", ".join(parts)])
        else:
            indicator = start + 1 in indicated
            how = scaled(data, name, start, config.data.standardize) + ", indicator" * indicator
            lines.append([name_of(name), "number", "2" if indicator else "1", how])
    more = len(lines) - MOST
    if more > 0:
        lines[MOST:] = [[Text(f"{more:,} more", style="dim"), "", "", ""]]
    for name, kind in getattr(config.data.source, "columns", {}).items():
        if kind.yaml_name == "ignore":
            lines.append([Text(name_of(str(name)), style="dim"), Text("ignore", style="dim"), "-", ""])
    totals: list[str | Text] = ["", "", f"{len(data.feature_names):,}", ""]
    return ResponsiveTable(heads, lines, totals=totals, lists_hidden=False)


def name_of(name: str) -> str:
    return shortened(printable(name), LONGEST)


def encoded(column: OneHot) -> str:
    """ "one-hot: Bern, Oslo", "vector of 3: 12 categories, one for unknown ones"."""
    names = ", ".join(name_of(name) for name in column.known[:NAMES])
    found = names if len(column.known) <= NAMES else f"{len(column.known):,} categories"
    found += ", one for unknown ones" if column.unknown else ""
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
