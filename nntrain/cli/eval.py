"""`nntrain eval`: scores a run's best checkpoint, or any checkpoint, on one of its splits."""

from pathlib import Path

import click

from nntrain.cli.shared import json_option, plugin_option, threads_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.option("--split", type=click.Choice(["train", "validation", "test"]),
              help="The part of the data to score on; by default test where there is one, else validation.")
@plugin_option
@json_option
@threads_option
def command(path: Path, split: str | None, as_json: bool, threads: int | None) -> None:
    """Score a run's best checkpoint."""
    import json

    from nntrain.cli.shared import use_threads
    from nntrain.report.tables import show_scores
    from nntrain.training.scoring import score
    from nntrain.training.stored import open_stored

    use_threads(threads)
    stored = open_stored(path)
    result = score(stored, split)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps(result.to_dict()))
    else:
        show_scores(result.to_dict(), stored.path)
