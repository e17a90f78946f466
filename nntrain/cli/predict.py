"""`nntrain predict`: predictions of a trained network for new samples, or the continuation of a text."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntrain.cli.shared import (
    complete_files,
    json_option,
    offline_option,
    plugin_option,
    threads_option,
)
from nntrain.errors import NntrainError

if TYPE_CHECKING:
    from nntrain.data.conform.unusable import OnError


@click.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT-OR-RUN")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=complete_files)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE.csv or FILE.npz (a text to FILE.txt) instead of stdout.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output file if it exists.")
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option(
    "--explain",
    is_flag=True,
    help="For a network trained on a table: add what each column adds to the prediction.",
)
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip", "blank"]),
    default="stop",
    show_default=True,
    help="For samples with values that the network does not know or that are missing: stop, leave them out of the "
    "output, or answer them with empty cells; so for all of an INPUT without a column, beside others. With --prompt, skip "
    "leaves unknown characters out.",
)
@click.option(
    "--text",
    "texts",
    metavar="TEXT",
    multiple=True,
    help="A text to classify, instead of INPUT, for a network trained on texts; can be repeated.",
)
@click.option("--prompt", metavar="TEXT", help="The text that a language model continues, instead of INPUT.")
@click.option(
    "--length",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many characters, bytes or words to generate; 200 by default.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="T",
    help="0 is greedy decoding; 1 (the default) samples from the predicted distribution; less makes it sharper, more "
    "flatter.",
)
@click.option("--top-k", type=click.IntRange(min=1), metavar="K", help="Sample from the K likeliest only.")
@click.option("--seed", type=int, metavar="S", help="The seed of the sampling; 0 by default.")
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    path: Path,
    inputs: tuple[str, ...],
    output: Path | None,
    overwrite: bool,
    probabilities: bool,
    explain: bool,
    on_error: "OnError",
    texts: tuple[str, ...],
    prompt: str | None,
    as_json: bool,
    threads: int | None,
    **sampling: Any,
) -> None:
    """Predict with a run's best checkpoint, or the given one.

    INPUT is a CSV file, plain or gzip-compressed, or - for CSV on stdin. Its columns are found by name, in any order;
    other columns, such as the target, are ignored. Or it is an .npz file with an array x, or an .npy file. Or it is a
    source as in a config, such as '{idx: {...}}' or digits: its test split is used, else its training split. For a
    network trained on images it is an image file, or a folder of images, labelled or not. For a network trained on texts
    it is a CSV or JSON Lines file with the column of texts, a .txt file or a folder of them, or - for lines on stdin, each a
    text.

    The output is CSV with a header and one line per sample, in the same order: the column `class`, and with
    --probabilities a column `p(NAME)` for each class; or a column for each target, by its name. So
    `paste -d, INPUT OUTPUT` joins both, also if each step of a sequence has a prediction. A whole sequence, or a series
    whose next values are predicted, has one line, which begins with its identifier. FILE.npz holds the arrays class,
    classes and probabilities, or values and targets. For several INPUTs, and for images, each line begins with the name
    of its file. --json prints the lines as the list `predictions`.

    --explain adds a column `explain(NAME)` for each column of a table: its value times the gradient of the predicted class's
    logit, or of the predicted number; with `standardize`, the value is the distance from the mean in standard deviations.
    It is an estimate of how much the column changes the output, in the unit of the output, and negative where it lowers it.

    A language model takes --prompt instead of INPUT. The output is the prompt and its continuation.
    """
    from nntrain.cli.shared import hints, print_json, show_warnings, use_threads
    from nntrain.data.conform.texts import UnknownCharacters
    from nntrain.data.conform.unusable import UnusableInput, UnusableSamples
    from nntrain.inference import output as writing
    from nntrain.inference.explain import check_explainable
    from nntrain.inference.generate import Sampling, generated, readable
    from nntrain.inference.pictures import pictures_of, predict_pictures
    from nntrain.inference.predict import check_probabilities
    from nntrain.inference.several import predict_inputs
    from nntrain.inference.texts import NotAFile, predict_texts
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.messages import show_note
    from nntrain.run.stored import open_stored

    given = {name: value for name, value in sampling.items() if value is not None}
    check_usage(inputs, output, overwrite, probabilities, explain, on_error, prompt, as_json, given, texts)
    if output is not None:
        with hints({writing.OutputExists: "Use --overwrite to replace it, or another --output."}):
            writing.check_output(output, overwrite, (".txt",) if prompt is not None else (".csv", ".npz"))
    use_threads(threads)
    stored = open_stored(path)
    if probabilities:
        with errors_at("--probabilities"):
            check_probabilities(stored)
    if explain:
        with errors_at("--explain"):
            check_explainable(stored.trained_on)
    show_warnings(stored.warnings)
    if prompt is not None:
        prompt, remarks = readable(stored.trained_on, prompt, skip=on_error == "skip")
        with hints({UnknownCharacters: "Remove them, or use --on-error skip."}):
            text = generated(stored, prompt, Sampling(**given), "--prompt")
        show_warnings(remarks)
        if as_json:
            print_json({"text": text})
        elif output is None:
            click.echo(text)
        else:
            writing.write_bytes(output, f"{text}\n".encode(errors="backslashreplace"))
            click.echo(f"wrote {output}: {len(text):,} characters", err=True)
        return
    try:
        with shown_downloads():
            pictures = pictures_of(stored, inputs, "INPUT")
            if texts:
                with errors_at("--text"):
                    predictions = predict_texts(stored, texts, probabilities)
            elif pictures is not None:
                predictions = predict_pictures(stored, pictures, probabilities, on_error)
            else:
                with hints({NotAFile: "To classify this text itself, use --text."}):
                    predictions = predict_inputs(
                        stored, inputs, sys.stdin.buffer, "INPUT", probabilities, on_error, explain
                    )
    except (UnusableSamples, UnusableInput) as error:
        if isinstance(error, UnusableInput) and (len(inputs) == 1 or on_error != "stop"):
            raise
        error.hint = " ".join(
            filter(None, [error.hint, "Use --on-error skip or blank to predict the others."])
        )
        raise
    if as_json:
        print_json({"predictions": predictions.records()})
    elif output is None:
        click.echo(writing.csv_text(predictions.columns()), nl=False)
    else:
        writing.write(output, predictions)
        click.echo(f"wrote {output}: {len(predictions):,} predictions", err=True)
    for note in () if pictures is None else pictures.notes:
        show_note(note)
    show_warnings(predictions.remarks)


@contextlib.contextmanager
def errors_at(option: str) -> Iterator[None]:
    try:
        yield
    except NntrainError as error:
        error.place = option
        raise


def check_usage(
    inputs: tuple[str, ...],
    output: Path | None,
    overwrite: bool,
    probabilities: bool,
    explain: bool,
    on_error: str,
    prompt: str | None,
    as_json: bool,
    sampling: dict[str, Any],
    texts: tuple[str, ...] = (),
) -> None:
    """Raises UsageError for options that cannot be combined."""
    if overwrite and output is None:
        raise click.UsageError("--overwrite requires --output.")
    if as_json and output is not None:
        raise click.UsageError("--json cannot be combined with --output.")
    if texts and (inputs or prompt is not None):
        raise click.UsageError(f"--text cannot be combined with {'INPUT' if inputs else '--prompt'}.")
    if not texts and bool(inputs) == (prompt is not None):
        received = "both" if inputs else "neither"
        raise click.UsageError(f"Expected INPUT, or --prompt for a language model. Received: {received}.")
    if prompt is None and sampling:
        raise click.UsageError(f"--{next(iter(sampling)).replace('_', '-')} requires --prompt.")
    for option, wanted in (("--probabilities", probabilities), ("--explain", explain)):
        if prompt is not None and wanted:
            raise click.UsageError(f"{option} cannot be combined with --prompt.")
    if prompt is not None and on_error == "blank":
        raise click.UsageError("--on-error blank cannot be combined with --prompt.")
