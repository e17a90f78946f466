"""`nntrain find-lr`: suggests a learning rate by a range test."""

import shlex
from pathlib import Path
from typing import Any

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
@click.option(
    "--steps", type=click.IntRange(10, 5000), default=200, show_default=True, help="Training steps, at most."
)
@click.option(
    "--lowest", type=float, default=1e-7, show_default=True, metavar="LR", help="The rate of the first step."
)
@click.option(
    "--highest",
    type=float,
    default=100.0,
    show_default=True,
    metavar="LR",
    help="The rate of the last step, unless training diverges before.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file of the picture, .png or .svg; by default CONFIG-learning_rate.png in the current folder.",
)
@click.option(
    "--style", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Colours."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file that is not a picture of nntrain.")
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    steps: int,
    lowest: float,
    highest: float,
    output: Path | None,
    style: Any,
    overwrite: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Suggest a learning rate for CONFIG.

    A range test: it trains from the initial parameters with CONFIG's optimizer, batches and augmentation, and a rate that
    grows with each step, until training diverges. The suggestion is the rate at which the loss has done most of its fall.
    It is drawn into a picture; nothing else is written. CONFIG need not set a rate; other options stay as they are.
    """
    from nntrain.api.find_lr import draw, suggested, with_any_rate
    from nntrain.api.plot import Exists, check_file
    from nntrain.cli.shared import hints, load_setup, print_json, show_warnings, use_threads
    from nntrain.report.pictures.training.learning_rate import LearningRate
    from nntrain.report.terminal.learning_rate import show_learning_rate, shown_steps

    use_threads(threads)
    loaded = with_any_rate(lambda changes: load_setup(config, changes), overrides)
    name = loaded.document.run or loaded.document.name
    path = output or Path(f"{name}-{LearningRate.name}.png")
    with hints({Exists: "Use --overwrite to replace it, or --output to choose another name."}):
        check_file(path, LearningRate.suffixes, overwrite)
    show_warnings(loaded.setup.warnings)
    with shown_steps(steps) as done:
        result = suggested(loaded, steps, lowest, highest, done)
    draw(result, name, path, style)
    if as_json:
        print_json(result.to_dict() | {"picture": str(path)})
    else:
        changes = [word for override in overrides for word in ("--set", override)]
        chosen = ["--set", f"{result.key}={result.suggestion:g}"]
        show_learning_rate(result, path, shlex.join(["nntrain", "fit", str(config), *changes, *chosen]))
