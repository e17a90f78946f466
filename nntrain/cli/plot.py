"""`nntrain plot`: draws the loss of a run anew, or the losses of several runs in one picture."""

from pathlib import Path

import click


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("comparison.png"),
    show_default=True,
    help="Where the picture of several runs goes, .png or .svg.",
)
@click.option("--overwrite", is_flag=True, help="Replace the picture that is there.")
def command(runs: tuple[Path, ...], output: Path, overwrite: bool) -> None:
    """Draw the loss of a run, or compare several.

    One RUN: its loss.png and loss.svg are drawn anew. Several: all in one picture, to see what a changed line of YAML did.
    """
    from nntrain.errors import UserError
    from nntrain.report.pictures import draw_comparison, draw_loss
    from nntrain.report.pictures.comparison import MOST

    if len(runs) == 1:
        draw_loss(runs[0])
        click.echo(str(runs[0] / "loss.png"))
        return
    if len(runs) > MOST:
        raise UserError(f"plot: at most {MOST} runs can be told apart in one picture. Received: {len(runs)}.")
    if output.suffix not in (".png", ".svg"):
        raise UserError(f"{output}: expected a file that ends in .png or .svg.")
    if output.exists() and not overwrite:
        raise UserError(
            f"{output}: this file exists. Replace it by --overwrite, or name another with --output."
        )
    if not output.parent.is_dir():
        raise UserError(f"{output}: there is no folder {output.parent}.")
    draw_comparison(runs, output)
    click.echo(str(output))
