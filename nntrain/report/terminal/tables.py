"""Tables: a model's layers, a gradient check, scores, what a step costs."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.terminal.console import output
from nntrain.report.terminal.fitted import Column, Fitted
from nntrain.report.words import count, duration, number, plain, size

if TYPE_CHECKING:
    from nntrain.bench import Bench
    from nntrain.gradient_check import Check, Cost
    from nntrain.network.graph import Graph


@dataclass(frozen=True)
class LayerRow:
    """A layer as the model table shows it."""

    name: str
    kind: str  # its name in YAML
    output_shape: tuple[int, ...]  # of one sample
    parameters: int
    flops: int  # of one sample's forward pass
    frozen: bool = False
    fused: bool = False  # done within the layer before


def layer_rows(graph: "Graph") -> list[LayerRow]:
    """The layers of a graph in their order, the data first."""
    rows = [LayerRow("input", "", graph.input.shape, 0, 0)]
    for node in graph.layers:
        parameters = sum(int(np.prod(param.shape)) for param in node.parameters.values())
        rows.append(
            LayerRow(
                node.name,
                node.layer.yaml_name,
                node.shape,
                parameters,
                node.flops,
                node.frozen and parameters > 0,
                node.fused is not None,
            )
        )
    return rows


def summary(rows: Sequence[LayerRow], bytes_per_value: int = 4) -> RenderableType:
    """The model table, with totals; parameters take `bytes_per_value` bytes each."""
    columns = [
        Column("layer", "left"),
        Column("kind", "left", rank=2),
        Column("output shape", "left"),
        Column("parameters"),
        Column("FLOPs\na sample", rank=1),
    ]
    lines: list[list[str | Text]] = []
    for row in rows:
        kind = Text(plain(row.kind))
        notes = [note for note, holds in (("fused", row.fused), ("frozen", row.frozen)) if holds]
        if notes:
            kind.append(f" ({', '.join(notes)})", style="dim")
        shape = f"({', '.join(map(str, row.output_shape))}{',' if len(row.output_shape) == 1 else ''})"
        lines.append([plain(row.name), kind, shape, nonzero(row.parameters), nonzero(row.flops)])
    parameters, flops = sum(row.parameters for row in rows), sum(row.flops for row in rows)
    frozen = sum(row.parameters for row in rows if row.frozen)
    layers = sum(row.kind != "" for row in rows)
    table = Fitted(columns, lines, totals=[f"{layers} layers", "", "", count(parameters), count(flops)])
    told = f"{parameters:,} parameters, {size(parameters * bytes_per_value)}"
    if frozen:
        told += f"; {parameters - frozen:,} of them learn, {frozen:,} are frozen"
    # Backward takes about twice the operations of forward: once for the inputs and once for the weights.
    cost = f"{count(flops, 'FLOP')} a sample forward, about {count(3 * flops, 'FLOP')} to train on it"
    return Group(table, Text(), Text(told), Text(cost))


def nonzero(value: int) -> str:
    return count(value) if value else "-"


STATUS_STYLES = {"PASS": "green", "KINK": "yellow", "FAIL": "bold red"}


def gradcheck(checks: Iterable["Check"], cost: "Cost | None" = None) -> RenderableType:
    """Backprop's gradient beside the numeric one, a row a tensor; below, what it comes to."""
    checks = list(checks)
    columns = [
        Column("component", "left"),
        Column("tensor", "left"),
        Column("checked", rank=2),
        Column("max abs\nerror", rank=4),
        Column("max rel\nerror"),
        Column("worst at", "left", rank=3),
        Column("backprop", rank=1),
        Column("numeric", rank=1),
        Column("status", "left"),
    ]
    rows: list[list[str | Text]] = [
        [
            plain(check.component),
            plain(check.tensor),
            f"{check.checked:,}",
            f"{check.max_abs_error:.1e}",
            f"{check.max_rel_error:.1e}",
            plain(check.worst_index),
            f"{check.backprop:.7g}",
            f"{check.numeric:.7g}",
            Text(check.status, style=STATUS_STYLES.get(check.status, "")),
        ]
        for check in checks
    ]
    styles = {i: "bold" for i, check in enumerate(checks) if check.status == "FAIL"}
    found = Counter(check.status for check in checks)
    told = Text(f"{len(checks)} tensor{'s' * (len(checks) != 1)}: ")
    told.append(
        Text(", ").join(
            Text(f"{found[status]} {status}", style=style)
            for status, style in STATUS_STYLES.items()
            if found[status]
        )
    )
    parts: list[RenderableType] = [Fitted(columns, rows, row_styles=styles), Text(), told]
    for check in [
        check for check in checks if check.status == "FAIL"
    ]:  # once more, as the table may be long or narrow
        parts.append(
            Text.assemble(
                ("FAIL", STATUS_STYLES["FAIL"]),
                f" {plain(check.component)}, {plain(check.tensor)} at "
                f"{plain(check.worst_index)}: backprop {check.backprop:.7g}, numeric {check.numeric:.7g}",
            )
        )
    if found["KINK"]:
        parts.append(
            Text(
                "KINK: the function has a corner there, such as relu's at 0, and backprop's slope lies between those "
                "of the two sides.",
                style="dim",
            )
        )
    if cost is not None:
        ratio = cost.numeric_s / cost.backward_s if cost.backward_s > 0 else float("inf")
        told = f"One backward pass gives all {cost.weights:,} slopes in {duration(cost.backward_s)}"
        parts.append(
            Text(f"{told}; differences would take {duration(cost.numeric_s)}, {count(ratio)} times as long.")
        )
    return Group(*parts)


def scores(values: Mapping[str, float | list[list[float]]]) -> RenderableType:
    """{"loss": 0.11, "top_k_accuracy": 0.975} as two columns; a matrix, such as `confusion_matrix`, as a table below."""
    width = max((len(name) for name, value in values.items() if not isinstance(value, list)), default=0)
    parts: list[RenderableType] = []
    for name, value in sorted(values.items(), key=lambda item: isinstance(item[1], list)):
        words = name.replace("_", " ")
        if isinstance(value, list):
            heading = Text.assemble((words, "bold"), ", a row for each true class, a column for each answer")
            parts += [Text(), heading, matrix(value)]
        else:
            parts.append(Text.assemble((words.ljust(width), "bold"), "  ", number(value)))
    return Group(*parts)


def matrix(values: list[list[float]]) -> RenderableType:
    """Counts (classes, classes) under the numbers of the classes, the right answers bold."""
    texts = [[f"{value:.6g}" for value in row] for row in values]
    width = max(len(text) for row in texts for text in row) + 2
    lines = [Text(" " * 5 + "".join(f"{i:>{width}}" for i in range(len(texts))), style="dim")]
    for i, row in enumerate(texts):
        line = Text(f"{i:>5}", style="dim")
        for j, text in enumerate(row):
            line.append(text.rjust(width), style="not dim bold" if i == j else "not dim")
        lines.append(line)
    return Group(*lines)


def show_model(graph: "Graph", precision: str = "float32", console: Console | None = None) -> None:
    """Prints the table of a network's layers."""
    (console or output()).print(summary(layer_rows(graph), np.dtype(precision).itemsize))


def show_gradcheck(
    checks: Iterable["Check"], cost: "Cost | None" = None, console: Console | None = None
) -> None:
    """Prints the table of a gradient check; `cost` is what a backward pass takes, where a network was checked."""
    (console or output()).print(gradcheck(checks, cost))


def show_scores(result: Mapping[str, object], path: Path | str, console: Console | None = None) -> None:
    """Prints what `eval` found: {"split": "test", "samples": 360, "loss": 0.11, ...} of the checkpoint at `path`; of other data
    than the run's own their source too, as "data".
    """
    console = console or output()
    values = {name: value for name, value in result.items() if name not in ("data", "split", "samples")}
    what = (
        f"{plain(result['data'])}, {result['split']} part" if "data" in result else f"{result['split']} split"
    )
    head = Text.assemble((what, "bold"), f", {result['samples']:,} samples, by ", plain(path))
    console.print(head, soft_wrap=True)
    console.print(scores(values))


def show_bench(result: "Bench", console: Console | None = None) -> None:
    """Prints what a training step costs, layer by layer."""
    (console or output()).print(bench_table(result))


def bench_table(result: "Bench") -> RenderableType:
    rows: list[list[str | Text]] = []
    for layer in result.layers:
        spent = layer.forward_us + layer.backward_us
        of_peak = f"{layer.gflops / result.peak_gflops:.0%}" if layer.gflops else ""
        rows.append(
            [
                plain(layer.name),
                f"{layer.forward_us:,.1f}",
                f"{layer.backward_us:,.1f}",
                f"{spent / result.step_us:.0%}",
                f"{layer.gflops:,.1f}" if layer.gflops else "",
                of_peak,
            ]
        )
    of_step = f"{result.other_us / result.step_us:.0%}"
    rows.append(["loss, optimizer and the rest", "", f"{result.other_us:,.1f}", of_step, "", ""])
    columns = [
        Column("layer", "left"),
        Column("forward\nus"),
        Column("backward\nus"),
        Column("of the\nstep"),
        Column("GFLOP/s", rank=1),
        Column("of\npeak", rank=2),
    ]
    head = Text.assemble(
        (f"{result.step_us:,.1f} us a step", "bold"),
        f" of {result.batch_size} samples: "
        f"{result.samples_per_s:,.0f} samples/s, {result.gflops:,.1f} GFLOP/s",
    )
    threads = f"{result.threads} thread{'s' * (result.threads != 1)}"
    foot = Text(
        f"this machine's peak with {threads}: {result.peak_gflops:,.0f} GFLOP/s; "
        f"the first step took {duration(result.compile_s)}; peak memory {result.peak_rss_mb:,.0f} MB",
        style="dim",
    )
    return Group(head, Text(), Fitted(columns, rows), Text(), foot)


def model_text(graph: "Graph", precision: str) -> str:
    """The table of layers as plain text."""
    console = Console(
        width=100, file=io.StringIO(), color_system=None, markup=False, emoji=False, highlight=False
    )
    show_model(graph, precision, console)
    return console.file.getvalue()
