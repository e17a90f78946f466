"""`nntrain fit`: trains the network that a config describes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.shared import config_argument, overrides_option, plugin_option, threads_option

if TYPE_CHECKING:
    from nntrain.report.watching import Watching
    from nntrain.training.loop import Trainer


@click.command()
@config_argument
@overrides_option
@click.option("--name", help="Name of the run; its folder is RUNS_DIR/NAME.")
@click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where runs are kept.",
)
@click.option("--resume", is_flag=True, help="Go on from the run's last checkpoint.")
@click.option("--overwrite", is_flag=True, help="Replace the run of that name.")
@plugin_option
@threads_option
@click.option("--quiet", is_flag=True, help="Print the final lines only.")
def command(
    config: Path,
    overrides: tuple[str, ...],
    name: str | None,
    runs_dir: Path,
    resume: bool,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Train the network that CONFIG describes."""
    from nntrain.cli.shared import load_setup, use_threads
    from nntrain.report.watching import Watching
    from nntrain.run.session import Existing, choose_folder, open_run
    from nntrain.training.interruption import sigterm_as_ctrl_c

    if resume and overwrite:
        raise click.UsageError(
            "--resume goes on with a run and --overwrite replaces it. Give one of the two."
        )
    policy = Existing.RESUME if resume else Existing.OVERWRITE if overwrite else Existing.REFUSE
    sigterm_as_ctrl_c()
    thread_count = use_threads(threads)
    setup, document = load_setup(config, overrides)
    folder = choose_folder(runs_dir, name, setup.config.name or config.stem, policy)
    trainer = open_run(setup, folder, policy, document, overrides, thread_count)
    if trainer.finished and folder.ended:
        click.echo(
            f"{folder.path}: this run is finished. Give it more `epochs`, or see `nntrain eval {folder.path}`."
        )
        return
    with Watching(trainer, quiet) as watching:
        run(trainer, watching)


def run(trainer: "Trainer", watching: "Watching") -> None:
    """Trains to the end, and leaves in run.json how it ended."""
    from nntrain.errors import NntrainError
    from nntrain.training.interruption import Interrupted

    try:
        watching.warm_up()
        trainer.train(watching)
    except (Interrupted, KeyboardInterrupt) as error:
        trainer.folder.write_info(status="interrupted")
        watching.interrupted(str(error) or "interrupted before a step was done.")
        raise click.exceptions.Exit(Interrupted.exit_code) from None
    except NntrainError:
        trainer.folder.write_info(status="failed")
        raise
    watching.finished()
    trainer.folder.write_info(status="stopped early" if trainer.state.stopped_early else "finished")
