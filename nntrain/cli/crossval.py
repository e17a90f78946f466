"""`nntrain crossval`: trains a config on each fold of its data and reports the scores on the held-out folds."""

import re
import shlex
from pathlib import Path

import click

from nntrain.cli.shared import (
    config_argument,
    json_option,
    offline_option,
    overrides_option,
    plugin_option,
    runs_dir_option,
    threads_option,
)


@click.command()
@config_argument
@overrides_option
@click.option("--folds", type=int, default=5, show_default=True, help="Number of folds.")
@click.option(
    "--seeds",
    type=int,
    default=1,
    show_default=True,
    help="Number of repetitions, each with the next seed after the config's: other folds, other initial weights.",
)
@click.option(
    "--group",
    metavar="COLUMN",
    help="Keep the samples with the same value of a column in one fold: a column of a csv by name or number, an array of an npz.",
)
@click.option(
    "--jobs",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Runs to train side by side; the threads are divided among them. The results do not depend on it.",
)
@click.option(
    "--name",
    help="Name of the cross-validation; its folder is RUNS_DIR/NAME. By default the config's, with -crossval.",
)
@runs_dir_option
@click.option(
    "--overwrite", is_flag=True, help="Replace the cross-validation of that name, with all its runs."
)
@plugin_option
@offline_option
@json_option
@threads_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    folds: int,
    seeds: int,
    group: str | None,
    jobs: int,
    name: str | None,
    runs_dir: Path,
    overwrite: bool,
    as_json: bool,
    threads: int | None,
) -> None:
    """Cross-validate CONFIG: train it once for each fold of its data, which is held out and scored.

    Folds are stratified for classes, and by time for texts, series and tables with `split_by.time`. Each fold is a run in a folder of
    its own. The same command continues a cross-validation that was stopped.
    """
    from nntrain.api.crossval import CrossvalFailed, cross_validate
    from nntrain.cli.shared import hints, print_json
    from nntrain.errors import NntrainError, UserError
    from nntrain.report.terminal.crossval import show_crossval
    from nntrain.report.terminal.messages import show_note, show_result
    from nntrain.report.terminal.streams import lasting
    from nntrain.run.opening import InvalidName
    from nntrain.search.crossval import DifferentCrossval, NotACrossval
    from nntrain.search.crossval_files import FACTS, SCORES
    from nntrain.search.sweep_files import read_facts
    from nntrain.training.interruption import Interrupted, Interruption, stop_signals_as_ctrl_c

    stop_signals_as_ctrl_c()
    click.get_current_context().with_resource(lasting())
    advice: dict[type[NntrainError], str] = {
        DifferentCrossval: "Use --overwrite to replace it, or another --name.",
        NotACrossval: "Use another --name.",
    }
    failed: CrossvalFailed | None = None
    try:
        with hints(advice):
            found = cross_validate(
                config,
                overrides,
                folds=folds,
                seeds=seeds,
                group=int(group) if group and re.fullmatch("-?[0-9]+", group) else group,
                runs_dir=runs_dir,
                name=name,
                overwrite=overwrite,
                jobs=jobs,
                threads=threads,
                terminal=True,
                interruption=Interruption,
            )
    except CrossvalFailed as error:
        failed, found = error, error.result
    except InvalidName as error:
        error.place = "--name" if name is not None else error.place
        raise
    except UserError as error:
        if error.place in ("folds", "seeds", "group", "jobs", "threads"):
            error.place = f"--{error.place}"
        raise
    except (Interrupted, KeyboardInterrupt):
        show_note("interrupted; the same command goes on where it stopped")
        raise click.exceptions.Exit(Interrupted.exit_code) from None
    if as_json:
        facts = read_facts(found.path / FACTS)
        print_json({"path": str(found.path), **{key: facts[key] for key in facts if key != "config"}})
    else:
        show_crossval(found.result)
        show_result(f"scores   {found.path / SCORES}")
        if (picture := found.path / "crossval.png").is_file():
            show_result(f"picture  {picture}")
        if failed is None:
            again = found.path / "config.yaml" if str(config) == "-" else config
            sets = [word for override in overrides for word in ("--set", override)]
            show_result(f"next     {shlex.join(['nntrain', 'fit', str(again), *sets])}")
    if failed is not None:
        raise failed
