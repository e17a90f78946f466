"""`nntrain check`: what can be known of a training before it starts."""

from pathlib import Path

import click

from nntrain.cli.shared import (
    config_argument,
    json_option,
    offline_option,
    overrides_option,
    plugin_option,
    threads_option,
)


@click.command()
@config_argument
@overrides_option
@plugin_option
@offline_option
@threads_option
@json_option
def command(config: Path, overrides: tuple[str, ...], threads: int | None, as_json: bool) -> None:
    """Check CONFIG and its data before training.

    Shows what training takes, how activations and gradients spread over the layers at the initial weights, whether the network
    can memorize a few samples, and every mistake found in data, network and options, with the line of YAML that fixes it.
    Takes seconds, and writes nothing.

    The exit code is 1 if there is an error: training would fail, or could not learn. That is a loss that is not finite in the
    first steps, a layer without a gradient or with equal weights, inputs or targets that are all equal, targets that no output
    can reach. Warnings and notes leave it at 0. A config or data that cannot be used at all is exit code 2, as in fit.
    """
    import sys

    from nntrain.cli.shared import load_setup, print_json, use_threads
    from nntrain.preflight.report import checked
    from nntrain.report.terminal.preflight import measuring, show_report

    use_threads(threads)
    setup, document = load_setup(config, overrides)
    with measuring():
        report = checked(setup, document.folder, setup.config.name or document.name)
    if as_json:
        print_json(report.to_dict())
    else:
        show_report(report)
    sys.exit(0 if report.passed else 1)
