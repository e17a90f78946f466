"""`nntrain new`: writes a config to start from."""

from pathlib import Path

import click


def complete_templates(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from nntrain.templates import templates

    return [name for name in templates() if name.startswith(incomplete)]


@click.command()
@click.argument("template", required=False, shell_complete=complete_templates)
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FILE.csv", help="Write a config that fits this table."
)
@click.option(
    "--target", metavar="COLUMN", help="With --data: the column to predict; by default the last one."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write; by default NAME.yaml in the current folder.",
)
def command(template: str | None, data: Path | None, target: str | None, output: Path | None) -> None:
    """Write a config to start from.

    TEMPLATE is one of the examples that come with nntrain. Without arguments, list them.
    """
    import shlex

    from nntrain import templates

    if data is None and target is not None:
        raise click.UsageError("--target requires --data.")
    if data is not None and template is not None:
        raise click.UsageError("--data cannot be combined with TEMPLATE.")
    if data is not None:
        from nntrain.starter import starter

        output = output or Path(f"{data.name.partition('.')[0]}.yaml")
        templates.check_free(output)
        templates.write(output, starter(data, target, output))
        written = [output]
    elif template is not None:
        output = output or Path(f"{template}.yaml")
        written = templates.copy(templates.find(template), output)
    elif output is not None:
        raise click.UsageError("--output requires TEMPLATE or --data.")
    else:
        from nntrain.report.terminal.pages import show_templates

        show_templates(templates.templates().values())
        return
    click.echo(f"wrote {', '.join(map(str, written))}")
    click.echo(f"next: nntrain fit {shlex.quote(str(output))}")
