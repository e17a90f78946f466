"""Parameters: tables of a network's parameters by name, and of the groups that the optimizer treats differently."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import count, counted, printable, short
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.training.groups import GroupRow, ParameterRow


def parameters_table(rows: "Sequence[ParameterRow]") -> RenderableType:
    """One line per parameter, with what its group makes of it."""
    columns = [
        Column("parameter", "left"),
        Column("shape", "left", drop_rank=1),
        Column("values"),
        Column("lr"),
        Column("weight\ndecay", drop_rank=2),
    ]
    lines: list[list[str | Text]] = [
        [printable(row.name), shape(row.shape), count(row.size), *options(row.lr, row.weight_decay)]
        for row in rows
    ]
    totals: list[str | Text] = [counted(len(rows), "array"), "", count(sum(row.size for row in rows)), "", ""]
    return ResponsiveTable(columns, lines, totals=totals)


def groups_table(rows: "Sequence[GroupRow]") -> RenderableType:
    """One line per group, in their order."""
    columns = [
        Column("parameter group", "left"),
        Column("arrays", drop_rank=2),
        Column("values"),
        Column("optimizer", "left", drop_rank=3),
        Column("lr"),
        Column("weight\ndecay", drop_rank=1),
    ]
    lines: list[list[str | Text]] = [
        [
            printable(row.name),
            f"{row.arrays:,}",
            count(row.values),
            printable(row.optimizer),
            *options(row.lr, row.weight_decay),
        ]
        for row in rows
    ]
    return ResponsiveTable(columns, lines)


def options(lr: float | None, weight_decay: float) -> list[str | Text]:
    if lr is None:
        return [Text("frozen", style="dim"), "-"]
    return [short(lr), short(weight_decay) if weight_decay else "-"]


def shape(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def show_parameters(rows: "Sequence[ParameterRow]", console: Console | None = None) -> None:
    """Prints the table of parameters."""
    (console or output()).print(Group(Text(), parameters_table(rows)))
