"""Trajectory: the parameters that a run went through, from its checkpoints, or by training again in memory."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nntrain.network.snapshot import Snapshot
    from nntrain.report.pictures.subject import Subject
    from nntrain.training.loop import Trainer
    from nntrain.training.state import TrainingState

POINTS = 61  # of a path, at most
MEMORY = 1 << 28  # bytes of its parameters, at most
QUICK_S = 20.0  # a run whose training took no longer is trained again without being asked


@dataclass(frozen=True)
class Trajectory:
    """The trainable parameters (points, parameters) after each of `steps`; `how` they were found, for people."""

    thetas: np.ndarray
    steps: np.ndarray
    how: str


def initial(subject: "Subject") -> np.ndarray:
    """The trainable parameters (parameters,) before the first step."""
    network = subject.setup.network(1, backward=False, initial=False)
    begin(subject, network)
    return network.theta.copy()


def begin(subject: "Subject", network: Any) -> None:
    """Gives a network the parameters that the run began with."""
    from nntrain.run.folder import RunFolder
    from nntrain.run.moving import config_folder
    from nntrain.run.pretrained import initialize
    from nntrain.run.start import Start

    folder = RunFolder(run_of(subject))
    start = Start.recorded(folder.read_info())
    if start is not None:
        start.check_unchanged()
    initialize(subject.setup.graph, network, config_folder(folder), Path(start.checkpoint) if start else None)


def run_of(subject: "Subject") -> Path:
    assert subject.folder is not None, "a trajectory is that of a run"
    return subject.folder


def seconds_of(subject: "Subject") -> float:
    """How long the run has trained; infinite where it does not say."""
    from nntrain.run.history import read_columns

    with contextlib.suppress(OSError):
        seconds = read_columns(run_of(subject) / "times.csv").get("seconds", np.empty(0))
        if len(seconds):
            return float(seconds[-1])
    return np.inf


def trajectory(subject: "Subject", retrain: bool) -> Trajectory:
    """By training again where that is quick or asked for, else from the checkpoints."""
    if retrain or seconds_of(subject) <= QUICK_S:
        return retrained(subject)
    return stored(subject)


def stored(subject: "Subject") -> Trajectory:
    """The beginning, and the checkpoints that the run has kept."""
    from nntrain.run.checkpoints import step_of
    from nntrain.run.folder import RunFolder

    found = {0: initial(subject)}
    for snapshot in snapshots(RunFolder(run_of(subject))):
        found[step_of(snapshot)] = theta_of(subject, snapshot)
    steps = sorted(found)
    how = f"the path has {len(steps)} points, the kept checkpoints: `train.checkpoint.keep` keeps more"
    return Trajectory(np.array([found[step] for step in steps]), np.array(steps), how)


def snapshots(folder: Any) -> "list[Snapshot]":
    from nntrain.run.recovery import all_whole

    return [whole.snapshot for whole in all_whole(folder.checkpoints)]


def retrained(subject: "Subject") -> Trajectory:
    """Trains again from the beginning to the run's last step, in memory; a run repeats bit for bit on the same machine."""
    from nntrain.errors import NntrainError
    from nntrain.run.checkpoints import step_of
    from nntrain.run.folder import RunFolder
    from nntrain.training.interruption import Interrupted
    from nntrain.training.loop import Trainer
    from nntrain.training.record import Unrecorded

    folder = RunFolder(run_of(subject))
    known = {step_of(snapshot): snapshot for snapshot in snapshots(folder)}
    trainer = Trainer(subject.setup)
    begin(subject, trainer.network)
    last = max(known, default=len(trainer.batches) * subject.setup.config.train.epochs)
    most = int(np.clip(MEMORY // max(trainer.network.theta.nbytes, 1), 8, POINTS))
    camera = Camera(trainer, {*np.linspace(0, last, most).round().astype(int).tolist(), *known})
    with contextlib.suppress(Interrupted, NntrainError):  # a run that diverged does so again
        trainer.train(Unrecorded(), camera, Until(trainer.state, last))
    steps = sorted(camera.found)
    same = all(
        np.array_equal(camera.found[step], theta_of(subject, each))
        for step, each in known.items()
        if step in camera.found
    )
    how = (
        "trained again in memory, with the same bits"
        if same
        else "trained again in memory, with other rounding than the run"
    )
    return Trajectory(np.array([camera.found[step] for step in steps]), np.array(steps), how)


def theta_of(subject: "Subject", snapshot: "Snapshot") -> np.ndarray:
    from nntrain.network.snapshot import load_network

    network = subject.setup.network(1, backward=False, initial=False)
    load_network(network, snapshot)
    return network.theta


class Camera:
    """Copies the parameters at some steps."""

    def __init__(self, trainer: "Trainer", steps: set[int]):
        self.theta, self.steps = trainer.network.theta, steps
        self.found = {0: self.theta.copy()}

    def stepped(self, state: "TrainingState", loss: float, lr: float, rows: int) -> None:
        if state.step in self.steps:
            self.found[state.step] = self.theta.copy()

    def evaluating(self, state: "TrainingState") -> None:
        pass

    def evaluated(self, row: dict[str, Any], best: bool) -> None:
        pass

    def warned(self, message: str) -> None:
        pass


class Until:
    """Asks training to stop after a step."""

    def __init__(self, state: "TrainingState", last: int):
        self.state, self.last = state, last

    def __bool__(self) -> bool:
        return self.state.step >= self.last
