"""Extension: a run that continues with more epochs, another patience or another length of its schedule than before."""

from typing import Any

from nntrain.config.train_section import TrainSection
from nntrain.training.monitor import Monitor
from nntrain.training.state import TrainingState


def extend(state: TrainingState, facts: dict[str, Any], train: TrainSection, monitor: Monitor) -> None:
    """Fits a restored state to the options of today; `facts` are those of its checkpoint."""
    state.horizon = train.schedule_epochs or horizon_of(facts)
    then = (facts["config"]["train"].get("early_stopping") or {}).get("min_delta", 0.0)
    now = train.early_stopping.min_delta if train.early_stopping else 0.0
    if then != now or "to_beat" not in facts["training"]:  # version 0.1.0 kept the best value alone
        state.to_beat = monitor.value(state.best) if state.best else None
    if then != now:
        state.waited = 0
    stopping = train.early_stopping
    state.stopped_early = stopping is not None and state.waited >= stopping.patience


def horizon_of(facts: dict[str, Any]) -> int:
    """The epochs over which the schedule of a checkpoint ran; version 0.1.0 did not write them."""
    return facts["training"].get("horizon") or facts["config"]["train"]["epochs"]


def needed_to_continue(state: TrainingState, train: TrainSection) -> str:
    """What has to change so that a run that has ended trains on."""
    needed = []
    if state.epoch >= train.epochs:
        needed.append(f"more `train.epochs` than {state.epoch:,}")
    if state.stopped_early and train.early_stopping:
        needed.append(
            f"a longer `train.early_stopping.patience` than {state.waited:,}, or `train.early_stopping: null`"
        )
    return "Set " + ", and ".join(needed)
