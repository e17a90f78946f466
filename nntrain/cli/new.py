"""`nntrain new`: writes a config to start from."""

from pathlib import Path

import click


def complete_templates(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from nntrain.templates import templates

    return [name for name in templates() if name.startswith(incomplete)]


@click.command()
@click.argument("template", required=False, shell_complete=complete_templates)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write a config that fits this table, text, or folder of images or texts.",
)
@click.option(
    "--target",
    metavar="COLUMN",
    help="With --data: the column to predict; by default the last one that can be predicted.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write; by default NAME.yaml in the current folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file of that name.")
def command(
    template: str | None, data: Path | None, target: str | None, output: Path | None, overwrite: bool
) -> None:
    """Write a config to start from.

    TEMPLATE is one of the examples that come with nntrain. Without arguments, list them.
    """
    import shlex

    from nntrain import templates
    from nntrain.cli.shared import hints
    from nntrain.data.images.label_table import SeveralLabels
    from nntrain.errors import NntrainError

    advice: dict[type[NntrainError], str] = {
        templates.FileExists: "Use --overwrite to replace it, or --output to choose another file.",
        SeveralLabels: "Use --target to choose the column of the labels.",
    }
    if data is None and target is not None:
        raise click.UsageError("--target requires --data.")
    if data is not None and template is not None:
        raise click.UsageError("--data cannot be combined with TEMPLATE.")
    if data is not None:
        from nntrain.paths import with_places
        from nntrain.starters.choose import started

        data = Path(with_places(str(data)))
        output = output or Path(f"{data.resolve().name.partition('.')[0]}.yaml")
        with hints(advice):
            templates.check_free(output, overwrite)
            found = started(data, target, output)
        templates.write(output, found.text, overwrite)
        for remark in found.remarks:
            click.echo(remark, err=True)
        if found.guessed:
            click.echo("hint: Use --target to predict another column.", err=True)
        written = [output]
    elif template is not None:
        output = output or Path(f"{template}.yaml")
        with hints(advice):
            written = templates.copy(templates.find(template), output, overwrite)
    elif output is not None:
        raise click.UsageError("--output requires TEMPLATE or --data.")
    else:
        from nntrain.report.terminal.pages import show_templates

        show_templates(templates.templates().values())
        return
    click.echo(f"wrote {', '.join(map(str, written))}")
    click.echo(f"next: nntrain fit {shlex.quote(str(output))}")
