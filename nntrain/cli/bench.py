"""`nntrain bench`: times training steps of a config's network, also on several ranks."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import click

from nntrain.cli.shared import (
    config_argument,
    json_option,
    offline_option,
    overrides_option,
    plugin_option,
    threads_option,
)
from nntrain.errors import NntrainError, UserError

OF_COMPARED = "`nntrain bench CONFIG --json > FILE` writes a file for --compare."


@click.command()
@config_argument
@overrides_option
@click.option(
    "--batch-size", type=click.IntRange(min=1), metavar="N", help="Samples per step; by default CONFIG's."
)
@click.option(
    "--shards",
    type=click.IntRange(min=1),
    metavar="N",
    help="Time whole steps in N parts, as with train.shards; say how much is communication, and predict the time on 1 to "
    "1,024 ranks. Started by mpiexec, by default CONFIG's.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    metavar="US",
    help="Predict for a network that takes US microseconds per message; by default as measured between the ranks, or 20.",
)
@click.option(
    "--bandwidth",
    type=click.FloatRange(min=0, min_open=True),
    metavar="GBIT",
    help="Predict for a network of GBIT Gbit/s; by default as measured between the ranks, or 25.",
)
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also show how many times as fast each line is as in FILE, which an earlier `bench --json` wrote.",
)
@plugin_option
@offline_option
@threads_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    batch_size: int | None,
    shards: int | None,
    latency: float | None,
    bandwidth: float | None,
    compare: Path | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Time training steps of CONFIG's network.

    Forward, loss, backward and optimizer on one batch; each layer next to the machine's peak. `bench CONFIG --json > old.json`
    keeps the times, and `bench CONFIG --compare old.json` shows what has become faster. With --shards, the parts of a
    step that several ranks share, and how far it scales; `mpiexec -n 2 nntrain bench CONFIG --shards 4` measures their network.
    """
    from nntrain import kernels
    from nntrain.api.scaling import scaling
    from nntrain.bench.comparison import compare as compared
    from nntrain.bench.comparison import read_bench
    from nntrain.bench.measure import bench
    from nntrain.cli.shared import hints, load_setup, print_json, share_stdin, show_warnings, use_threads
    from nntrain.distributed.launch import connected
    from nntrain.distributed.together import together
    from nntrain.report.terminal.bench import show_bench
    from nntrain.report.terminal.scaling import show_scaling

    ranks = connected()
    on_shards = shards is not None or ranks.size > 1
    if not on_shards and (latency is not None or bandwidth is not None):
        raise click.UsageError(f"--{'bandwidth' if latency is None else 'latency'} requires --shards.")
    if on_shards and compare is not None:
        raise click.UsageError("--compare cannot be combined with --shards or several ranks.")
    with together(ranks):
        thread_count = use_threads(threads, ranks)
    if str(config) == "-" and ranks.size > 1:
        share_stdin(ranks)
    if not on_shards:
        with hints({UserError: OF_COMPARED}):
            before = read_bench(compare) if compare else None
        setup, _ = load_setup(config, overrides)
        with kernels.denormals.flushed():
            result = bench(setup, batch_size, thread_count, name=config.name)
        comparison = None
        if before is not None:
            with hints({UserError: OF_COMPARED}):
                comparison = compared(result, before, str(compare))
            show_warnings(comparison.warnings)
        if as_json:
            print_json(result.to_dict() | ({"compared": comparison.to_dict()} if comparison else {}))
        else:
            show_bench(result, comparison)
        return
    sizes = {"batch_size": batch_size, "shards": shards}
    with as_options(**sizes):
        overrides += tuple(f"train.{name}={size}" for name, size in sizes.items() if size is not None)
        found = scaling(config, overrides, ranks, thread_count, latency, bandwidth)
    if not ranks.is_root:
        return
    if as_json:
        print_json(found.to_dict())
    else:
        show_scaling(found)


@contextlib.contextmanager
def as_options(**values: int | None) -> Iterator[None]:
    """An error about the batch size or the shards names the option."""
    try:
        yield
    except NntrainError as error:
        for name, value in values.items():
            option = f"--{name.replace('_', '-')}"
            error.place = error.place.replace(f"--set train.{name}={value}: train.{name}", option)
            error.hint = re.sub(rf"Set `(train\.)?{name}` to", f"Use {option}", error.hint)
        raise
