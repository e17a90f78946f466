"""`nntrain fit`: trains the network that a config describes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntrain.cli.shared import config_argument, overrides_option, plugin_option, threads_option

if TYPE_CHECKING:
    from nntrain.report.observers import RunDisplay
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
    from nntrain.report.observers import RunDisplay
    from nntrain.report.pictures import registry
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
    trainer = open_run(setup, folder, policy, document, overrides, thread_count, registry.file_names())
    if trainer.finished and folder.ended:
        click.echo(
            f"{folder.path}: this run is finished. Give it more `epochs`, or see `nntrain eval {folder.path}`."
        )
        return
    run(trainer, RunDisplay(quiet))


def run(trainer: "Trainer", display: "RunDisplay") -> None:
    """Trains to the end, and leaves in run.json how it ended."""
    from types import SimpleNamespace

    from nntrain.errors import NntrainError
    from nntrain.inference.evaluate import Ports, evaluate
    from nntrain.training.interruption import Interrupted

    setup, folder, config = trainer.setup, trainer.folder, trainer.config
    warnings = [*setup.warnings]
    schedule = config.schedule.warnings(len(trainer.batches), config.train.epochs)
    session = SimpleNamespace(
        setup=setup,
        trainer=trainer,
        folder=folder,
        notes=trainer.notes,
        warnings=[f"{text}." for text in (*(f"schedule: {warning}" for warning in schedule), *warnings)],
        best_network=trainer.best_network,
        status="running",
        scores={},
        error=None,
    )
    try:
        display.started(session)
        with display.compiling():
            trainer.warm_up()
        display.ready(session)
        trainer.train(display)
        network = trainer.best_network()
        session.scores = {
            name: evaluate(Ports(network, data), data, config.loss, config.metrics)
            for name, data in setup.splits.parts().items()
        }
        session.status = "stopped early" if trainer.state.stopped_early else "finished"
        folder.write_info(scores=session.scores)
        display.ended(session)
        folder.write_info(status=session.status)
    except (Interrupted, KeyboardInterrupt) as error:
        folder.write_info(status="interrupted")
        display.interrupted(session, str(error) or "interrupted before a step was done.")
        raise click.exceptions.Exit(Interrupted.exit_code) from None
    except NntrainError:
        folder.write_info(status="failed")
        raise
    finally:
        display.closed()
