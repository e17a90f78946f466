"""Scaling: the parts of a sharded training step, and the predicted times on more ranks."""

from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from nntrain.report.formats import count, counted
from nntrain.report.terminal.console import output
from nntrain.report.terminal.responsive_table import Column, ResponsiveTable

if TYPE_CHECKING:
    from nntrain.scaling.measure import Scaling
    from nntrain.scaling.prediction import Predicted

FAR = 0.15  # of a prediction from what was measured
WORTH = 0.5  # of efficiency: below, most of the processors' time is lost


def show_scaling(found: "Scaling", console: Console | None = None) -> None:
    """Prints the parts of a step and how far it scales."""
    (console or output()).print(scaling_text(found))


def scaling_text(found: "Scaling") -> RenderableType:
    return Group(
        head(found),
        Text(),
        parts_table(found),
        Text(),
        Text(predicted_for(found)),
        Text(),
        Text(f"the same batch of {found.batch_size:,} samples, shared by all ranks", style="bold"),
        prediction_table(found.same_batch),
        Text(),
        Text(f"a batch that grows with the ranks, {found.batch_size:,} samples on each", style="bold"),
        prediction_table(found.same_per_rank),
        Text(),
        Text(worth(found)),
        Text(
            "Left out: differences between machines, networks that many ranks share, evaluation, checkpoints, reading of data.",
            style="dim",
        ),
    )


def head(found: "Scaling") -> Text:
    ranks, threads = counted(found.ranks, "rank"), counted(found.threads, "thread")
    machines = f" on {counted(len(set(found.hosts)), 'machine')}" if found.ranks > 1 else ""
    return Text.assemble(
        (f"{found.step_us:,.1f} µs/step", "bold"),
        f" with {found.batch_size:,} samples in {counted(found.shards, 'shard')}: {found.samples_per_s:,.0f} samples/s, "
        f"{ranks} of {threads}{machines}",
    )


def parts_table(found: "Scaling") -> RenderableType:
    own = found.shards // found.ranks
    rows = -(-found.batch_size // found.shards)
    parts = [
        (
            f"forward and backward, {counted(own, 'shard')} of {counted(rows, 'sample')}",
            found.forward_backward_us,
        ),
        ("optimizer, clipping, sums of losses and metrics", found.repeated_us),
    ]
    if found.ranks > 1:
        sent = f"communication, {count(found.sent_bytes, 'B')} sent by each rank"
        parts += [(sent, found.exchange_us), ("waiting for the slowest rank", found.wait_us)]
    columns = [Column("part of a step", "left"), Column("µs"), Column("share of\nstep")]
    return ResponsiveTable(columns, [[name, f"{us:,.1f}", f"{us / found.step_us:.0%}"] for name, us in parts])


def predicted_for(found: "Scaling") -> str:
    network = f"{found.latency_us:,.1f} µs per message and {found.bandwidth_gbit_s:,.1f} Gbit/s"
    if found.link_measured:
        where = "ranks on one machine" if len(set(found.hosts)) == 1 else f"{found.ranks} ranks"
        network += f", as measured between {where}"
    elif found.ranks == 1:
        network += ", which are assumed: one process cannot measure them"
    text = f"Predicted for ranks of {counted(found.threads, 'thread')} with {network}."
    if found.ranks > 1:
        text += f" For these {found.ranks} ranks the prediction is {found.predicted_us:,.1f} µs/step."
        if abs(found.predicted_us / found.step_us - 1) > FAR:
            text += " That is far from the measured time: other programs may use the processors, or the ranks differ."
    return text


def prediction_table(lines: "list[Predicted]") -> RenderableType:
    columns = [
        Column("ranks"),
        Column("batch", drop_rank=1),
        Column("µs/step"),
        Column("samples/s"),
        Column("speed-up"),
        Column("efficiency"),
    ]
    rows: list[list[str | Text]] = [
        [
            f"{line.ranks:,}",
            f"{line.batch_size:,}",
            f"{line.step_us:,.0f}",
            f"{line.samples_per_s:,.0f}",
            speedup(line.speedup),
            f"{line.efficiency:.0%}",
        ]
        for line in lines
    ]
    return ResponsiveTable(columns, rows)


def speedup(times: float) -> str:
    return f"{times:.2f}×" if times < 9.995 else f"{times:.1f}×" if times < 99.95 else f"{times:,.0f}×"


def worth(found: "Scaling") -> str:
    """How many ranks pay."""
    fastest = max(found.same_batch, key=lambda line: line.speedup).ranks
    same, grown = (
        max(line.ranks for line in lines if line.efficiency >= WORTH)
        for lines in (found.same_batch, found.same_per_rank)
    )
    return (
        f"The same batch is fastest on {counted(fastest, 'rank')}, and at least {WORTH:.0%} efficient up to {same:,}; "
        f"a batch that grows is so up to {grown:,}."
    )
