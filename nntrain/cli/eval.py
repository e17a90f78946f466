"""`nntrain eval`: evaluates a run's best checkpoint, or any checkpoint, on one of its splits or on other data."""

from pathlib import Path

import click

from nntrain.cli.shared import (
    complete_files,
    json_option,
    offline_option,
    plugin_option,
    threads_option,
)


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The split to evaluate on; by default test if there is one, else validation.",
)
@click.option(
    "--data",
    "source",
    metavar="PATH|SOURCE-YAML",
    shell_complete=complete_files,
    help="Evaluate on other data: a file or folder of the kind that the network was trained on, such as new.csv; or a "
    "source as in a config, such as '{csv: {path: new.csv}}' or digits, or a YAML file that holds one. By default its "
    "test split if it has one, else its training split.",
)
@click.option(
    "--metrics",
    multiple=True,
    metavar="NAME,...",
    help="Compute these metrics instead of CONFIG's, such as confusion_matrix,f1,auc or 'top_k_accuracy: 3'. Can be "
    "repeated.",
)
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    path: Path,
    split: str | None,
    source: str | None,
    metrics: tuple[str, ...],
    as_json: bool,
    threads: int | None,
) -> None:
    """Evaluate a run's best checkpoint, or the given one.

    With --data the training data are not needed. Columns of a table and classes are matched by name; missing values
    are filled and values scaled as in training. Paths in SOURCE-YAML are relative to the current folder, or to the file
    that holds it. With --metrics, nothing is trained again either: `nntrain describe metric` lists them.
    """
    from nntrain.cli.shared import print_json, show_warnings, use_threads
    from nntrain.inference.chosen_metrics import read_metrics
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.messages import show_note
    from nntrain.report.terminal.tables import show_scores
    from nntrain.run.score import NoData, score, score_on
    from nntrain.run.stored import open_stored

    use_threads(threads)
    stored = open_stored(path)
    chosen = read_metrics(stored, metrics, "--metrics") if metrics else None
    try:
        with shown_downloads():
            if source is None:
                result = score(stored, split, chosen)
            else:
                result = score_on(stored, source, split, "--data", chosen)
    except NoData as error:
        other = "valuate on other data with --data, such as --data new.csv."
        error.hint = f"{error.hint} Or e{other}" if error.hint else f"E{other}"
        raise
    for note in result.notes:
        show_note(note)
    show_warnings(result.warnings)
    if as_json:
        print_json(result.to_dict())
    else:
        show_scores(result.to_dict(), stored.path, result.alone)
