"""Downloads: a bar for each file that is on its way; on no terminal, a line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from nntrain.data.files.download import report_progress
from nntrain.report.terminal.console import output
from nntrain.report.words import plain


@contextmanager
def shown_downloads() -> Iterator[None]:
    """While it lasts, downloads that start are shown on stderr. Nothing is shown where there are none."""
    console = output(stderr=True)
    if not console.is_terminal:
        yield
        return
    bars = Progress(
        BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=console
    )

    def begin(text: str) -> Callable[[int, int], None]:
        console.print(
            plain(text), soft_wrap=True
        )  # on a line of its own: addresses are long, and the bar wants room
        bars.start()
        task = bars.add_task("", total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    try:
        with report_progress(begin):
            yield
    finally:
        bars.stop()
