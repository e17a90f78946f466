"""`nntrain cache`: shows and clears the caches of kernels, tables and images, and compiles kernels ahead of time."""

from pathlib import Path
from typing import Any

import click

from nntrain.cli.shared import json_option, offline_option, overrides_option, plugin_option, threads_option


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the caches, compile kernels for a config, or clear the caches.

    A kernel is compiled when a network first needs it, and kept in $NNTRAIN_CACHE/kernels, by default in the user's cache folder. A
    new version of nntrain, Numba or Python, or another processor, compiles anew and leaves stale kernels behind. Large tables and
    folders of images are read once, into the folders tables and images beside it.
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json shows the cache; it cannot be combined with a command.")
        return
    from nntrain.cli.shared import print_json
    from nntrain.data.caches import KINDS, CachedData, Kind, cached_data, folder_of
    from nntrain.kernel_cache import cached
    from nntrain.kernels import cache
    from nntrain.report.terminal.cache import show_cache, show_data_cache

    found, root = cached(), cache.cache_root()
    data: dict[Kind, list[CachedData]] = {kind: cached_data(kind) for kind in KINDS}
    if as_json:
        of_data: dict[str, Any] = {
            kind: {"folder": str(folder_of(kind)), "caches": [one.to_dict() for one in held]}
            for kind, held in data.items()
        }
        kernels = [one.to_dict() for one in found]
        print_json({"folder": root and str(root), "caches": kernels, **of_data})
        return
    show_cache(root, found)
    for kind, held in data.items():
        show_data_cache(kind, folder_of(kind), held)


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
    made = (
        f"compiled {_counted(count, 'kernel')} in {seconds:.1f} s"
        if count
        else "all kernels were compiled already"
    )
    click.echo(f"{made}: {cache.FOLDER}")


@command.command()
@click.option("--kernels", is_flag=True, help="Compiled kernels. Runs that need them compile them again.")
@click.option("--tables", is_flag=True, help="Tables. Runs that need them read their files again.")
@click.option("--images", is_flag=True, help="Images of folders. Runs that need them read them again.")
@click.option(
    "--stale",
    is_flag=True,
    help="Only what nothing uses any more: kernels of other versions of nntrain, Numba or Python, or of another processor; "
    "tables and images whose files have changed or are gone.",
)
def clear(kernels: bool, tables: bool, images: bool, stale: bool) -> None:
    """Remove compiled kernels, tables and images from the caches: all, or only the kinds that are named.

    Only files that nntrain has written are removed.
    """
    from nntrain.data import caches
    from nntrain.kernel_cache import clear as cleared

    every = not (kernels or tables or images)
    found: list[tuple[str, int, float]] = []  # what, how many, bytes
    if kernels or every:
        removed = cleared(stale)
        count = sum(part.kernels for part in removed)
        found.append(("kernel", count, sum(part.bytes for part in removed)))
    chosen = {"tables": ("table", tables), "images": ("image folder", images)}
    for kind in caches.KINDS:
        what, wanted = chosen[kind]
        if wanted or every:
            data = caches.clear(kind, stale)
            found.append((what, len(data), sum(part.bytes for part in data)))
    for what, count, size in found:
        if count or size:
            click.echo(f"removed {_counted(count, what)}, {size / 1e6:,.1f} MB")
    if not any(count or size for _, count, size in found):
        click.echo("nothing is stale" if stale else "the caches are empty")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
