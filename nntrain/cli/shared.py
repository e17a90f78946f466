"""What several commands share: their options, and the loading of a config."""

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.errors import NntrainError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from nntrain.config import Document
    from nntrain.distributed.ranks import Ranks
    from nntrain.training.setup import Setup

config_argument = click.argument("config", type=click.Path(path_type=Path))
overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of the config, such as optimizer.sgd.lr=0.1. Can be repeated.",
)
runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="The folder that holds the runs.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _load_plugins(context: click.Context, parameter: click.Parameter, files: tuple[Path, ...]) -> None:
    from nntrain.distributed.launch import launched_size

    if not files and launched_size() == 1:
        return
    from nntrain import plugins
    from nntrain.distributed.launch import joined
    from nntrain.distributed.together import together

    with together(joined()):
        for file in files:
            plugins.load(file)


plugin_option = click.option(
    "--plugin",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_load_plugins,
    help="A Python file that defines components. Can be repeated.",
)


def _go_offline(context: click.Context, parameter: click.Parameter, offline: bool) -> None:
    if offline:
        from nntrain.data.files import download

        context.with_resource(download.offline())


offline_option = click.option(
    "--offline",
    is_flag=True,
    expose_value=False,
    callback=_go_offline,
    help="Download nothing; a known data set must be on this machine. As NNTRAIN_OFFLINE=1.",
)
threads_option = click.option(
    "--threads",
    type=int,
    metavar="N",
    help="Number of threads; by default all processors that the process may use. The results do not depend on it.",
)


def complete_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list["CompletionItem"]:
    """Has the shell complete names of files and folders, for an argument that can also be something else."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def load_setup(path: Path, overrides: tuple[str, ...]) -> tuple["Setup", "Document"]:
    """The config with its data and graph, and its document. Downloads are shown."""
    from nntrain.api.setup import load_setup as load
    from nntrain.report.terminal.downloads import shown_downloads

    with shown_downloads():
        return load(path, overrides)


def print_json(value: object) -> None:
    """One line of JSON; NaN and infinity, which JSON does not have, as null."""
    import json

    from nntrain.files import jsonable

    click.echo(json.dumps(jsonable(value), allow_nan=False))


@contextlib.contextmanager
def hints(advice: Mapping[type[NntrainError], str]) -> Iterator[None]:
    """Replaces the hints of these errors by those that name options of the command line."""
    try:
        yield
    except NntrainError as error:
        error.hint = advice.get(type(error), error.hint)
        raise


def use_threads(count: int | None, ranks: "Ranks | None" = None) -> int:
    """Computes with so many threads until the command ends; by default with all, divided among the ranks on this machine."""
    from nntrain.api.setup import computing_threads
    from nntrain.distributed.ranks import ALONE

    threads = computing_threads(count, "--threads", ranks or ALONE)
    return click.get_current_context().with_resource(threads)


def share_stdin(ranks: "Ranks") -> None:
    """Gives all ranks what the launcher passes to the root alone; the others would wait for it."""
    text = ranks.broadcast(sys.stdin.buffer.read() if ranks.is_root else b"")
    sys.stdin = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8")


def show_warnings(warnings: Iterable[str]) -> None:
    from nntrain.report.terminal.messages import show_warning

    for warning in warnings:
        show_warning(warning)
