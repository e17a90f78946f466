"""`nntrain cache`: shows, builds and clears the cache of compiled kernels."""

from pathlib import Path
from typing import Any

import click

from nntrain.cli.shared import json_option, offline_option, overrides_option, plugin_option, threads_option


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the kernel cache, build it for a config, or clear it.

    A kernel is compiled when a network first needs it, and kept in $NNTRAIN_CACHE/kernels, by default in the user's cache folder. A
    new version of nntrain, Numba or Python, or another processor, compiles anew and leaves stale kernels behind.
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json shows the cache; it cannot be combined with a command.")
        return
    from nntrain.cli.shared import print_json
    from nntrain.kernel_cache import cached
    from nntrain.kernels import cache
    from nntrain.report.terminal.cache import show_cache

    found = cached()
    if as_json:
        root = cache.cache_root()
        print_json({"folder": root and str(root), "caches": [kernels.to_dict() for kernels in found]})
    else:
        show_cache(cache.cache_root(), found)


@command.command()
@click.option(
    "--for",
    "configs",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="CONFIG",
    help="A config, or the folder of a run. Can be repeated.",
)
@overrides_option
@plugin_option
@offline_option
@threads_option
def build(configs: tuple[Path, ...], overrides: tuple[str, ...], threads: int | None) -> None:
    """Compile the kernels that training, evaluating and predicting with a config need.

    So that the first run starts at once, as in an image of a container. Nothing is trained and no run is written.
    """
    from nntrain.cli.shared import load_setup, use_threads
    from nntrain.kernel_cache import build as built
    from nntrain.kernels import cache

    use_threads(threads)
    setups = [load_setup(config, overrides)[0] for config in configs]
    count, seconds = built(setups)
    made = f"compiled {_kernels(count)} in {seconds:.1f} s" if count else "all kernels were compiled already"
    click.echo(f"{made}: {cache.FOLDER}")


@command.command()
@click.option(
    "--stale",
    is_flag=True,
    help="Only kernels of other versions of nntrain, Numba or Python, or of another processor.",
)
def clear(stale: bool) -> None:
    """Remove compiled kernels. Runs that need them compile them again."""
    from nntrain.kernel_cache import clear as cleared

    removed = cleared(stale)
    if not removed:
        click.echo("no stale kernels" if stale else "the kernel cache is empty")
        return
    size: Any = sum(kernels.bytes for kernels in removed) / 1e6
    click.echo(f"removed {_kernels(sum(kernels.kernels for kernels in removed))}, {size:,.1f} MB")


def _kernels(count: int) -> str:
    return f"{count:,} kernel{'' if count == 1 else 's'}"
