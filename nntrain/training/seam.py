"""Seam: where a run is resumed, and what happens there to the learning rate."""

import math
from typing import Any

from nntrain.training.extension import horizon_of
from nntrain.training.loop import Trainer

LEAP = 0.1  # of the learning rate, as a fraction


def seam_warnings(trainer: Trainer, facts: dict[str, Any]) -> list[str]:
    """What happens to the learning rate where a run is resumed from the checkpoint of these `facts`."""
    state, train = trainer.state, trainer.config.train
    then, now = horizon_of(facts), state.horizon
    name = trainer.config.schedule.yaml_name
    if then != now and state.step:
        before = trainer.learning_rate_at(state.step - 1, then)
        after = trainer.learning_rate()
        if not math.isclose(after, trainer.learning_rate_at(state.step, then), rel_tol=LEAP):
            return [
                f"schedule: the learning rate leaps from {before:.4g} in step {state.step:,} to {after:.4g} in step {state.step + 1:,}, "
                f"because {name} runs over {now} epochs instead of {then}"
            ]
    if kept_horizon(trainer) is not None:
        end = now * len(trainer.batches)
        return [
            f"schedule: {name} ends after {now} epochs, with which the run was started, and the learning rate is "
            f"{trainer.learning_rate_at(end, now):.4g} from then on. Set `train.schedule_epochs: {train.epochs}` to stretch it, which "
            f"changes the learning rate of step {state.step + 1:,} from {trainer.learning_rate():.4g} to "
            f"{trainer.learning_rate_at(state.step, train.epochs):.4g}"
        ]
    return []


def kept_horizon(trainer: Trainer) -> int | None:
    """The epochs over which the schedule runs, if they are those of the first start and today's config would change them."""
    train, horizon = trainer.config.train, trainer.state.horizon
    end = horizon * len(trainer.batches)
    if train.schedule_epochs is not None or train.epochs <= horizon:
        return None
    stays = trainer.learning_rate_at(end, horizon) == trainer.learning_rate_at(end, train.epochs)
    return None if stays else horizon
