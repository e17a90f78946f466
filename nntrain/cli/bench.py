"""`nntrain bench`: times training steps of a config's network."""

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


@click.command()
@config_argument
@overrides_option
@click.option(
    "--batch-size", type=click.IntRange(min=1), metavar="N", help="Samples per step; by default CONFIG's."
)
@plugin_option
@offline_option
@threads_option
@json_option
def command(
    config: Path, overrides: tuple[str, ...], batch_size: int | None, threads: int | None, as_json: bool
) -> None:
    """Time training steps of CONFIG's network.

    Forward, loss, backward and optimizer on one batch; each layer next to the machine's peak.
    """
    from nntrain import kernels
    from nntrain.bench import bench
    from nntrain.cli.shared import load_setup, print_json, use_threads
    from nntrain.report.terminal.tables import show_bench

    thread_count = use_threads(threads)
    setup, _ = load_setup(config, overrides)
    with kernels.denormals.flushed():
        result = bench(setup, batch_size, thread_count)
    if as_json:
        print_json(result.to_dict())
    else:
        show_bench(result)
