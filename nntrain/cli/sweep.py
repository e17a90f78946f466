"""`nntrain sweep`: trains a config many times with other values of some options."""

import shlex
from pathlib import Path

import click

from nntrain.cli.shared import json_option, offline_option, plugin_option, runs_dir_option, threads_option

MOST_REASONS = 3


@click.command()
@click.argument("sweep", type=click.Path(path_type=Path))
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value of the sweep file, such as trials=100. Can be repeated.",
)
@click.option(
    "--jobs",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Trials to train side by side; the threads are divided among them.",
)
@click.option("--name", help="Name of the sweep; its folder is RUNS_DIR/NAME.")
@runs_dir_option
@click.option("--overwrite", is_flag=True, help="Replace the sweep of that name, with all its trials.")
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    sweep: Path,
    overrides: tuple[str, ...],
    jobs: int,
    name: str | None,
    runs_dir: Path,
    overwrite: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Train a config many times with other values of some options, as the file SWEEP says, and find the best.

    The same command continues a sweep that was stopped. Started in several processes, or on several machines with a common
    `storage`, it works on one sweep together. Optuna chooses the values and keeps the trials.
    """
    from nntrain.api.sweep import work
    from nntrain.cli.shared import hints, print_json
    from nntrain.errors import NntrainError, UserError
    from nntrain.report.terminal.messages import show_note, show_result
    from nntrain.report.terminal.streams import lasting
    from nntrain.report.terminal.sweep import show_sweep
    from nntrain.search.sweep.errors import NotASweep, OtherSweep
    from nntrain.search.sweep_files import FACTS, TRIALS, read_facts
    from nntrain.training.interruption import Interrupted, Interruption, stop_signals_as_ctrl_c

    stop_signals_as_ctrl_c()
    click.get_current_context().with_resource(lasting())
    advice: dict[type[NntrainError], str] = {
        OtherSweep: "Use --overwrite to replace it, or another --name.",
        NotASweep: "Use another --name.",
    }
    try:
        with hints(advice):
            found = work(
                sweep,
                overrides,
                runs=runs_dir,
                name=name,
                overwrite=overwrite,
                jobs=jobs,
                threads=threads,
                terminal=True,
                interruption=Interruption,
            )
    except UserError as error:
        if error.place in ("jobs", "name", "threads"):
            error.place = f"--{error.place}"
        raise
    except (Interrupted, KeyboardInterrupt):
        show_note("interrupted; the same command continues the sweep")
        raise click.exceptions.Exit(Interrupted.exit_code) from None
    if as_json:
        print_json({"path": str(found.path), **read_facts(found.path / FACTS)})
        return
    show_sweep(found.result)
    for number, reason in list(found.reasons.items())[:MOST_REASONS]:
        show_result(f"failed    trial {number}: {reason.splitlines()[0]}")
    show_result(f"trials    {found.path / TRIALS}")
    if pictures := sorted(found.path.glob("*.png")):
        show_result(f"pictures  {' '.join(map(str, pictures))}")
    show_result(f"next      {shlex.join(['nntrain', 'fit', str(found.best_config)])}")
