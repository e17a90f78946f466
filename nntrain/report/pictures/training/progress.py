"""Progress: where steps and evaluations are on the x axis: at their epoch, step or time."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.run.history import History

Unit = Literal["epoch", "step", "time"]
UNITS_OF_TIME = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@dataclass(frozen=True)
class Progress:
    """The positions of a run's steps and evaluations on the x axis."""

    steps: np.ndarray  # (steps,)
    evaluations: np.ndarray  # (evaluations,)
    label: str

    @property
    def end(self) -> float:
        return float(max([*self.steps[-1:], *self.evaluations[-1:]], default=1.0))

    def of(self, history: History, column: str) -> tuple[np.ndarray, np.ndarray]:
        """The positions and values of a column where its cells are not empty."""
        values = history.evaluations.get(column, np.ma.masked_all(len(history)))
        filled = ~np.ma.getmaskarray(values)
        return self.evaluations[filled], values.data[filled]


def progress_of(histories: list[History], unit: Unit) -> list[Progress]:
    """The positions of several runs in the same unit. Raises UserError where a run has no times."""
    if unit == "time":
        return in_time(histories)
    if unit == "step" or any(history.steps.counts_steps for history in histories):
        return [Progress(history.steps.step, steps_of(history), "step") for history in histories]
    return [
        Progress(history.steps.epoch, history.evaluations["epoch"].data, "epoch") for history in histories
    ]


def steps_of(history: History) -> np.ndarray:
    """The step of each evaluation."""
    return history.evaluations["step"].data if "step" in history.evaluations else np.empty(0)


def in_time(histories: list[History]) -> list[Progress]:
    times = [
        (history.seconds(history.steps.step), history.seconds(steps_of(history))) for history in histories
    ]
    for history, (steps, _) in zip(histories, times, strict=True):
        if steps is None:
            raise UserError(
                "the run has no times of its evaluations (times.csv)",
                "Runs of earlier versions, and runs before their first evaluation, have none.",
                str(history.folder),
            )
    longest = max(float(found[-1]) for pair in times for found in pair if found is not None and len(found))
    scale, name = next((each for each in UNITS_OF_TIME if longest >= 2 * each[0]), UNITS_OF_TIME[-1])
    return [
        Progress(steps / scale, evaluations / scale, f"{name} of training")
        for steps, evaluations in times
        if steps is not None and evaluations is not None
    ]


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average (points,) with a weight in [0, 1) of the past, corrected for its start as in Adam.

    Values that are not finite are left out of the average.
    """
    if weight <= 0 or not len(values):
        return values
    result = np.empty(len(values))
    mean, share = 0.0, 0.0
    for i, value in enumerate(values):
        if np.isfinite(value):
            mean = weight * mean + (1 - weight) * value
            share = weight * share + (1 - weight)
        result[i] = mean / share if share else np.nan
    return result
