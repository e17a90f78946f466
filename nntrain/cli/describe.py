"""`nntrain describe`: the manual of the config."""

import click

from nntrain.cli.shared import plugin_option


def complete_kinds(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from nntrain.manual.kinds import kinds

    return [name for name in kinds() if name.startswith(incomplete)]


def complete_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The members or options of the kind before it."""
    from nntrain.manual.kinds import kinds

    kind = kinds().get(context.params.get("kind") or "")
    names = () if kind is None else kind.members() if kind.is_family else kind.owner.model_fields
    return [name for name in names if name.startswith(incomplete)]


@click.command()
@click.argument("kind", required=False, shell_complete=complete_kinds)
@click.argument("name", required=False, shell_complete=complete_names)
@click.option("--markdown", is_flag=True, help="Print the whole reference as Markdown.")
@plugin_option
def command(kind: str | None, name: str | None, markdown: bool) -> None:
    """Explain the config: its sections, components and options.

    KIND is a section of the config, such as train, or a family, such as layer, activation, loss or optimizer; NAME is one
    of its options or members. Without arguments, list the kinds.
    """
    if markdown:
        from nntrain.manual.reference import reference

        if kind is not None:
            raise click.UsageError("--markdown prints the whole reference and cannot be combined with KIND.")
        click.echo(reference(), nl=False)
        return
    from nntrain.manual.pages import contents, find
    from nntrain.report.terminal.pages import show_contents, show_page

    if kind is None:
        show_contents(contents())
    else:
        show_page(find(kind, name))
