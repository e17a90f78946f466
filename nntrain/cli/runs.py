"""`nntrain runs`: a line for each run of a folder; `nntrain runs diff A B`: two runs side by side."""

from pathlib import Path

import click

from nntrain.cli.shared import hints, json_option, plugin_option
from nntrain.errors import NntrainError, UserError

RUNS = Path("runs")
LIST = "list"  # the hidden subcommand that stands for none; a folder of this name is ./list


class OwnPath(click.Context):
    """The list is what `nntrain runs` does, so its messages name that command."""

    @property
    def command_path(self) -> str:
        return super().command_path.removesuffix(f" {LIST}")


class List(click.Command):
    """The command without a subcommand; its help names them."""

    context_class = OwnPath

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(context, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([("diff A B", diff.get_short_help_str(60))])


class Runs(click.Group):
    """A group that lists runs where no subcommand is named."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and args[0] in self.commands
        return super().parse_args(context, args if named else [LIST, *args])


@click.group(cls=Runs, add_help_option=False)
def command() -> None:
    """List runs, or compare two of them."""


@command.command(LIST, cls=List, hidden=True)
@click.argument("folder", type=click.Path(path_type=Path), default=RUNS, metavar="[FOLDER]")
@click.option(
    "--sort",
    metavar="COLUMN",
    help="A score, such as validation_accuracy or test_loss: the best first. Or name, time (the shortest first), started (the newest last).",
)
@click.option(
    "--status", "statuses", multiple=True, help="Only runs of this status, such as finished. Can be repeated."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only the N newest, or with --sort the N first."
)
@json_option
def runs(folder: Path, sort: str | None, statuses: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List the runs in FOLDER, by default runs, the newest last.

    A line shows the status of a run, also while it trains or after it was killed, the epochs done, the score that chooses the
    best checkpoint, the test score, the training time, and the options in which it differs from the other runs on the same data.
    A cross-validation or a sweep has one line; give its folder to list its runs.
    """
    from nntrain.cli.shared import print_json
    from nntrain.listing.listing import NoSuchFolder, list_runs
    from nntrain.listing.order import score_column, sorted_by

    advice: dict[type[NntrainError], str] = {
        NoSuchFolder: f"Did you mean {RUNS / folder}?"
        if (RUNS / folder).is_dir()
        else "Train a run first, with `nntrain fit CONFIG`, or name the folder of its --runs-dir."
    }
    with hints(advice):
        found = list_runs(folder)
    chosen = "" if sort in (None, "name", "time", "started") else score_column(found, str(sort), "--sort")
    kept = sorted_by(found, sort, "--sort") if sort is not None else found
    if statuses:
        wanted = [status_named(text) for text in statuses]
        kept = [run for run in kept if run.status in wanted]
    if limit is not None:
        kept = kept[:limit] if sort is not None else kept[-limit:]
    if as_json:
        print_json([run.to_dict() for run in kept])
    elif kept:
        from nntrain.report.terminal.runs import show_runs

        show_runs(kept, len(found), chosen)
    else:
        click.echo(nothing(folder, len(found)), err=True)


def status_named(text: str) -> str:
    """ "stopped early" for "stopped-early", too. Raises UserError."""
    from nntrain.options import did_you_mean
    from nntrain.run.status import STATUSES

    status = text.replace("-", " ")
    if status not in STATUSES:
        raise UserError(f"unknown status {text!r}.{did_you_mean(status, STATUSES)}", place="--status")
    return status


def nothing(folder: Path, others: int) -> str:
    if others:
        return (
            f"none of the {others:,} runs in {folder} has this status"
            if others > 1
            else f"the run in {folder} has another status"
        )
    inside = folder / RUNS
    return f"no runs in {folder}" + (f"; there are some in {inside}" if inside.is_dir() else "")


@command.command()
@click.argument("first", type=click.Path(path_type=Path), metavar="A")
@click.argument("second", type=click.Path(path_type=Path), metavar="B")
@click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    metavar="FOLDER",
    help="Where runs are looked up by their names.",
)
@plugin_option
@json_option
def diff(first: Path, second: Path, runs_dir: Path, as_json: bool) -> None:
    """Show what differs between two runs.

    A and B are run folders, or names of runs. The comparison covers their configs, option by option and layer by layer, data,
    overrides, versions, scores, and whether their checkpoints are equal, to the byte.
    """
    from nntrain.api.runs import diff_runs
    from nntrain.cli.shared import print_json

    found = diff_runs(first, second, runs_dir)
    if as_json:
        print_json(found.to_dict())
    else:
        from nntrain.report.terminal.run_comparison import show_comparison

        show_comparison(found)
