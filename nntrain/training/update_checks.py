"""Update checks: whether the optimizer fits the schedule, the averaging, the batches and the network."""

from nntrain.config.schema import Config
from nntrain.errors import Problem
from nntrain.network.arena import hidden_matrices
from nntrain.network.graph import Graph
from nntrain.optimizers import Optimizer
from nntrain.optimizers.wrapper import Wrapper
from nntrain.schedules import Constant


def update_problems(config: Config) -> list[Problem]:
    """What contradicts the way in which the optimizer works, or that of a parameter group."""
    problems, schedule = [], config.schedule
    if config.train.ema and config.optimizer.average_slot:
        name = owner(config.optimizer, "average_slot")
        message = (
            f"{name} averages the parameters itself, and the network cannot be evaluated with two averages"
        )
        problems.append(Problem(("train", "ema"), message, "Remove `ema`."))
    if isinstance(schedule, Constant) and schedule.warmup is None:
        return problems
    for optimizer in optimizers(config):
        if optimizer.needs_no_schedule:
            name = owner(optimizer, "needs_no_schedule")
            message = (
                f"{name} needs a constant learning rate: it averages the parameters in place of a schedule"
            )
            hint = "Remove `schedule`; for a warmup set `warmup_steps` in the optimizer."
            problems.append(Problem(("schedule",), message, hint))
        if optimizer.adapts_rate:
            message = (
                f"{owner(optimizer, 'adapts_rate')} adapts its step sizes itself: a schedule has no effect"
            )
            problems.append(Problem(("schedule",), message, "Remove `schedule`."))
    return problems


def optimizers(config: Config) -> list[Optimizer]:
    """Of the config and of its parameter groups."""
    return [config.optimizer, *(group.optimizer for group in config.parameter_groups if group.optimizer)]


def update_warnings(config: Config, graph: Graph, batches: int) -> list[str]:
    """What trains, but not as intended; batches: of an epoch."""
    optimizer, warnings = config.optimizer, []
    if optimizer.adapts_rate and batches > 1:
        warnings.append(
            f"{owner(optimizer, 'adapts_rate')} follows the signs of the gradient, which are noise in mini-batches. Set `batch_size: full` "
            "under `train`"
        )
    if optimizer.for_matrices and not hidden_matrices(graph):
        warnings.append(
            f"{owner(optimizer, 'for_matrices')} has no matrix to update, because there is no hidden layer: all parameters follow "
            "`others`. Set that optimizer itself"
        )
    return warnings


def owner(optimizer: Optimizer, attribute: str) -> str:
    """The name of the optimizer from which a wrapper has an attribute that is set."""
    while isinstance(optimizer, Wrapper) and getattr(optimizer.base, attribute):
        optimizer = optimizer.base
    return optimizer.yaml_name
