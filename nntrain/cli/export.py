"""`nntrain export`: a trained network as a file that other programs run."""

from pathlib import Path

import click

from nntrain.cli.shared import json_option, threads_option

TARGETS = click.Choice(["onnx"])


@click.command()
@click.argument("path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", type=TARGETS, required=True, help="The form: an ONNX model.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file; by default RUN.onnx in the current folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option(
    "--logits",
    is_flag=True,
    help="Leave out what turns the last layer's output into probabilities or values.",
)
@json_option
@threads_option
def command(
    path: Path,
    to: str,
    output: Path | None,
    overwrite: bool,
    logits: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Export a run's best checkpoint, or the given one, as a file that runs without nntrain.

    The file holds the network and the preparation of its inputs. It is run on random inputs before it is written, where
    this machine can run it, and its results are compared with those of `nntrain predict`.
    """
    from nntrain.cli.shared import hints, print_json, show_warnings, use_threads
    from nntrain.export.export import export, target_named
    from nntrain.inference import output as writing
    from nntrain.report.terminal.messages import show_note
    from nntrain.run.stored import open_stored

    target = target_named(to)
    use_threads(threads)
    stored = open_stored(path)
    if output is None:
        output = Path(f"{path.resolve().stem}{target.suffix}")
    with hints({writing.OutputExists: "Use --overwrite to replace it, or another --output."}):
        writing.check_output(output, overwrite, (target.suffix,))
    show_warnings(stored.warnings)
    report = export(stored, to, output, logits=logits)
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
    checked = (
        "not run here" if report.difference is None else f"differs from predict by {report.difference:.1e}"
    )
    click.echo(f"wrote {', '.join(map(str, report.files))}: {checked}")
