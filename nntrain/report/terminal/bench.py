"""Bench: the cost of a training step, layer by layer and part by part, also next to an earlier measurement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import counted, duration, printable
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.bench.comparison import Change, Comparison
    from nntrain.bench.result import Bench

NOISE = 0.05  # single measurements of the same code differ by so much
MARK = "*"  # of layers whose operations are counted as those of the direct algorithm


def show_bench(
    result: "Bench", comparison: "Comparison | None" = None, console: Console | None = None
) -> None:
    """Prints the time of a training step, layer by layer."""
    (console or output()).print(bench_text(result, comparison))


def bench_text(result: "Bench", comparison: "Comparison | None" = None) -> RenderableType:
    parts: list[RenderableType] = [head(result), Text(), step_table(result), Text(), *foot(result)]
    if comparison is not None:
        parts += [Text(), compared_head(comparison), Text(), compared_table(comparison)]
    return Group(*parts)


def head(result: "Bench") -> Text:
    return Text.assemble(
        (f"{result.step_us:,.1f} µs/step", "bold"),
        f" with {counted(result.batch_size, 'sample')}: "
        f"{result.samples_per_s:,.0f} samples/s, {result.gflops:,.1f} GFLOP/s",
    )


def step_table(result: "Bench") -> RenderableType:
    rows: list[list[str | Text]] = []
    space = " " * any(layer.algorithm for layer in result.layers)  # below a mark
    for layer in result.layers:
        mark = MARK if layer.algorithm else space
        rows.append(
            [
                printable(layer.name),
                f"{layer.forward_us:,.1f}",
                f"{layer.backward_us:,.1f}",
                f"{layer.us / result.step_us:.0%}",
                f"{layer.gflops:,.1f}" if layer.gflops else "",
                f"{layer.gflops / result.peak_gflops:.0%}{mark}" if layer.gflops else "",
            ]
        )
    for name, us in result.parts.items():
        rows.append([name, "", f"{us:,.1f}", f"{us / result.step_us:.0%}", "", ""])
    columns = [
        Column("layer or part", "left"),
        Column("forward\nµs"),
        Column("backward\nµs"),
        Column("share of\nstep"),
        Column("GFLOP/s", drop_rank=1),
        Column(f"of{space}\npeak{space}", drop_rank=2),
    ]
    styles = {len(result.layers) + place: "dim" for place in range(len(result.parts))}
    return ResponsiveTable(columns, rows, row_styles=styles)


def foot(result: "Bench") -> list[Text]:
    threads = counted(result.threads, "thread")
    texts = [
        f"Besides the step, training spends {result.data_us:,.1f} µs per batch on loading it and {result.metrics_us:,.1f} µs on "
        "its metrics.",
        f"Peak of this machine with {threads}: {result.peak_gflops:,.0f} GFLOP/s. The first step took "
        f"{duration(result.compile_s)}. Peak memory: {result.peak_rss_mb:,.0f} MB.",
    ]
    if algorithms := {layer.algorithm for layer in result.layers if layer.algorithm}:
        texts.append(
            f"{MARK} by {' and '.join(sorted(algorithms))}'s algorithm, which takes fewer operations than the direct one. Those of "
            "the direct one are counted, so that it can exceed the peak."
        )
    return [Text(text, style="dim") for text in texts]


def compared_head(comparison: "Comparison") -> Text:
    step = comparison.step
    text = Text.assemble((f"{times(step.ratio)} as fast", "bold"), f" as in {printable(comparison.file)}")
    return text.append(f", which took {step.before_us:,.1f} µs/step")


def compared_table(comparison: "Comparison") -> RenderableType:
    columns = [Column("layer or part", "left"), Column("before\nµs"), Column("now\nµs"), Column("speed-up")]
    lines = [comparison.step, *comparison.layers, *comparison.parts]
    return ResponsiveTable(columns, compared_rows(lines), row_styles={0: "bold"})


def compared_rows(lines: "Sequence[Change]") -> list[list[str | Text]]:
    def us(value: float | None) -> str:
        return "" if value is None else f"{value:,.1f}"

    return [[printable(line.name), us(line.before_us), us(line.us), verdict(line)] for line in lines]


def verdict(line: "Change") -> Text:
    """Green where it has become faster, red where slower, by more than the noise of a single measurement."""
    if line.us is None or line.before_us is None:
        return Text("gone" if line.us is None else "new")
    ratio = line.ratio
    style = "" if ratio is None or abs(ratio - 1) <= NOISE else "green" if ratio > 1 else "red"
    return Text(times(ratio), style)


def times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}×"
