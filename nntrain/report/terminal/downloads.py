"""Downloads: a progress bar for each file on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from nntrain.data.files.download import showing
from nntrain.report.formats import printable
from nntrain.report.terminal.console import output


@contextmanager
def shown_downloads() -> Iterator[None]:
    """Shows the downloads that start inside the `with` block on stderr."""
    console = output(stderr=True)
    if not console.is_terminal:
        yield
        return
    bars = Progress(
        BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=console
    )

    def begin(text: str) -> Callable[[int, int], None]:
        # On a line of its own: addresses are long, and the bar needs space.
        console.print(printable(text), soft_wrap=True)
        bars.start()
        task = bars.add_task("", total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)

    try:
        with showing(begin):
            yield
    finally:
        bars.stop()
