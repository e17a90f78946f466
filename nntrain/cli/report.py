"""`nntrain report`: one HTML page about a run, or about several runs side by side."""

from pathlib import Path
from typing import Any

import click

from nntrain.cli.shared import hints, offline_option, plugin_option
from nntrain.errors import NntrainError

WITHOUT_CURVES = (
    "note: the page has static pictures only. For curves to zoom into: pip install 'nntrain[report]'"
)


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file of the page. By default RUN/report.html; for several runs report.html in the current folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing page.")
@click.option("--no-pictures", is_flag=True, help="Leave out the pictures: a smaller page, sooner.")
@click.option(
    "--style",
    type=click.Choice(["light", "dark", "both"]),
    default="light",
    show_default=True,
    help="Colours of the pictures; both: each twice, and the reader's system chooses, as it does for the page itself.",
)
@plugin_option
@offline_option
def command(
    runs: tuple[Path, ...], output: Path | None, overwrite: bool, no_pictures: bool, style: Any
) -> None:
    """Write a page about a run, or about several runs side by side, to open in a browser.

    One file that loads nothing from anywhere: scores beside those of a constant prediction, warnings, curves to zoom into, all
    pictures that fit, layers, the config, and the commands to repeat it. Of several runs it shows what differs between them. The curves
    need an extra: pip install 'nntrain[report]'.
    """
    from nntrain.api.report import Exists, write
    from nntrain.cli.shared import show_warnings
    from nntrain.report.html.curves.figures import available
    from nntrain.report.terminal.downloads import shown_downloads

    advice: dict[type[NntrainError], str] = {
        Exists: "Use --overwrite to replace it, or --output to choose another name."
    }
    with shown_downloads(), hints(advice):
        path, warnings = write(runs, output, overwrite, style=None if no_pictures else style)
    show_warnings(warnings)
    if not available():
        click.echo(WITHOUT_CURVES, err=True)
    click.echo(str(path))
