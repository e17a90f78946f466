"""What several commands share: their options, and the loading of a config."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nntrain.config import Document
    from nntrain.training.setup import Setup

config_argument = click.argument("config", type=click.Path(path_type=Path))
overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of the config, such as optimizer.sgd.lr=0.1; can be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _load_plugins(context: click.Context, parameter: click.Parameter, files: tuple[Path, ...]) -> None:
    if files:
        from nntrain import plugins

        for file in files:
            plugins.load(file)


plugin_option = click.option(
    "--plugin",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_load_plugins,
    help="Run a Python file of yours that defines components; can be repeated.",
)
threads_option = click.option(
    "--threads",
    type=int,
    metavar="N",
    help="Threads to compute with; all cores by default. The results do not depend on it.",
)


def load_setup(path: Path, overrides: tuple[str, ...]) -> tuple["Setup", "Document"]:
    """The config with its data and graph, and the file that it stands in. Every mistake is told with its place."""
    from nntrain.config import load
    from nntrain.errors import ConfigError
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.training.setup import prepare

    config, document = load(path, overrides)
    try:
        with shown_downloads():
            return prepare(config, path.parent), document
    except ConfigError as error:
        raise document.explain(error) from None


def print_json(value: object) -> None:
    """One line of JSON; NaN and infinity, which JSON does not have, as null."""
    import json

    def finite(part: object) -> object:
        if isinstance(part, dict):
            return {key: finite(entry) for key, entry in part.items()}
        if isinstance(part, (list, tuple)):
            return [finite(entry) for entry in part]
        return None if isinstance(part, float) and not math.isfinite(part) else part

    click.echo(json.dumps(finite(value), allow_nan=False))


def use_threads(count: int | None) -> int:
    """Sets the number of threads that kernels compute with, and says how many they are."""
    from nntrain import kernels
    from nntrain.errors import UserError

    available = kernels.jit.thread_limit()
    if count is not None and not 1 <= count <= available:
        raise UserError(
            f"--threads {count}: expected a number from 1 to {available}, which is all there are here."
        )
    return kernels.jit.use_threads(count or available)
