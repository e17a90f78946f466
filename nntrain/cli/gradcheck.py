"""`nntrain gradcheck`: verifies backpropagation against numeric differences."""

from pathlib import Path

import click

from nntrain.cli.shared import (
    json_option,
    offline_option,
    overrides_option,
    plugin_option,
)


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[CONFIG-OR-RUN]")
@overrides_option
@plugin_option
@offline_option
@json_option
def command(path: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check the gradients of a config's network and loss, or of a trained network.

    Without CONFIG-OR-RUN, check every component, or those of the plugins only. Gradients are compared with central
    differences, in float64, with the kernels that train. Of a run folder or a checkpoint, the network is checked at its
    trained parameters.
    """
    import sys

    from nntrain import plugins
    from nntrain.api.gradcheck import network_check
    from nntrain.cli.shared import print_json
    from nntrain.gradient_check.components import check_components
    from nntrain.report.terminal.downloads import shown_downloads
    from nntrain.report.terminal.tables import show_gradcheck

    cost, moved = None, 0
    if path is None:
        if overrides:
            raise click.UsageError("--set requires a config.")
        checks = list(check_components([plugin.module for plugin in plugins.loaded.values()]))
    else:
        with shown_downloads():
            network = network_check(path, overrides, "--set")
        checks, cost, moved = list(network.run()), network.cost(), network.moved
    passed = all(check.status != "FAIL" for check in checks)
    if as_json:
        print_json({"passed": passed, "moved": moved, "checks": [check.to_dict() for check in checks]})
    else:
        show_gradcheck(checks, cost, moved)
    sys.exit(0 if passed else 1)
