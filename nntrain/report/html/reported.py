"""Reported run: what a page says about a run, read from its folder. What is missing or damaged is None, with the reason in `problems`."""

import contextlib
import datetime
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nntrain.errors import NntrainError, UserError
from nntrain.report.formats import duration
from nntrain.report.terminal.tables import LayerRow, layer_rows
from nntrain.run.folder import RunFolder
from nntrain.run.history import has_tables, read_history
from nntrain.run.settings import Settings, read_settings
from nntrain.run.status import ENDED, status_of
from nntrain.run.stored import open_stored, run_inside

if TYPE_CHECKING:
    from nntrain.training.groups import GroupRow

T = TypeVar("T")
Scores = dict[str, dict[str, Any]]  # {"test": {"loss": 0.11, "accuracy": 0.975}}


class ReportedRun:
    """A run folder, also of a run that is still training, failed, or was made by an older version."""

    def __init__(self, path: Path):
        """Raises UserError if there is no run folder."""
        self.path = path
        self.folder = RunFolder(path)
        self.problems: list[str] = []  # why parts of the page are missing
        require_run(self.folder)
        self.name = path.resolve().name
        self.info = self.folder.read_info()
        self.history = self._unless(lambda: read_history(path)) if has_tables(path) else None
        self.settings: Settings = read_settings(path)
        self.stored = self._unless(lambda: open_stored(path)) if self._has_checkpoint else None

    @property
    def _has_checkpoint(self) -> bool:
        return self.folder.best.exists() or self.folder.last.exists()

    def _unless(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except NntrainError as error:
            self.problems.append(str(error).partition("\nhint: ")[0])
            return None

    @property
    def status(self) -> str:
        return status_of(self.path, self.info)

    @property
    def is_unfinished(self) -> bool:
        return self.status not in ENDED

    @property
    def scores(self) -> Scores:
        """Of the best checkpoint on every split; before the end of the run, of the best evaluation so far."""
        return scores_in(self.info.get("scores")) or self._scores_so_far

    @property
    def scores_are_final(self) -> bool:
        return bool(scores_in(self.info.get("scores")))

    @property
    def baseline(self) -> Scores:
        """Of the best constant prediction."""
        return scores_in(self.info.get("baseline"))

    @property
    def _scores_so_far(self) -> Scores:
        if self.history is None or not len(self.history):
            return {}
        row = self.history.best if self.history.best is not None else len(self.history) - 1
        found: Scores = {}
        for column in self.history.columns:
            split, _, name = column.partition("_")
            value = self.history.value(column, row)
            if split in ("train", "validation", "test") and value is not None:
                found.setdefault(split, {})[name] = value
        return found

    @cached_property
    def log(self) -> list[str]:
        """The lines of train.log."""
        with contextlib.suppress(OSError):
            return self.folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return []

    @property
    def warnings(self) -> list[str]:
        """Those of the start, of training and of the end, each once."""
        recorded = self.info.get("warnings")
        found = [str(warning) for warning in recorded] if isinstance(recorded, list) else []
        logged = [line.removeprefix("warning: ") for line in self.log if line.startswith("warning: ")]
        return list(dict.fromkeys([*found, *logged]))

    @property
    def took(self) -> str:
        """How long it trained: as the log says, or from its start to its end."""
        for line in reversed(self.log):
            head, _, rest = line.partition(": ")
            if head in ("finished", "stopped early", "interrupted") and " in " in rest:
                return rest
        try:
            begin, end = (datetime.datetime.fromisoformat(self.info[key]) for key in ("started", "ended"))
        except (KeyError, TypeError, ValueError):
            return ""
        return duration((end - begin).total_seconds())

    @cached_property
    def layers(self) -> list[LayerRow]:
        """The layers of the network; empty where there is no checkpoint."""
        stored = self.stored
        rows = self._unless(lambda: layer_rows(stored.graph())) if stored is not None else None
        return rows or []

    @cached_property
    def groups(self) -> list["GroupRow"]:
        """The parameter groups of the network; empty where it has none, and where there is no checkpoint."""
        from nntrain.training.groups import group_rows

        stored = self.stored
        rows = self._unless(lambda: group_rows(stored.config, stored.graph())) if stored is not None else None
        return rows or []

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for other targets, and without a checkpoint."""
        return tuple(map(str, self.stored.snapshot.facts["data"].get("classes", ()))) if self.stored else ()

    def text(self, file: Path) -> str:
        """The contents of a text file of the run; empty where there is none."""
        with contextlib.suppress(OSError):
            return file.read_text(encoding="utf-8-sig", errors="replace")
        return ""


def require_run(folder: RunFolder) -> None:
    """Raises UserError unless the folder holds something of a run."""
    place = str(folder.path)
    if not folder.path.exists():
        raise UserError("no such run folder", place=place)
    files = (folder.info, folder.metrics, folder.steps, folder.best, folder.last)
    if not folder.path.is_dir() or not any(file.exists() for file in files):
        if inside := run_inside(folder.path):
            raise UserError("a folder of runs, not a run", f"Name its runs, such as {inside}.", place)
        raise UserError(
            "expected the folder of a run, such as runs/NAME. Received: "
            + ("a folder without run.json" if folder.path.is_dir() else "a file"),
            place=place,
        )


def scores_in(value: Any) -> Scores:
    """The scores by split of run.json, whatever that holds."""
    splits = value.items() if isinstance(value, dict) else ()
    return {str(split): values for split, values in splits if isinstance(values, dict)}
