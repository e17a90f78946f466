"""`nntrain predict`: what a trained network says of new samples."""

import sys
from pathlib import Path

import click

from nntrain.cli.shared import plugin_option, threads_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.argument("samples", metavar="INPUT")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE.csv or FILE.npz, not to stdout.")
@click.option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@click.option("--probabilities", is_flag=True, help="For classes: also say how likely each one is.")
@plugin_option
@threads_option
def command(path: Path, samples: str, output: Path | None, overwrite: bool, probabilities: bool, threads: int | None) -> None:
    """Predict with a run's best checkpoint, or the given one.

    INPUT is a CSV file, plain or gzip-compressed, or - for CSV on stdin. Its columns are found by name, whatever their order;
    others, such as the target, are passed over. Or it is an .npz file with an array x, or an .npy file. Or a source as in
    a config, such as '{idx: {...}}' or digits, of which the test part is taken, else the train part.

    The output is CSV with a header and one line for each sample, in their order: the column `class`, and with --probabilities
    a column `p(NAME)` for each class; or a column for each target, by its name. So `paste -d, INPUT OUTPUT` puts both side by
    side. In FILE.npz are the arrays class, classes and probabilities, or values and targets.
    """
    from nntrain.cli.shared import use_threads
    from nntrain.report.downloads import shown_downloads
    from nntrain.training import predicting
    from nntrain.training.inputs import new_samples
    from nntrain.training.stored import open_stored

    if overwrite and output is None:
        raise click.UsageError("--overwrite goes with --output.")
    if output is not None:
        predicting.check_output(output, overwrite)
    use_threads(threads)
    stored = open_stored(path)
    if probabilities:
        predicting.check_probabilities(stored)
    for warning in stored.warnings:
        click.echo(f"warning: {warning}", err=True)
    with shown_downloads():
        data = new_samples(stored, samples, sys.stdin.buffer)
    answers = predicting.predict(stored, data, probabilities)
    if output is None:
        click.echo(predicting.csv_text(answers.columns()), nl=False)
    else:
        predicting.write(output, answers)
        click.echo(f"wrote {output}: {len(data):,} predictions")
