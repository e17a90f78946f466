"""Report: one HTML page about a run, or about several runs side by side."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nntrain.api.plot import fitting, of_every_run, subject_of
from nntrain.errors import UserError
from nntrain.report.html import PAGE
from nntrain.report.html.page import write_page
from nntrain.report.html.pictures import Album, Styles
from nntrain.report.html.reported import ReportedRun

MOST = 20  # runs on a page


class Exists(UserError):
    """The page is there already."""


def write_report(
    *runs: str | Path,
    output: str | Path | None = None,
    overwrite: bool = False,
    pictures: bool = True,
    style: Styles = "light",
) -> Path:
    """Writes a page about a run, or about several, as the command `nntrain report` does, and returns its file.

    output: by default RUN/report.html; for several runs report.html in the current folder. overwrite: replace the file.
    pictures: draw all pictures that fit the runs, too. style: theirs; "both" draws each twice, and the reader's system chooses. The page
    itself is always light or dark as the reader's system.

    Raises UserError where a folder is no run, or the file cannot be written.
    """
    return write(tuple(map(Path, runs)), output, overwrite, style if pictures else None)[0]


def write(
    runs: Sequence[Path], output: str | Path | None, overwrite: bool, style: Styles | None
) -> tuple[Path, list[str]]:
    """What the function and the command share: the file, and warnings about pictures that cannot be drawn; without a style, none are."""
    if not 1 <= len(runs) <= MOST:
        raise UserError(f"expected 1 to {MOST} runs. Received: {len(runs)}", place="report")
    reported = [ReportedRun(run) for run in runs]
    path = Path(output) if output is not None else runs[0] / PAGE if len(runs) == 1 else Path(PAGE)
    check_file(path, overwrite)
    albums = [album(run, style) for run in runs] if style else []
    for run, drawn in zip(reported, albums, strict=False):
        run.problems += drawn.warnings
    write_page(reported, albums, path)
    return path, list(dict.fromkeys(warning for album in albums for warning in album.warnings))


def album(run: Path, style: Styles) -> Album:
    return Album(of_every_run(), partial(fitting, subject=subject_of(run)), style)


def check_file(path: Path, overwrite: bool) -> None:
    """Raises UserError if the page cannot be written there."""
    if path.is_dir():
        raise UserError("expected a file. Received: a folder", place=str(path))
    if path.exists() and not overwrite:
        raise Exists("the file exists", place=str(path))
    if not path.parent.is_dir():
        raise UserError(f"no such folder: {path.parent}", place=str(path))
