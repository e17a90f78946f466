"""`nntrain plot`: pictures of configs and runs. Every picture is a subcommand, whose options are the fields of its class."""

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any

import click

from nntrain.cli.shared import complete_files, hints, offline_option, overrides_option, plugin_option
from nntrain.errors import UserError

if typing.TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OVERWRITE = "Use --overwrite to replace it, or --output to choose another name."
ALL = "all"  # the hidden subcommand that an argument which is no picture's name stands for


def output_option(
    suffixes: tuple[str, ...] = (".png", ".svg"),
    where: str = "RUN/plots/KIND.png, or CONFIG-KIND.png in the current folder",
) -> Any:
    """`--output FILE` for a picture that can be written to files with these suffixes."""
    kinds = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
    return click.option(
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"The file of the picture, {kinds}. By default {where}.",
    )


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace an existing file that is not a picture of nntrain."
)
style_option = click.option(
    "--style", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Colours."
)


class Pictures(click.Group):
    """A group whose commands are the pictures; arguments without one are runs, of which all pictures are drawn."""

    def list_commands(self, context: click.Context) -> list[str]:
        from nntrain.report.pictures.registry import pictures

        return list(pictures())

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        from nntrain.report.pictures.registry import pictures

        if name == ALL:
            return all_pictures
        found = pictures().get(name)
        return picture_command(name) if found is not None else None

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        own = ("--list", "--help", "-h", *self.list_commands(context))
        if args and args[0] not in own:
            args = [ALL, *args]
        return super().parse_args(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list["CompletionItem"]:
        """The kinds of pictures; where none begins so, files and folders."""
        return super().shell_complete(context, incomplete) or complete_files(
            context, self.params[0], incomplete
        )

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, rows in listed():
            with formatter.section(heading):
                formatter.write_dl(rows)


def listed() -> list[tuple[str, list[tuple[str, str]]]]:
    """The pictures by their group: its heading, and for each what it takes and shows."""
    from nntrain.report.pictures.registry import heading, pictures

    groups: dict[str, list[tuple[str, str]]] = {}
    for name, picture in pictures().items():
        groups.setdefault(picture.group, []).append((f"{name} {arguments_of(picture)}", picture.title))
    return [(heading(group).removesuffix("."), rows) for group, rows in groups.items()]


def arguments_of(picture: Any) -> str:
    """ "CONFIG|RUN", "RUN...", "[NAMES|RUN]...": as in a usage line."""
    if "names" in picture.takes:
        return f"[{'|'.join(what.upper() for what in picture.takes)}]..."
    takes = (*picture.takes, "sweep") if picture.of_sweeps else picture.takes
    return "|".join(what.upper() for what in takes) + ("..." if picture.several else "")


def show_list(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        formatter = context.make_formatter()
        for heading, rows in listed():
            with formatter.section(heading):
                formatter.write_dl(rows)
        click.echo(formatter.getvalue().strip("\n"))
        context.exit()


@click.group(cls=Pictures, subcommand_metavar="[KIND] RUN|CONFIG... [OPTIONS]")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_list,
    help="List all kinds of pictures.",
)
def command() -> None:
    """Draw pictures of a config or a run.

    With a KIND, that picture; `nntrain plot KIND --help` lists its options. With a RUN alone, all pictures that fit it, into
    RUN/plots/, and all of a cross-validation or a sweep into its folder. With several runs alone, their losses in one picture, to
    see the effect of a changed line of YAML.
    """


@click.command()
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="RUN...")
@output_option()
@click.option(
    "--format",
    "suffix",
    type=click.Choice(["png", "svg"]),
    default="png",
    show_default=True,
    help="The format of the files in RUN/plots/.",
)
@style_option
@overwrite_option
@plugin_option
@offline_option
def all_pictures(
    runs: tuple[Path, ...], output: Path | None, suffix: str, style: Any, overwrite: bool
) -> None:
    """All pictures of a run, or the losses of several runs in one picture."""
    from nntrain.api.plot import Exists, draw, draw_all, with_options

    require_runs(runs)
    if len(runs) > 1 or output is not None:
        file = output or Path(f"comparison.{suffix}")
        with hints({Exists: OVERWRITE}):
            click.echo(str(draw(with_options("loss", {}), runs, file, style, (), overwrite)))
        return
    failures: list[UserError] = []
    for result in draw_all(runs[0], style, f".{suffix}"):
        if isinstance(result, UserError):
            failures.append(result)  # the other pictures are drawn first
        else:
            click.echo(str(result))
    if failures:
        raise failures[0]


def picture_command(name: str) -> click.Command:
    """`nntrain plot NAME`: the options are the fields of the picture's class."""
    from nntrain.report.pictures.registry import pictures

    picture = pictures()[name]
    types = typing.get_type_hints(type(picture))
    fields = [field for field in dataclasses.fields(picture) if field.name != "names"]  # type: ignore[arg-type]
    own: list[click.Parameter] = [option_of(field, types[field.name]) for field in fields]

    def callback(
        of: tuple[str, ...],
        output: Path | None,
        style: Any,
        overwrite: bool,
        overrides: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        from nntrain.api.plot import Exists, draw, with_options
        from nntrain.report.terminal.downloads import shown_downloads

        with shown_downloads(), hints({Exists: OVERWRITE}):
            chosen = with_options(name, options)
            click.echo(str(draw(chosen, of, output, style, overrides, overwrite)))

    command = click.Command(name, callback=callback, help=picture.title, params=own)
    of_group = picture.group_taken
    where = (f"{of_group.upper()}/{picture.files[0]}",) if of_group else ()
    shared = [overwrite_option, style_option, output_option(picture.suffixes, *where)]
    if of_group is None:
        shared.append(plugin_option)
    if of_group is None and picture.takes != ("names",):
        shared.append(offline_option)
    if "config" in picture.takes:
        shared.append(overrides_option)
    for add in shared:
        add(command)
    usage = arguments_of(picture)
    click.argument(
        "of", nargs=-1, required="names" not in picture.takes, metavar=usage, shell_complete=complete_files
    )(command)
    return command


def option_of(field: "dataclasses.Field[Any]", kind: Any) -> click.Option:
    """`--NAME VALUE` for a field: an integer, a number, a text, a choice, a switch, or a few of them with commas between."""
    choices = [each for each in typing.get_args(kind) if each is not type(None)] or [kind]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = choices
    options: dict[str, Any] = {"help": field.metadata["help"], "default": field.default}
    if kind is bool:
        options["is_flag"] = True
    elif typing.get_origin(kind) is typing.Literal:
        options["type"] = click.Choice(list(typing.get_args(kind)))
    elif typing.get_origin(kind) is tuple:
        options["type"] = Several(typing.get_args(kind))
    else:
        options["type"] = kind
    if field.default not in (None, False, ()):
        options["show_default"] = True
    return click.Option([f"--{field.name.replace('_', '-')}", field.name], **options)


class Several(click.ParamType):
    """Values with commas between: `4,5` for tuple[int, int], any number of them for tuple[str, ...]."""

    def __init__(self, kinds: tuple[Any, ...]):
        self.kinds = kinds
        self.name = ",".join([kinds[0].__name__.upper()] * (2 if ... in kinds else len(kinds)))

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        cells = [cell.strip() for cell in value.split(",")]
        kinds = [self.kinds[0]] * len(cells) if ... in self.kinds else list(self.kinds)
        try:
            return tuple(kind(cell) for kind, cell in zip(kinds, cells, strict=True))
        except ValueError:
            self.fail(f"expected {self.name}. Received: {value!r}", parameter, context)


def require_runs(runs: tuple[Path, ...]) -> None:
    """Raises UserError where the first argument is neither a picture's name nor a run."""
    from nntrain.options import did_you_mean
    from nntrain.report.pictures.registry import pictures

    first = runs[0]
    if not first.exists():
        if len(first.parts) == 1 and (suggestion := did_you_mean(str(first), pictures())):
            raise UserError(f"no such run folder or kind of picture.{suggestion}", place=str(first))
        raise UserError("no such run folder", place=str(first))
    if first.is_file() and first.suffix in (".yaml", ".yml"):
        raise UserError(
            "expected a run folder, or a kind of picture before a config",
            f"Such as `nntrain plot network {first}`; `nntrain plot --list` lists all kinds.",
            place=str(first),
        )
