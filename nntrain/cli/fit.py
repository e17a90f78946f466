"""`nntrain fit`: trains the network that a config describes."""

import gc
from pathlib import Path

import click

from nntrain import cli
from nntrain.cli.shared import (
    config_argument,
    offline_option,
    overrides_option,
    plugin_option,
    threads_option,
)
from nntrain.distributed.launch import launched_rank
from nntrain.report.pictures import process


@click.command()
@config_argument
@overrides_option
@click.option("--name", help="Name of the run; its folder is RUNS_DIR/NAME.")
@click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    show_default="runs, or the folder of the run that CONFIG is",
    help="The folder that holds the runs.",
)
@click.option("--resume", is_flag=True, help="Continue the run from its last checkpoint.")
@click.option("--overwrite", is_flag=True, help="Replace the run of that name.")
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Start a new run from the weights of a run or a checkpoint, of the layers that have the same name and shape.",
)
@click.option(
    "--on-all-data",
    is_flag=True,
    help="Afterwards train a second run, NAME-all-data, on the training and validation samples together, for as many epochs as were "
    "best in the first one.",
)
@click.option(
    "--verify-resume",
    is_flag=True,
    help="Only train a few steps, once straight and once with a restart in the middle, and compare every bit.",
)
@plugin_option
@offline_option
@threads_option
@click.option("--quiet", is_flag=True, help="Print only the final lines.")
def command(
    config: Path,
    overrides: tuple[str, ...],
    name: str | None,
    runs_dir: Path | None,
    resume: bool,
    overwrite: bool,
    start: Path | None,
    on_all_data: bool,
    verify_resume: bool,
    threads: int | None,
    quiet: bool,
) -> None:
    """Train the network that CONFIG describes. `-` reads it from stdin; paths in it then count from the current folder.

    CONFIG can be a run folder: then its config is trained again with its overrides, or continued with --resume.
    """
    if cli.own_process:
        gc.disable()
    if cli.own_process and not (launched_rank() or verify_resume):
        process.prepare()  # it loads what drawing needs while this process loads what training needs

        from nntrain import kernels
        from nntrain.limits import processors

        if kernels.ahead.started(processors()):  # which takes long, and leaves no processor to drawing
            process.discard()

    from nntrain.api.fit import policy, train
    from nntrain.api.fit import verify_resume as verified
    from nntrain.cli.shared import hints, share_stdin, use_threads
    from nntrain.distributed.launch import connected, require_one_process
    from nntrain.distributed.together import together
    from nntrain.errors import NntrainError
    from nntrain.report.progress_observer import resume_command
    from nntrain.report.terminal.streams import lasting
    from nntrain.run.opening import CannotResume, InvalidName, NoSuchRun, NotARun, Place, RunExists
    from nntrain.run.repeat import run_of
    from nntrain.run.unwritable import CannotSave
    from nntrain.training.interruption import Interrupted, Interruption, stop_signals_as_ctrl_c

    if cli.own_process:
        gc.freeze()  # what is loaded stays: nobody needs to look for garbage in it
        gc.enable()
    if resume and overwrite:
        raise click.UsageError("--resume cannot be combined with --overwrite.")
    if verify_resume:
        require_one_process(
            "--verify-resume", "Start it without the launcher: any number of ranks leaves the same bits."
        )
    stop_signals_as_ctrl_c()
    ranks = connected()
    click.get_current_context().with_resource(lasting())
    with together(ranks):
        use_threads(threads, ranks)
    if str(config) == "-" and ranks.size > 1:
        share_stdin(ranks)
    advice: dict[type[NntrainError], str] = {
        RunExists: "Use --resume to continue it, --overwrite to replace it, or another --name.",
        NoSuchRun: "Remove --resume to start it.",
        NotARun: "Use another --name.",
    }
    if verify_resume:
        if resume or overwrite or on_all_data:
            raise click.UsageError(
                "--verify-resume cannot be combined with --resume, --overwrite or --on-all-data."
            )
        click.echo(verified(config, overrides, start=start))
        return
    if (repeated := run_of(config)) is not None:
        runs_dir = runs_dir or repeated.path.parent
    place = Place(runs_dir or Path("runs"), name, policy(resume, overwrite))
    try:
        with hints(advice):
            run = train(
                config,
                overrides,
                place,
                Interruption(),
                start=start,
                quiet=quiet,
                ranks=ranks,
                on_all_data=on_all_data,
            )
    except CannotResume as error:
        remedy = f"{error.remedy}, or start" if error.remedy else "Start"
        error.hint = (
            f"{remedy} another run from the weights of this one: add `--from {error.place}` instead of --resume, or set "
            "`model.initializer.pretrained`."
        )
        raise
    except InvalidName as error:
        error.place = "--name" if name is not None else error.place
        raise
    except CannotSave as error:
        if error.remedy and (command := resume_command(error.folder)):
            error.hint = f"{error.remedy}, then continue: {command}"
        raise
    except Interrupted:
        raise click.exceptions.Exit(Interrupted.exit_code) from None
    if run.was_complete and ranks.is_root:
        ended = "has stopped early" if run.status == "stopped early" else "is finished"
        click.echo(f"{run.path}: this run {ended}")
        click.echo(f"hint: {run.to_continue}; or evaluate it: nntrain eval {run.path}")
