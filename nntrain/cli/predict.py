"""`nntrain predict`: what a trained network says of new samples, or how it goes on with a text."""

import sys
from pathlib import Path

import click

from nntrain.cli.shared import plugin_option, threads_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.argument("samples", metavar="[INPUT]", required=False)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE.csv or FILE.npz, of a text to FILE.txt, not to stdout.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@click.option("--probabilities", is_flag=True, help="For classes: also say how likely each one is.")
@click.option(
    "--prompt",
    metavar="TEXT",
    help="For a network that was trained on text: go on with this one, in place of INPUT.",
)
@click.option(
    "--length",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many characters, bytes or words to add to the prompt; 200 by default.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="T",
    help="0 always takes the likeliest, 1 draws each as often as it is likely (the default); between them it is bolder "
    "or less so.",
)
@click.option("--top-k", type=click.IntRange(min=1), metavar="K", help="Draw from the K likeliest only.")
@click.option("--seed", type=int, metavar="S", help="Another seed, another text; 0 by default.")
@plugin_option
@threads_option
def command(
    path: Path,
    samples: str | None,
    output: Path | None,
    overwrite: bool,
    probabilities: bool,
    prompt: str | None,
    threads: int | None,
    **sampling: float | None,
) -> None:
    """Predict with a run's best checkpoint, or the given one.

    INPUT is a CSV file, plain or gzip-compressed, or - for CSV on stdin. Its columns are found by name, whatever their order;
    others, such as the target, are passed over. Or it is an .npz file with an array x, or an .npy file. Or a source as in
    a config, such as '{idx: {...}}' or digits, of which the test part is taken, else the train part.

    The output is CSV with a header and one line for each sample, in their order: the column `class`, and with --probabilities
    a column `p(NAME)` for each class; or a column for each target, by its name. So `paste -d, INPUT OUTPUT` puts both side by
    side; also where each step of a sequence has a prediction. A sequence, or a series whose next values are predicted, has one
    line, which begins with what tells it apart. In FILE.npz are the arrays class, classes and probabilities, or values and
    targets.

    A network that was trained on text takes --prompt in place of INPUT. The output is the prompt and what follows it.
    """
    from nntrain.cli.shared import use_threads
    from nntrain.inference import predict as predicting
    from nntrain.inference.generate import Sampling, generated
    from nntrain.inference.inputs import new_samples
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.run.stored import open_stored

    given = {name: value for name, value in sampling.items() if value is not None}
    if overwrite and output is None:
        raise click.UsageError("--overwrite goes with --output.")
    if (samples is None) == (prompt is None):
        raise click.UsageError(
            "Expected INPUT, or --prompt for a network that was trained on text. "
            f"Received {'neither' if samples is None else 'both'}."
        )
    if prompt is None and given:
        raise click.UsageError(f"--{next(iter(given)).replace('_', '-')} goes with --prompt.")
    if prompt is not None and probabilities:
        raise click.UsageError("--probabilities does not go with --prompt.")
    if output is not None:
        predicting.check_output(output, overwrite, *([(".txt",)] if prompt is not None else []))
    use_threads(threads)
    stored = open_stored(path)
    if probabilities:
        predicting.check_probabilities(stored)
    for warning in stored.warnings:
        click.echo(f"warning: {warning}", err=True)
    if prompt is not None:
        text = generated(stored, prompt, Sampling(**given))
        if output is None:
            click.echo(text)
        else:
            predicting.write_bytes(output, f"{text}\n".encode())
            click.echo(f"wrote {output}: {len(text):,} characters")
        return
    with shown_downloads():
        found = new_samples(stored, samples, sys.stdin.buffer)
    answers = predicting.predict(stored, found, probabilities)
    if output is None:
        click.echo(predicting.csv_text(answers.columns()), nl=False)
    else:
        predicting.write(output, answers)
        click.echo(f"wrote {output}: {len(found.data):,} predictions")
