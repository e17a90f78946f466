"""Sweep: trains a config many times with other values of some options, and returns the best ones."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntrain.api.crossval import Distance
from nntrain.api.setup import computing_threads, overrides_of
from nntrain.config import Document, dump
from nntrain.errors import NntrainError, UserError
from nntrain.report.formats import counted
from nntrain.report.observer import Observer, Observers
from nntrain.report.pictures.registry import pictures
from nntrain.report.pictures.search.group import draw_group
from nntrain.report.progress_observer import ProgressObserver
from nntrain.report.tensorboard import TensorBoardObserver, require_writer
from nntrain.report.terminal.sweep_progress import SweepProgress
from nntrain.run.history import has_tables
from nntrain.run.opening import valid_name
from nntrain.search.jobs import Interruptions, Job, Outcome, run_jobs
from nntrain.search.results import SweepResult, Trial
from nntrain.search.sweep.engine import forwarded, require_optuna
from nntrain.search.sweep.folder import SweepFolder
from nntrain.search.sweep.plan import Plan
from nntrain.search.sweep_files import write_sweep
from nntrain.training.interruption import Interrupted, NeverInterrupted

if TYPE_CHECKING:
    from nntrain.search.sweep.trials import Trials

SweepLike = str | Path | Mapping[str, Any]


class Sweep:
    """What a sweep has found.

    path: its folder. result: its trials as plain data. reasons: why trials failed, by number.
    """

    def __init__(self, path: Path, result: SweepResult, reasons: Mapping[int, str]):
        self.path, self.result, self.reasons = path, result, reasons

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Each with `number`, `state`, `value`, `parameters` and `seconds`."""
        return self.result.trials

    @property
    def best(self) -> Trial | None:
        """The best trial; None where none has finished."""
        return self.result.best

    @property
    def best_config(self) -> Path | None:
        """The config that trains the best trial again."""
        return SweepFolder(self.path).best if self.best is not None else None

    @property
    def importance(self) -> dict[str, float]:
        """How much each parameter matters, by name; the sum is 1. Empty where trials are too few."""
        return self.result.importance

    def __repr__(self) -> str:
        best = f", best {self.result.objective} {self.best.value:.6g}" if self.best is not None else ""
        return f"<nntrain.Sweep {self.path}: {len(self.trials)} trials{best}>"


class SweepFailed(NntrainError):
    """No trial of a sweep has finished with a value. `result`: the Sweep."""

    def __init__(self, result: Sweep):
        last = next(reversed(list(result.reasons.items())), None)
        reason = f"; trial {last[0]} failed: {last[1]}" if last else ""
        super().__init__(f"no trial has finished with a value{reason}", place=str(result.path))
        self.result = result


def sweep(
    sweep: SweepLike,
    *,
    set: Mapping[str, Any] | None = None,
    runs_dir: str | Path = "runs",
    name: str | None = None,
    overwrite: bool = False,
    jobs: int = 1,
    threads: int | None = None,
    progress: bool = False,
) -> Sweep:
    """Works on a sweep until its last trial has ended, as the command `nntrain sweep` does.

    sweep: a sweep file, or its contents as a dictionary, whose paths then count from the current folder.
    set: values that change the sweep, by dotted key, such as {"trials": 100}.
    runs_dir, name: the sweep is kept in RUNS_DIR/NAME. One that is there already is continued; overwrite: replace it.
    jobs: how many trials are trained side by side, each in a process, with the threads divided among them; a script then needs
    `if __name__ == "__main__":`.
    threads: how many threads compute; all by default. The scores of a trial do not depend on it.

    Raises UserError (ConfigError, DataError) for wrong input, SweepFailed where no trial has finished.
    """
    return work(
        sweep,
        overrides_of(set),
        runs=Path(runs_dir),
        name=name,
        overwrite=overwrite,
        jobs=jobs,
        threads=threads,
        terminal=progress,
        interruption=NeverInterrupted,
    )


@dataclass(frozen=True)
class Task:
    """What a process needs to work on a sweep."""

    document: Document
    overrides: tuple[str, ...]
    folder: Path
    plan: Plan | None  # for this process; another one reads it again

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "plan": None}

    def read(self) -> Plan:
        return self.plan or Plan.read(self.document, self.overrides, check=False)

    def trials(self, plan: Plan) -> "Trials":
        from nntrain.search.sweep.storage import open_storage
        from nntrain.search.sweep.trials import Trials

        storage = open_storage(plan.options.storage, self.folder, self.document.folder)
        return Trials(plan, storage, SweepFolder(self.folder).trials)


def work(
    sweep: SweepLike,
    overrides: tuple[str, ...],
    *,
    runs: Path,
    name: str | None,
    overwrite: bool,
    jobs: int,
    threads: int | None,
    terminal: bool,
    interruption: Interruptions,
) -> Sweep:
    """What the function and the command `sweep` share."""
    require_optuna()
    if jobs < 1:
        raise UserError(f"expected a number of at least 1. Received: {jobs}", place="jobs")
    with computing_threads(threads) as count:
        document = read(sweep)
        if name is not None:
            overrides = (*overrides, f"name={json.dumps(valid_name(name))}")
        plan = Plan.read(document, overrides)
        if plan.setup.config.train.tensorboard:
            require_writer()
        folder = SweepFolder(runs / plan.name)
        if overwrite:
            clear(plan, folder, document)
        folder.open(document.raw)
        task = Task(document, overrides, folder.path, plan)
        with (
            SweepProgress(plan.total, terminal) as progress,
            forwarded(progress.warn),
            task.trials(plan) as trials,
        ):
            folder.renew(document.raw)
            return Lead(task, plan, folder, trials, progress).work(jobs, count, interruption)


def read(sweep: SweepLike) -> Document:
    if isinstance(sweep, Mapping):
        return replace(Document.parse(dump(dict(sweep)), file="sweep"), home=Path())
    return Document.read(sweep)


def clear(plan: Plan, folder: SweepFolder, document: Document) -> None:
    """Removes the sweep of that name, from its folder and from its storage."""
    from nntrain.search.sweep.storage import close, delete_study, open_storage

    folder.clear()
    if plan.options.storage is not None:
        storage = open_storage(plan.options.storage, folder.path, document.folder)
        delete_study(storage, plan.name)
        close(storage)


class Lead:
    """Starts the work on a sweep, shows what becomes of it, and writes what it shows."""

    def __init__(
        self, task: Task, plan: Plan, folder: SweepFolder, trials: "Trials", progress: SweepProgress
    ):
        self.task, self.plan, self.folder, self.trials, self.progress = task, plan, folder, trials, progress

    def work(self, jobs: int, threads: int, interruption: Interruptions) -> Sweep:
        self.progress.note(f"{self.folder.path}: {described(self.plan)}")
        for warning in self.plan.warnings:
            self.progress.warn(warning)
        if more := self.trials.not_counted():
            verbs = "has ended and does" if more == 1 else "have ended and do"
            text = f"{counted(more, 'more trial')} of this sweep {verbs} not count with `trials: {self.plan.total}`"
            self.progress.warn(text)
        before = self.write("running")
        self.progress.resumed(before)
        try:
            outcomes = run_jobs(
                work_on, [self.task] * jobs, jobs, threads, interruption, self.finished, self.reported
            )
        except BaseException as end:
            with contextlib.suppress(Exception):  # such as a database that is gone: that is what `end` says
                self.write("interrupted" if isinstance(end, (Interrupted, KeyboardInterrupt)) else "failed")
            raise
        result = self.write("interrupted" if self.is_left else "finished")
        found = Sweep(self.folder.path, result, self.reasons())
        if (error := next((each.error for each in outcomes if each.error), None)) and self.is_left:
            raise error
        if result.best is None:
            raise SweepFailed(found)
        if self.is_left or self.plan.total is None:
            self.progress.note("the time limit is over; the same command continues")
        if result.trials != before.trials or not (self.folder.path / "history.png").is_file():
            self.draw(result.best)
        return found

    @property
    def is_left(self) -> bool:
        """Whether trials are left that nobody works on."""
        trials = self.trials.all()
        return len(trials) < (self.plan.total or 0) or bool(self.trials.running())

    def reasons(self) -> dict[int, str]:
        """Why trials failed, by number."""
        from nntrain.search.sweep.trials import reason_of

        return {trial.number: reason for trial in self.trials.all() if (reason := reason_of(trial))}

    def write(self, status: str) -> SweepResult:
        """Writes the files of the sweep as it is now."""
        from nntrain.search.sweep.outcome import result_of, write_best

        result = result_of(self.plan, self.trials, importance=status != "running")
        facts = {"status": status, "total": self.plan.total, "reasons": self.reasons()}
        write_sweep(self.folder.path, result, **facts)
        write_best(self.plan, self.trials, result, self.folder.best)
        return result

    def finished(self, place: int, outcome: Outcome) -> None:
        if outcome.error is not None:
            how = outcome.error.message.removeprefix("its process ")
            self.progress.warn(f"a process of this sweep {how}; the others continue its trial")

    def reported(self, place: int, message: tuple[str, Any]) -> None:
        from nntrain.search.sweep.trials import reason_of

        kind, content = message
        if kind == "ended":
            trial = next(trial for trial in self.trials.all() if trial.number == content)
            self.progress.ended(self.trials.plain(trial), reason_of(trial), self.write("running"))
        elif kind == "trained":
            self.progress.trained(*content)
        elif kind == "waiting":
            self.progress.waiting(content)
        elif kind == "warning":
            self.progress.warn(content)

    def draw(self, best: Trial) -> None:
        """Draws the sweep, and the losses of its best run."""
        try:
            list(draw_group(self.folder.path))
            run = self.folder.trials / f"{best.number:04d}"
            if has_tables(run):
                pictures()["loss"].draw_stored(run)
        except Exception as error:
            self.progress.warn(f"{self.folder.path}: cannot draw the pictures: {error}")


def described(plan: Plan) -> str:
    """ "40 trials by tpe, for a high validation accuracy"."""
    count = f"{plan.total:,} trials" if plan.total else "trials"
    direction = "highest" if plan.objective.higher_is_better else "lowest"
    return f"{count} by {plan.options.method}, for the {direction} {plan.objective.column.replace('_', ' ')}"


def work_on(task: Task, job: Job) -> None:
    """Works on a sweep in one process; other processes find this function by its name."""
    from nntrain.search.sweep.running import TrialRunner
    from nntrain.search.sweep.worker import Worker

    plan = task.read()
    with forwarded(lambda text: job.report(("warning", text))):
        runner = TrialRunner(
            plan, lambda number: observer_of(plan, number, job), job.interruption, job.threads
        )
        with task.trials(plan) as trials:
            Worker(trials, runner, SweepFolder(task.folder).trials, Reports(job)).work()


class Reports:
    """Tells the leading process what a worker does."""

    def __init__(self, job: Job):
        self._job = job

    def started(self, number: int) -> None:
        pass

    def ended(self, number: int) -> None:
        self._job.report(("ended", number))

    def waiting(self, count: int) -> None:
        self._job.report(("waiting", count))


def observer_of(plan: Plan, number: int, job: Job) -> Observers:
    """What watches the runs of a trial: a log, without pictures, which would take longer than a short training."""
    log = ProgressObserver(terminal=False)
    told = replace(job, report=lambda message: job.report(("trained", (number, *message))))
    watching: list[Observer] = [Distance(told)]
    if plan.setup.config.train.tensorboard:
        watching.append(TensorBoardObserver())
    return Observers([*watching, log], log.warn)
