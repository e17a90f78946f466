"""Preflight: the screen of `nntrain check`: facts, the layers with their spreads, findings, a verdict."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import count, duration, number, printable, short, size
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable
from nntrain.report.terminal.tables import nonzero
from nntrain.report.terminal.wrapping import wrapped

if TYPE_CHECKING:
    from nntrain.preflight.finding import Finding
    from nntrain.preflight.report import Report

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
SHARE = 0.1  # of the memory, from which a part of it is named


@contextlib.contextmanager
def measuring(what: str = "measuring") -> Iterator[None]:
    """Shows on a terminal that something goes on."""
    console = output(stderr=True)
    with console.status(what) if console.is_terminal else contextlib.nullcontext():
        yield


def show_report(report: "Report", console: Console | None = None) -> None:
    """Prints what a check before training found."""
    (console or output()).print(screen(report))


def screen(report: "Report") -> RenderableType:
    parts: list[RenderableType] = [
        Text(printable(report.name), style="bold"),
        facts(report),
        Text(),
        layers(report),
        Text(),
    ]
    for finding, after in itertools.zip_longest(report.findings, report.findings[1:]):
        # One hint for several findings in a row.
        parts.append(shown(finding, with_hint=after is None or after.remedy != finding.remedy))
    if report.findings:
        parts.append(Text())
    style = (
        "bold green"
        if report.passed and not report.of("warning")
        else STYLES["warning" if report.passed else "error"]
    )
    parts.append(Text(report.verdict, style=style))
    return Group(*parts)


@dataclass
class Hanging:
    """Labels beside texts, whose further lines begin where their first one does."""

    rows: list[tuple[Text, Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        indent = 2 + max(label.cell_len for label, _ in self.rows)
        for label, text in self.rows:
            for line in text.split("\n"):
                begun = Text.assemble(label, " " * (indent - label.cell_len), line)
                yield wrapped(begun, options.max_width, indent)
                label = Text()


def facts(report: "Report") -> Hanging:
    """The summary on top."""
    rows = {
        "data": data_text(report),
        "network": network_text(report),
        "memory": memory_text(report),
        "time": time_text(report),
        "first loss": f"{number(report.first_loss)}, expected about {expected_text(report)}",
        "one batch": one_batch_text(report),
    }
    return Hanging([(Text(label, style="dim"), Text(text)) for label, text in rows.items()])


def data_text(report: "Report") -> str:
    splits = ", ".join(f"{samples:,} for {split}" for split, samples in report.samples.items())
    classes = f"; {len(report.classes):,} classes" if report.classes else ""
    what = f"{report.input_shape[0]:,} tokens" if report.tokens else f"shape {report.input_shape}"
    return f"{splits} (samples of {what}{classes})"


def network_text(report: "Report") -> str:
    cost = report.cost
    frozen = f" ({cost.parameters - cost.trainable:,} frozen)" if cost.trainable < cost.parameters else ""
    return (
        f"{cost.parameters:,} parameters{frozen}; {count(cost.flops_per_sample, 'FLOP')} per sample forward, "
        f"{count(cost.flops_per_step, 'FLOP')} per step of {cost.batch_size:,} sample{'s' * (cost.batch_size != 1)}"
    )


def memory_text(report: "Report") -> str:
    """The total, and its larger parts."""
    parts = {"data": report.cost.data_bytes, **report.cost.memory_bytes}
    total = sum(parts.values())
    large = sorted(
        ((n_bytes, what) for what, n_bytes in parts.items() if n_bytes >= SHARE * total), reverse=True
    )
    return f"{size(total)} ({', '.join(f'{what} {size(n_bytes)}' for n_bytes, what in large)})"


def time_text(report: "Report") -> str:
    cost = report.cost
    if not math.isfinite(cost.step_s):
        return "not measured"
    return (
        f"{duration(cost.step_s)} per step, {duration(cost.epoch_s)} per epoch of {cost.steps_per_epoch:,} "
        f"step{'s' * (cost.steps_per_epoch != 1)}, {duration(cost.run_s)} for {cost.epochs:,} epoch{'s' * (cost.epochs != 1)}"
    )


def expected_text(report: "Report") -> str:
    classes = len(report.classes)
    logarithm = bool(classes) and math.isclose(report.expected_loss, math.log(classes), rel_tol=1e-5)
    why = (
        f"ln {classes:,}"
        if logarithm
        else "equal probabilities"
        if report.from_logits
        else "best constant prediction"
    )
    return f"{number(report.expected_loss)} ({why})"


def one_batch_text(report: "Report") -> str:
    batch = report.one_batch
    if batch is None:
        return "too few different samples to try"
    own = batch.own
    end = "NaN" if math.isnan(own.last) else number(own.last)
    undecided = "" if batch.decided else "; too slow to decide"
    return (
        f"loss {number(own.first)} to {end} in {own.steps:,} steps on the same {batch.samples} samples "
        f"(best constant prediction {number(batch.constant)}){undecided}"
    )


def layers(report: "Report") -> ResponsiveTable:
    """Shapes, sizes, and the distribution of outputs and gradients on a first batch."""
    columns = [
        Column("layer", "left"),
        Column("kind", "left", drop_rank=3),
        Column("output\nshape", "left", drop_rank=4),
        Column("parameters", drop_rank=5),
        Column("FLOPs\nper sample", drop_rank=6),
        Column("output\nmean", drop_rank=2),
        Column("output\nstd"),
        Column("zeros", drop_rank=1),
        Column("gradient\nstd"),
    ]
    rows: list[list[str | Text]] = []
    for layer in report.layers:
        spread, gradient = layer.output, layer.gradient
        rows.append(
            [
                printable(layer.name),
                printable(layer.kind),
                str(layer.shape),
                nonzero(layer.parameters),
                nonzero(layer.flops),
                spread_text(spread.mean) if spread else "-",
                spread_text(spread.std) if spread else "-",
                f"{spread.zeros:.0%}" if spread and spread.zeros else "-",
                spread_text(gradient.std) if gradient else "-",
            ]
        )
    named = {finding.place: finding.severity for finding in reversed(report.findings)}
    marked = {i: named.get(f"layer {layer.name!r}") for i, layer in enumerate(report.layers)}
    styles = {i: STYLES[severity] for i, severity in marked.items() if severity}
    return ResponsiveTable(columns, rows, row_styles=styles)


def spread_text(value: float) -> str:
    """Three digits."""
    return short(float(f"{value:.3g}")) if math.isfinite(value) else number(value)


def shown(finding: "Finding", with_hint: bool) -> Hanging:
    return beside(finding.severity, finding.text, finding.remedy if with_hint else "")


def beside(severity: str, text: str, hint: str) -> Hanging:
    """The severity beside the text, and below it what to do."""
    shown = Text(printable(text))
    if hint:
        shown.append("\nhint: ", style="bold cyan")
        shown.append(printable(hint))
    return Hanging([(Text(severity.ljust(len("warning")), style=STYLES[severity]), shown)])
