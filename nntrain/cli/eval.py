"""`nntrain eval`: scores a run's best checkpoint, or any checkpoint, on one of its splits or on other data."""

from pathlib import Path

import click

from nntrain.cli.shared import json_option, plugin_option, threads_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The part of the data to score on; by default test where there is one, else validation.",
)
@click.option(
    "--data",
    "source",
    metavar="SOURCE-YAML",
    help="Score on other data: a source as in a config, such as '{csv: {path: new.csv}}' or digits, or a YAML file "
    "that holds one. By default its test part where it has one, else its train part.",
)
@plugin_option
@json_option
@threads_option
def command(path: Path, split: str | None, source: str | None, as_json: bool, threads: int | None) -> None:
    """Score a run's best checkpoint, or the given one.

    With --data the data of the training are not needed. Columns of a table and classes are matched by name; gaps are filled
    and values scaled as in the training. Paths in SOURCE-YAML count from here, or from the file that holds it.
    """
    from nntrain.cli.shared import print_json, use_threads
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.tables import show_scores
    from nntrain.run.score import score, score_on
    from nntrain.run.stored import open_stored

    use_threads(threads)
    stored = open_stored(path)
    with shown_downloads():
        result = score(stored, split) if source is None else score_on(stored, source, split)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        print_json(result.to_dict())
    else:
        show_scores(result.to_dict(), stored.path)
