"""`nntrain summary`: the layers of a config's network, with shapes, parameters and operations."""

from pathlib import Path

import click

from nntrain.cli.shared import (
    config_argument,
    offline_option,
    overrides_option,
    plugin_option,
)


@click.command()
@config_argument
@overrides_option
@plugin_option
@click.option(
    "--parameters", is_flag=True, help="Also list the parameters by name, as `parameter_groups` matches them."
)
@offline_option
def command(config: Path, overrides: tuple[str, ...], parameters: bool) -> None:
    """Show the columns of CONFIG's table, the layers of its network, and its parameter groups."""
    from nntrain.cli.shared import load_setup, show_warnings
    from nntrain.report.progress_observer import data_line
    from nntrain.report.terminal.columns import show_columns
    from nntrain.report.terminal.messages import show_result
    from nntrain.report.terminal.parameters import show_parameters
    from nntrain.report.terminal.tables import show_model
    from nntrain.training.groups import parameter_rows

    setup, _ = load_setup(config, overrides)
    show_warnings(setup.warnings)
    show_columns(setup.config, setup.splits.train)
    show_model(setup.config, setup.graph)
    if parameters:
        show_parameters(parameter_rows(setup.config, setup.graph))
    for fact in (data_line(setup.splits), *setup.splits.notes):
        show_result(fact)
