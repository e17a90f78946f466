"""Tables: the layers of a network, a gradient check, scores, the cost of a training step."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.kernels.precision import float_type
from nntrain.report.formats import count, duration, number, printable, size
from nntrain.report.terminal.confusion import ConfusionMatrix
from nntrain.report.terminal.console import output
from nntrain.report.terminal.parameters import groups_table
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.wrapping import show_line

if TYPE_CHECKING:
    from nntrain.config.schema import Config
    from nntrain.gradient_check.check import Check, Cost
    from nntrain.losses.weighted_sum import Term
    from nntrain.network.graph import Graph


@dataclass(frozen=True)
class LayerRow:
    """A layer as the model table shows it."""

    name: str
    kind: str  # its name in YAML
    output_shape: tuple[int, ...]  # of one sample
    parameters: int
    flops: int  # of one sample's forward pass
    frozen: int = 0  # of the parameters
    fused: bool = False  # computed by the previous layer

    @property
    def notes(self) -> list[str]:
        frozen = "frozen" if self.frozen == self.parameters else "partly frozen"
        return [note for note, holds in (("fused", self.fused), (frozen, self.frozen)) if holds]


def layer_rows(graph: "Graph") -> list[LayerRow]:
    """The input and the layers of a graph in their order."""
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
                parameters - sum(int(np.prod(param.shape)) for param in node.trained.values()),
                node.fused_into is not None,
            )
        )
    return rows


def summary(rows: Sequence[LayerRow], bytes_per_value: int = 4) -> RenderableType:
    """The table of layers with totals; each parameter takes `bytes_per_value` bytes."""
    columns = [
        Column("layer", "left"),
        Column("kind", "left", drop_rank=2),
        Column("output shape", "left"),
        Column("parameters"),
        Column("FLOPs\nper sample", drop_rank=1),
    ]
    lines: list[list[str | Text]] = []
    for row in rows:
        kind = Text(printable(row.kind))
        if row.notes:
            kind.append(f" ({', '.join(row.notes)})", style="dim")
        shape = f"({', '.join(map(str, row.output_shape))}{',' if len(row.output_shape) == 1 else ''})"
        lines.append([printable(row.name), kind, shape, nonzero(row.parameters), nonzero(row.flops)])
    parameters, flops = sum(row.parameters for row in rows), sum(row.flops for row in rows)
    frozen = sum(row.frozen for row in rows)
    layers = sum(row.kind != "" for row in rows)
    table = ResponsiveTable(
        columns, lines, totals=[f"{layers} layers", "", "", count(parameters), count(flops)]
    )
    counted = f"{parameters:,} parameters, {size(parameters * bytes_per_value)}"
    if frozen:
        counted += f"; {parameters - frozen:,} trainable, {frozen:,} frozen"
    # Backward takes about twice the operations of forward: one product for the inputs and one for the weights.
    cost = (
        f"{count(flops, 'FLOP')} per sample forward, about {count(3 * flops, 'FLOP')} per sample in training"
    )
    return Group(table, Text(), Text(counted), Text(cost))


def nonzero(value: int) -> str:
    return count(value) if value else "-"


STATUS_STYLES = {"PASS": "green", "KINK": "yellow", "FAIL": "bold red"}


def gradcheck(checks: Iterable["Check"], cost: "Cost | None" = None, moved: int = 0) -> RenderableType:
    """The analytic and the numeric gradient, one row per tensor, and a summary below.

    moved: how many parameters of a network were not checked at their own values.
    """
    checks = list(checks)
    kinks = sum(check.kinks for check in checks)
    columns = [
        Column("component", "left"),
        Column("tensor", "left"),
        Column("checked", drop_rank=2),
        *([Column("kinks")] if kinks else []),
        Column("max abs\nerror", drop_rank=4),
        Column("max rel\nerror"),
        Column("worst at", "left", drop_rank=3),
        Column("backprop", drop_rank=1),
        Column("numeric", drop_rank=1),
        Column("status", "left"),
    ]
    rows: list[list[str | Text]] = [
        [
            printable(check.component),
            printable(check.tensor),
            f"{check.checked:,}",
            *([nonzero(check.kinks)] if kinks else []),
            f"{check.max_abs_error:.1e}",
            f"{check.max_rel_error:.1e}",
            printable(check.worst_index),
            f"{check.backprop:.7g}",
            f"{check.numeric:.7g}",
            Text(check.status, style=STATUS_STYLES.get(check.status, "")),
        ]
        for check in checks
    ]
    styles = {i: "bold" for i, check in enumerate(checks) if check.status == "FAIL"}
    found = Counter(check.status for check in checks)
    summed = Text(f"{len(checks)} tensor{'s' * (len(checks) != 1)}: ")
    summed.append(
        Text(", ").join(
            Text(f"{found[status]} {status}", style=style)
            for status, style in STATUS_STYLES.items()
            if found[status]
        )
    )
    parts: list[RenderableType] = [ResponsiveTable(columns, rows, row_styles=styles), Text(), summed]
    for check in [
        check for check in checks if check.status == "FAIL"
    ]:  # again: the table may be long or narrow
        parts.append(
            Text.assemble(
                ("FAIL", STATUS_STYLES["FAIL"]),
                f" {printable(check.component)}, {printable(check.tensor)} at "
                f"{printable(check.worst_index)}: backprop {check.backprop:.7g}, numeric {check.numeric:.7g}",
            )
        )
    if kinks:
        told = sum(check.checked for check in checks)
        note = (
            f"kinks: in {kinks:,} of {told:,} comparisons the loss has a kink, such as that of ReLU at 0; "
            "these derivatives are not compared."
        )
        parts.append(Text(note, style="dim"))
    if moved:
        note = (
            f"{moved:,} parameters with values such as 0, where many kinks meet, were moved by about 0.01 "
            "before the check."
        )
        parts.append(Text(note, style="dim"))
    if cost is not None:
        ratio = cost.numeric_s / cost.backward_s if cost.backward_s > 0 else float("inf")
        backward = (
            f"One backward pass computes all {cost.weights:,} derivatives in {duration(cost.backward_s)}"
        )
        numeric = f"finite differences would take {duration(cost.numeric_s)}, {count(ratio)} times as long"
        parts.append(Text(f"{backward}; {numeric}."))
    return Group(*parts)


def scores(values: Mapping[str, float | list[list[float]]], classes: Sequence[str] = ()) -> RenderableType:
    """{"loss": 0.11, "top_k_accuracy": 0.975} as two columns; a matrix, such as `confusion_matrix`, as a table below."""
    width = max((len(name) for name, value in values.items() if not isinstance(value, list)), default=0)
    parts: list[RenderableType] = []
    for name, value in sorted(values.items(), key=lambda item: isinstance(item[1], list)):
        words = name.replace("_", " ")
        if isinstance(value, list):
            parts += [Text(), ConfusionMatrix(words, value, classes)]
        else:
            parts.append(Text.assemble((words.ljust(width), "bold"), "  ", number(value)))
    return Group(*parts)


def labels_table(labels: Mapping[str, Mapping[str, float]]) -> ResponsiveTable:
    """A row for each label of multi-label targets: how many samples have it, and its scores."""
    names = list(next(iter(labels.values())))
    columns = [Column("label", "left"), *(Column(name, drop_rank=place) for place, name in enumerate(names))]
    rows: list[list[str | Text]] = [
        [
            printable(label),
            *(f"{scores[name]:,.6g}" if name == "samples" else number(scores[name]) for name in names),
        ]
        for label, scores in labels.items()
    ]
    return ResponsiveTable(columns, rows)


def scores_of_target(values: Mapping[str, Any], target: str) -> dict[str, float]:
    """The numbers whose names begin with that of a target, without it: {"loss": 0.1, "rmse": 332.0}."""
    start = f"{target}_"
    return {
        name.removeprefix(start): value
        for name, value in values.items()
        if name.startswith(start) and not isinstance(value, list)
    }


def targets_table(targets: Mapping[str, Mapping[str, float]]) -> ResponsiveTable:
    """A row for each of several targets of different kinds, with its loss and its metrics."""
    names = list(dict.fromkeys(name for found in targets.values() for name in found))
    columns = [Column("target", "left"), *(Column(name.replace("_", " ")) for name in names)]
    rows: list[list[str | Text]] = [
        [printable(target), *(number(found[name]) if name in found else "-" for name in names)]
        for target, found in targets.items()
    ]
    return ResponsiveTable(columns, rows)


def outputs_table(terms: Sequence["Term"]) -> ResponsiveTable:
    """Which outputs of the last layer belong to which of several targets."""
    columns = [
        Column("target", "left"),
        Column("outputs", "left"),
        Column("holds", "left"),
        Column("loss", "left"),
        Column("weight"),
    ]
    rows: list[list[str | Text]] = []
    for term in terms:
        first, last = term.outputs.start + 1, term.outputs.stop
        holds = f"{len(term.head.classes):,} classes" if term.head.classes else "number"
        if term.head.transform is not None:
            holds += ", log" if term.head.transform.log else ", standardized"
        place = f"{first}" if first == last else f"{first} to {last}"
        rows.append([printable(term.head.name), place, holds, term.loss.yaml_name, f"{term.weight:g}"])
    return ResponsiveTable(columns, rows)


def show_model(config: "Config", graph: "Graph", console: Console | None = None) -> None:
    """Prints the table of the layers of a network, and that of its parameter groups if there are any."""
    from nntrain.losses.weighted_sum import WeightedSum
    from nntrain.training.groups import group_rows

    console = console or output()
    console.print(summary(layer_rows(graph), float_type(config.train.precision).itemsize))
    if isinstance(config.loss, WeightedSum) and config.loss.bound:
        console.print(Group(Text(), outputs_table(config.loss.terms)))
    if rows := group_rows(config, graph):
        console.print(Group(Text(), groups_table(rows)))


def show_gradcheck(
    checks: Iterable["Check"],
    cost: "Cost | None" = None,
    moved: int = 0,
    console: Console | None = None,
) -> None:
    """Prints the table of a gradient check; `cost`: the time of a backward pass, where a network was checked."""
    (console or output()).print(gradcheck(checks, cost, moved))


def show_scores(
    result: Mapping[str, Any], path: Path | str, alone: bool = False, console: Console | None = None
) -> None:
    """Prints the scores of a checkpoint: {"split": "test", "samples": 360, "loss": 0.11, ...}, with "data" where the data are
    not the run's own, "classes" where there is a confusion matrix, and "labels" with the scores of each. `alone`: the data have no other split.
    """
    console = console or output()
    about = ("data", "split", "samples", "classes", "labels", "targets")
    values = {name: value for name, value in result.items() if name not in about}
    split = [] if alone else [f"{result['split']} split"]
    source = ", ".join([printable(text) for text in [result.get("data"), *split] if text])
    samples = f", {result['samples']:,} samples, checkpoint "
    head = Text.assemble((source, "bold"), samples, printable(path))
    show_line(console, head)
    by_target = {name: scores_of_target(values, name) for name in result.get("targets", ())}
    of_targets = {f"{target}_{name}" for target, found in by_target.items() for name in found}
    rest = {name: value for name, value in values.items() if name not in of_targets}
    console.print(scores(rest, result.get("classes", ())))
    if by_target:
        console.print(Group(Text(), targets_table(by_target)))
    if labels := result.get("labels"):
        console.print(Group(Text(), labels_table(labels)))


def model_text(config: "Config", graph: "Graph") -> str:
    """The table of layers, and that of parameter groups, as plain text."""
    file = io.StringIO()
    console = Console(width=100, file=file, color_system=None, markup=False, emoji=False, highlight=False)
    show_model(config, graph, console)
    return file.getvalue()
