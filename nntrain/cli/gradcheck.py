"""`nntrain gradcheck`: verifies backpropagation against numeric differences."""

from pathlib import Path

import click

from nntrain.cli.shared import json_option, overrides_option, plugin_option


@click.command()
@click.argument("config", type=click.Path(path_type=Path), required=False)
@overrides_option
@plugin_option
@json_option
def command(config: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check the gradients of CONFIG's network and loss.

    Without CONFIG, check every component, or those of the plugins only. Gradients are compared with central
    differences, in float64, with the kernels that train.
    """
    import sys

    from nntrain import plugins
    from nntrain.cli.shared import load_setup, print_json
    from nntrain.gradient_check.components import check_components
    from nntrain.gradient_check.network import NetworkCheck
    from nntrain.report.terminal.tables import show_gradcheck

    cost = None
    if config is None:
        if overrides:
            raise click.UsageError("--set requires CONFIG.")
        checks = list(check_components([plugin.module for plugin in plugins.loaded.values()]))
    else:
        network = NetworkCheck(load_setup(config, overrides)[0])
        checks = list(network.run())
        cost = network.cost()
    passed = all(check.status != "FAIL" for check in checks)
    if as_json:
        print_json({"passed": passed, "checks": [check.to_dict() for check in checks]})
    else:
        show_gradcheck(checks, cost)
    sys.exit(0 if passed else 1)
