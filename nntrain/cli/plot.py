"""`nntrain plot`: redraws the pictures of a run, or compares the losses of several runs in one picture."""

from pathlib import Path

import click


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("comparison.png"),
    show_default=True,
    help="The picture of several runs, .png or .svg.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing picture of several runs.")
def command(runs: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Redraw the pictures of a run, or compare several runs.

    One RUN: all of its pictures are redrawn. Several: their losses in one picture, to see the effect of a changed line of YAML.
    """
    if len(runs) == 1:
        redraw(runs[0])
    else:
        compare(runs, output, overwrite)


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


def compare(runs: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Draws the losses of several runs into `output`, and prints its path."""
    from nntrain.errors import UserError
    from nntrain.report.pictures.comparison import MOST, draw_comparison

    if len(runs) > MOST:
        raise UserError(f"expected at most {MOST} runs in one picture. Received: {len(runs)}", place="plot")
    place = f"--output {output}"
    if output.suffix not in (".png", ".svg"):
        raise UserError("expected a file name that ends in .png or .svg", place=place)
    if output.exists() and not overwrite:
        hint = "use --overwrite to replace it, or --output to choose another name"
        raise UserError("the file exists", hint, place=place)
    if not output.parent.is_dir():
        raise UserError(f"no such folder: {output.parent}", place=place)
    draw_comparison(runs, output)
    click.echo(str(output))
