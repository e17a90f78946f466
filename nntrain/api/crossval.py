"""Crossval: trains a config on each fold of its data, and returns the scores on the held-out folds."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.api.data import SOURCE, Data
from nntrain.api.fit import recorded_start
from nntrain.api.run import Run, open_run
from nntrain.api.setup import ConfigLike, computing_threads, document_of, overrides_of
from nntrain.data.dataset import shortened
from nntrain.errors import ConfigError, NntrainError, UserError
from nntrain.report.formats import counted
from nntrain.report.group_pictures import GroupPictures
from nntrain.report.observer import Observer, Observers
from nntrain.report.pictures import registry
from nntrain.report.progress_observer import ProgressObserver
from nntrain.report.searched import mean_words, words
from nntrain.report.tensorboard import TensorBoardObserver, require_writer
from nntrain.report.terminal.group_progress import GroupProgress
from nntrain.run.folder import RunFolder
from nntrain.run.opening import valid_name
from nntrain.search.crossval import CrossvalFolder, Plan
from nntrain.search.jobs import Interruptions, Job, Outcome, run_jobs
from nntrain.search.members import Member, Origin, train_member
from nntrain.search.results import CrossvalResult, MemberResult
from nntrain.training.interruption import NeverInterrupted

if TYPE_CHECKING:
    from nntrain.run.session import Session

TOLD_EVERY_S = 0.2  # how often another process says how far it is


def crossval(
    config: ConfigLike,
    *,
    folds: int = 5,
    seeds: int = 1,
    group: str | int | None = None,
    data: Data | None = None,
    set: Mapping[str, Any] | None = None,  # the command's --set
    runs_dir: str | Path = "runs",
    name: str | None = None,
    overwrite: bool = False,
    jobs: int = 1,
    threads: int | None = None,
    progress: bool = False,
) -> "CrossValidation":
    """Trains a config once for each fold of its data, which is held out and scored, as `nntrain crossval` does.

    Folds are stratified for classes, by the column `group` (or `nntrain.Data(..., group=...)`), and by time for texts, series and
    tables with `split_by.time`.
    seeds: repeat it with so many seeds, from the config's on, which change the folds and the initial weights.
    runs_dir, name: the runs are in RUNS_DIR/NAME/fold-1, ...; by default the name is the config's with `-crossval`. Called again,
    it goes on where it stopped; with `overwrite`, from the start.
    jobs: how many runs are trained side by side, each in a process, with the threads divided among them; a script then needs
    `if __name__ == "__main__":`. The results depend on neither.

    Raises UserError for wrong input, CrossvalFailed where runs failed; the others are then finished.
    """
    return cross_validate(
        config,
        overrides_of(set),
        folds=folds,
        seeds=seeds,
        group=group,
        data=data,
        runs_dir=Path(runs_dir),
        name=name,
        overwrite=overwrite,
        jobs=jobs,
        threads=threads,
        terminal=progress,
        interruption=NeverInterrupted,
    )


def cross_validate(
    config: ConfigLike,
    overrides: tuple[str, ...],
    *,
    folds: int,
    seeds: int,
    group: str | int | None,
    runs_dir: Path,
    name: str | None,
    overwrite: bool,
    jobs: int,
    threads: int | None,
    terminal: bool,
    interruption: Interruptions,
    data: Data | None = None,
) -> "CrossValidation":
    """What the function and the command `crossval` share."""
    if jobs < 1:
        raise UserError(f"expected a number of at least 1. Received: {jobs}", place="jobs")
    origin = Origin(
        document_of(config), overrides if data is None else (*overrides, SOURCE), data, recorded_start(config)
    )
    with ExitStack() as stack:
        count = stack.enter_context(computing_threads(threads))
        plan = Plan.of(origin, folds, seeds, group)
        if plan.config.train.tensorboard:
            try:
                require_writer()
            except ConfigError as error:
                raise origin.document.explain(error) from None
        folder = stack.enter_context(
            CrossvalFolder(runs_dir / valid_name(plan.name if name is None else name), plan)
        )
        folder.open(overwrite, tuple(registry.file_names()))
        return _train(folder, jobs, count, terminal, interruption)


def _train(
    folder: CrossvalFolder, jobs: int, threads: int, terminal: bool, interruption: Interruptions
) -> "CrossValidation":
    """Trains what is not finished, and draws."""
    plan, drawing, status = folder.plan, GroupPictures(), "interrupted"
    left = folder.unfinished()
    with GroupProgress(len(plan.members), terminal) as progress:
        progress.warn(plan.warnings)
        if left:
            progress.note(f"{folder.path}: {described(plan)}")
            for note in plan.notes:
                progress.note(note)
        progress.resumed(len(plan.members) - len(left))

        def finished(place: int, outcome: Outcome) -> None:
            member = left[place]
            if outcome.error is not None:
                progress.failed(member.name, outcome.error.message)
                return
            run = RunFolder(folder.folder_of(member))
            folder.write("running")
            progress.finished(outcome.value, run.read_info().get("warnings", ()))
            drawing.add(run.path)

        tasks = [(plan.origin, member, folder.folder_of(member)) for member in left]
        folder.write("running" if left else "finished")
        try:
            outcomes = run_jobs(
                train_fold,
                tasks,
                jobs,
                threads,
                interruption,
                finished,
                lambda place, message: progress.evaluated(left[place].name, *message),
            )
            status = "failed" if any(outcome.error for outcome in outcomes) else "finished"
        finally:
            result = folder.write(status)
            if status == "interrupted":
                drawing.stop()
                progress.note(f"{len(folder.ended())} of {counted(len(plan.members), 'run')} finished")
        if left or not folder.is_drawn:
            progress.warn(drawing.finish(folder.path, folder.ended()))
    failed = {
        member.name: outcome.error for member, outcome in zip(left, outcomes, strict=True) if outcome.error
    }
    found = CrossValidation(folder.path, result)
    if failed:
        raise CrossvalFailed(found, failed)
    return found


def described(plan: Plan) -> str:
    """ "5 folds, 2 seeds"."""
    seeds = f", {plan.seeds} seeds" if plan.seeds > 1 else ""
    return f"{plan.folds} folds{seeds}"


Message = tuple[float, int, float]  # of a member: epochs done, of how many, and its loss


def train_fold(task: tuple[Origin, Member, Path], job: Job) -> MemberResult:
    """Trains one run; other processes find this function by its name."""
    origin, member, folder = task
    log = ProgressObserver(terminal=False)
    watching: list[Observer] = [Distance(job)]
    config, _ = origin.checked(member.overrides)
    if config.train.tensorboard:
        watching.append(TensorBoardObserver())
    observer = Observers([*watching, log], log.warn)
    return train_member(
        origin, member, folder, observer, job.interruption(), job.threads, tuple(registry.file_names())
    )


class Distance(Observer):
    """Reports how far a run is, a few times in a second."""

    name = "report of progress"

    def __init__(self, job: Job):
        self._job, self._epochs, self._due, self._loss = job, 0, 0.0, "train_loss"

    def started(self, session: "Session") -> None:
        self._epochs = session.setup.config.train.epochs
        if session.setup.splits.validation is not None:
            self._loss = "validation_loss"

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        if (now := time.monotonic()) >= self._due:
            self._due = now + TOLD_EVERY_S
            self._job.report((float(row["epoch"]), self._epochs, float(row[self._loss])))


class CrossValidation:
    """The runs of a cross-validation, and their scores on the held-out folds.

    path: its folder. result: all that is known of the runs, as plain data.
    """

    def __init__(self, path: Path, result: CrossvalResult):
        self.path, self.result = path, result

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """For each metric its value on the held-out fold of each run (runs,); NaN of a run without scores."""
        return {metric: self.result.values(metric) for metric in self.result.metrics}

    @property
    def mean(self) -> dict[str, float]:
        """For each metric the mean over the runs."""
        return {metric: self.result.mean(metric) for metric in self.result.metrics}

    @property
    def std(self) -> dict[str, float]:
        """For each metric the sample standard deviation over the runs (divided by n - 1)."""
        return {metric: self.result.deviation(metric) for metric in self.result.metrics}

    @cached_property
    def runs(self) -> list[Run]:
        """The runs, in order of seed and fold. Raises UserError where one has not started."""
        return [open_run(self.path / member.name) for member in self.result.members]

    def __repr__(self) -> str:
        metric = self.result.metrics[min(1, len(self.result.metrics) - 1)]
        score = mean_words(self.mean[metric], self.std[metric])
        return f"<nntrain.CrossValidation {self.path}: {words(metric)} {score}>"


class CrossvalFailed(NntrainError):
    """Some runs of a cross-validation failed. `result`: the CrossValidation with the others."""

    def __init__(self, result: CrossValidation, errors: Mapping[str, NntrainError]):
        name, first = next(iter(errors.items()))
        place = f"{result.path / name}: {first.place}" if first.place else str(result.path / name)
        others = list(errors)[1:]
        more = f"\n{counted(len(others), 'other run')} failed: {shortened(tuple(others))}" if others else ""
        super().__init__(first.message + more, first.hint, place)
        self.result, self.errors = result, errors
        self.exit_code = first.exit_code
