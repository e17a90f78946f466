"""`nntrain plot`: redraws the pictures of a run, or compares the losses of several runs in one picture."""

from pathlib import Path

import click


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    show_default="comparison.png for several runs",
    help="The file of the picture, .png or .svg. For one run only its loss is drawn, into this file.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing picture.")
def command(runs: tuple[Path, ...], output: Path | None, overwrite: bool) -> None:
    """Redraw the pictures of a run, or compare several runs.

    One RUN: all of its pictures are redrawn. Several: their losses in one picture, to see the effect of a changed line of YAML.
    """
    if len(runs) > 1:
        compare(runs, output or Path("comparison.png"), overwrite)
    elif output is not None:
        draw_loss(runs[0], output, overwrite)
    else:
        redraw(runs[0])


def redraw(run: Path) -> None:
    """Draws every picture for which the run folder holds the data, and prints the file of each."""
    from nntrain.errors import UserError
    from nntrain.report.pictures.registry import pictures
    from nntrain.run.history import read_history

    drawable = [picture for picture in pictures().values() if picture.can_draw(run)]
    if not drawable:
        read_history(run)  # raises the error that names what is missing
    failures = []
    for picture in drawable:
        try:
            picture.draw(run)
        except UserError as error:  # the other pictures are drawn first
            failures.append(error)
        else:
            click.echo(str(run / picture.files[0]))
    if failures:
        raise failures[0]


def draw_loss(run: Path, output: Path, overwrite: bool) -> None:
    """Draws the loss of a run into `output`, and prints its path."""
    from nntrain.report.pictures.loss import draw_loss

    check_output(output, overwrite)
    draw_loss(run, [output])
    click.echo(str(output))


def compare(runs: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Draws the losses of several runs into `output`, and prints its path."""
    from nntrain.errors import UserError
    from nntrain.report.pictures.comparison import MOST, draw_comparison

    if len(runs) > MOST:
        raise UserError(f"expected at most {MOST} runs in one picture. Received: {len(runs)}", place="plot")
    check_output(output, overwrite)
    draw_comparison(runs, output)
    click.echo(str(output))


def check_output(output: Path, overwrite: bool) -> None:
    """Raises UserError if the picture cannot be written there."""
    from nntrain.errors import UserError

    place = f"--output {output}"
    if output.suffix not in (".png", ".svg"):
        raise UserError("expected a file name that ends in .png or .svg", place=place)
    if output.exists() and not overwrite:
        hint = "use --overwrite to replace it, or --output to choose another name"
        raise UserError("the file exists", hint, place=place)
    if not output.parent.is_dir():
        raise UserError(f"no such folder: {output.parent}", place=place)
