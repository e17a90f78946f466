"""The `nntrain` command: finds its verbs in this folder and turns errors into messages and exit codes."""

import atexit
import contextlib
import errno
import gc
import importlib
import os
import pkgutil
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

import nntrain
from nntrain import cli
from nntrain.distributed.launch import launched_rank, launched_size, require_one_process
from nntrain.errors import NntrainError
from nntrain.report.terminal.encoding import set_up_streams, use_utf8_mode
from nntrain.report.terminal.streams import replace_closed

if TYPE_CHECKING:
    from nntrain.distributed.ranks import Ranks

NOT_MAPPED = ("Cannot allocate memory", "failed to map segment")  # of the loader of shared libraries
GARBAGE_AFTER = 100_000  # new objects; Python looks after 700
INTERRUPTED = 130  # what shells give for a program that Ctrl-C ended
SIDE_BY_SIDE = ("sweep",)  # its processes share a storage, and need no MPI
ON_RANKS = ("fit", "bench")  # what mpiexec can start several times
ORDER = ("fit", "eval", "gradcheck")  # what the program is for comes first


class Verbs(click.Group):
    """A group whose commands are the modules of this folder; each defines `command`."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        replace_closed()
        if launched_rank():
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        if args is None:  # not called by another program
            use_utf8_mode()
            cli.own_process = True
            gc.set_threshold(
                GARBAGE_AFTER
            )  # what is imported stays: looking for garbage in it took a tenth of the time
        set_up_streams()
        try:
            return super().main(args, *rest, **options)
        except SystemExit as ended:
            if args is None:
                end_process(ended.code)
            raise

    def list_commands(self, context: click.Context) -> list[str]:
        found = [
            module.name.replace("_", "-")
            for module in pkgutil.iter_modules(cli.__path__)
            if module.name not in ("main", "shared")
        ]
        return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        return importlib.import_module(f"nntrain.cli.{name.replace('-', '_')}").command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            found = super().resolve_command(context, arguments)
        except click.UsageError as error:
            from nntrain.options import did_you_mean

            names = self.list_commands(context)
            raise click.UsageError(f"{error.message}{did_you_mean(arguments[0], names)}", context) from None
        if found[0] in ON_RANKS and launched_size() > 1:
            join_ranks()  # first: the others would wait for one that fails before
        elif found[0] not in (*ON_RANKS, *SIDE_BY_SIDE):
            require_one_process(str(found[0]), f"Only {' and '.join(ON_RANKS)} run on several ranks.")
        return found

    def invoke(self, context: click.Context) -> Any:
        try:
            with own_warnings():
                return super().invoke(context)
        except NntrainError as error:
            show_and_exit(error)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            end_all_ranks(INTERRUPTED)
            sys.exit(INTERRUPTED)
        except SystemExit:
            raise
        except BaseException as error:  # also a panic of a library written in Rust, out of memory
            if known := explained(error):
                show_and_exit(known)
            if several_ranks() and not isinstance(error, click.exceptions.Exit | click.ClickException):
                speak()
                if where := this_rank():
                    click.echo(f"This is the traceback of {where}:", err=True)
                traceback.print_exc()
                end_all_ranks(1)
            raise


def end_process(code: Any) -> None:
    """Ends the process as Python would, but without taking its modules apart, which takes 0.2 s once Numba is loaded.

    Returns where Python should do it: for a code that is a message, a debugger or a profiler, and MPI, which notices its own end.
    """
    watched = sys.gettrace() or sys.getprofile() or "mpi4py" in sys.modules
    if watched or not isinstance(code, int | None) or threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # a closed pipe: Python has an exit code for it
        return
    os._exit(code or 0)


@contextlib.contextmanager
def own_warnings() -> Iterator[None]:
    """Shows nntrain's Python warnings as the command shows its others; those of libraries stay as they are."""
    with warnings.catch_warnings():
        plain = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if category.__module__.startswith("nntrain."):
                from nntrain.report.terminal.messages import show_warning

                show_warning(str(message))
            else:
                plain(message, category, *place, **more)

        warnings.showwarning = show
        yield


def explained(error: BaseException) -> NntrainError | None:
    """The error of a plugin, of the operating system or for lack of memory as a message without a traceback; None for any other."""
    plugins = sys.modules.get("nntrain.plugins")
    if plugins and (blamed := plugins.blame(error)):
        return blamed
    if memory := out_of_memory(error):
        return memory
    if (
        isinstance(error, OSError) and error.strerror and error.errno != errno.EPIPE
    ):  # click handles a closed pipe
        return NntrainError(error.strerror, place=str(error.filename or ""))
    return None


def out_of_memory(error: BaseException) -> NntrainError | None:
    """The error as a message if memory, or room for a thread, is what was missing."""
    from nntrain.limits import memory_room

    reason = str(error).removesuffix(".")
    if isinstance(error, RuntimeError) and "can't start new thread" in reason:
        return NntrainError(
            "another thread cannot be started", "Use fewer --threads, or raise `ulimit -u` and `ulimit -v`."
        )
    causes = f"{error} {error.__cause__} {error.__context__}"
    mapping = isinstance(error, (ImportError, OSError)) and any(text in causes for text in NOT_MAPPED)
    panic = type(error).__name__ == "PanicException"
    if not (
        mapping or panic or isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    ):
        return None
    if mapping:
        reason = "a library of the program cannot be loaded"
    what = f": {reason[:1].lower()}{reason[1:]}" if reason else ""
    hint = "Use a smaller batch size, network or data set, or raise the limit."
    return NntrainError(f"not enough memory{what}; {memory_room().too_small_for(0)}", hint)


def show_and_exit(error: NntrainError) -> NoReturn:
    from nntrain.report.terminal.messages import show_error

    if not error.on_all_ranks:
        speak()
        error.place = ": ".join(filter(None, (this_rank(), error.place)))
    show_error(error)
    if not error.on_all_ranks:
        end_all_ranks(error.exit_code)
    sys.exit(error.exit_code)


def speak() -> None:
    """For an error that this rank alone has: otherwise only the root prints."""
    if launched_rank():
        sys.stderr = sys.__stderr__


def this_rank() -> str:
    """Where an error is that this rank alone has; empty for the root."""
    ranks = several_ranks()
    return "" if ranks is None or ranks.is_root else f"rank {ranks.rank} on {ranks.host}"


def join_ranks() -> None:
    from nntrain.distributed.launch import connected
    from nntrain.distributed.supervisor import supervised

    supervised()
    connected()


def several_ranks() -> "Ranks | None":
    """The ranks of a run on MPI, once they are connected."""
    launch = sys.modules.get("nntrain.distributed.launch")
    if launch is None or not launch.connected.cache_info().currsize:
        return None
    ranks = launch.connected()
    return ranks if ranks.size > 1 else None


def end_all_ranks(code: int) -> None:
    """Where this rank alone cannot go on, the others would wait for it."""
    if (ranks := several_ranks()) is not None:
        sys.stderr.flush()
        ranks.abort(code)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(nntrain.__version__, prog_name="nntrain")
def main() -> None:
    """Trains neural networks described in YAML.

    Start with `nntrain fit configs/digits.yaml`.
    """
