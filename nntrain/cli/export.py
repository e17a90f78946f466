"""`nntrain export`: a trained network as a file that other programs run."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.shared import json_option, offline_option, plugin_option, threads_option

if TYPE_CHECKING:
    from nntrain.data.dataset import Splits
    from nntrain.run.stored import Stored

TARGETS = click.Choice(["c", "onnx", "python"])
IMPORTED = ("python",)  # by names that must be identifiers

HINT = "Use --overwrite to replace it, or another --output."


@click.command()
@click.argument("path", metavar="CHECKPOINT-OR-RUN", type=click.Path(path_type=Path))
@click.option(
    "--to",
    type=TARGETS,
    required=True,
    help="The form: an ONNX model, a Python file that needs NumPy alone, or a C file with its header.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file; by default in the current folder, with the name of the run.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option(
    "--logits",
    is_flag=True,
    help="Leave out what turns the last layer's output into probabilities or values.",
)
@click.option(
    "--weights",
    type=click.Choice(["inside", "beside"]),
    help="For python: the weights inside the file, as base64, or beside it, as .npz. By default inside up to 2 MB.",
)
@click.option(
    "--columns",
    is_flag=True,
    help="For onnx: an input for each column of a table, texts as texts, in place of one matrix of numbers.",
)
@click.option(
    "--int8",
    is_flag=True,
    help="For c: dense layers and convolutions in whole numbers of 8 bits, in a quarter of the memory. Scales and the "
    "accuracy before and after come from the run's data.",
)
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    path: Path,
    to: str,
    output: Path | None,
    overwrite: bool,
    logits: bool,
    weights: str | None,
    columns: bool,
    int8: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Export a run's best checkpoint, or the given one, as a file that runs without nntrain.

    The file holds the network and the preparation of its inputs. It is run on random inputs before it is written, where
    this machine can run it, and its results are compared with those of `nntrain predict`.
    """
    from nntrain.cli.shared import hints, print_json, show_warnings, use_threads
    from nntrain.export.export import export, target_named
    from nntrain.inference.output import OutputExists, check_output
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.messages import show_note
    from nntrain.run.stored import open_stored

    if weights and to != "python":
        raise click.UsageError("--weights requires --to python.")
    if columns and to != "onnx":
        raise click.UsageError("--columns requires --to onnx.")
    if int8 and to != "c":
        raise click.UsageError("--int8 requires --to c.")
    target = target_named(to)
    use_threads(threads)
    stored = open_stored(path)
    output = output or Path(f"{default_name(path, to)}{target.suffix}")
    options = {"weights": weights, "columns": columns, "int8": int8}
    with hints({OutputExists: HINT}), shown_downloads():
        check_output(output, overwrite, (target.suffix,))
        show_warnings(stored.warnings)
        report = export(
            stored,
            to,
            output,
            logits=logits,
            options=options,
            splits=lambda: splits_of(stored),
            overwrite=overwrite,
        )
    if as_json:
        print_json(
            {
                "files": [str(file) for file in report.files],
                "difference": report.difference,
                "notes": list(report.notes),
            }
        )
        return
    for note in report.notes:
        show_note(note)
    compared = "not compared with predict, since nothing on this machine can run it"
    if int8:
        compared = "rounded to int8"
    if report.difference is not None:
        compared = f"differs from predict by at most {report.difference:.1e}"
    click.echo(f"wrote {' and '.join(map(str, report.files))}: {compared}")


def splits_of(stored: "Stored") -> "Splits":
    """The data of the run, for int8."""
    from nntrain.run.score import NoData, setup_of

    try:
        return setup_of(stored).splits
    except NoData as error:
        own = f"{error.hint} " if error.hint else ""
        error.hint = f"{own}--int8 takes its scales from the run's data; without it the export needs no data."
        raise


def default_name(path: Path, to: str) -> str:
    """The name of the run; of a checkpoint that is in no run, its own."""
    path = path.resolve()
    if path.parent.name == "checkpoints":
        path = path.parent.parent
    name = path.name if path.is_dir() else path.stem
    if to in IMPORTED and not name.isidentifier():
        name = re.sub(r"\W", "_", name)
        name = f"_{name}" if name[:1].isdigit() else name
    return name
