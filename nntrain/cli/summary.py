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
@offline_option
def command(config: Path, overrides: tuple[str, ...]) -> None:
    """Show the layers of CONFIG's network."""
    from nntrain.cli.shared import load_setup, show_warnings
    from nntrain.report.progress_observer import data_line
    from nntrain.report.terminal.messages import show_result
    from nntrain.report.terminal.tables import show_model

    setup, _ = load_setup(config, overrides)
    show_warnings(setup.warnings)
    show_model(setup.graph, setup.config.train.precision)
    for fact in (data_line(setup.splits), *setup.splits.notes):
        show_result(fact)
