"""Rate: which option of a config sets the learning rate that training reaches, and the line of YAML with another one."""

from collections.abc import Sequence
from typing import Any

from nntrain.component import Component, shortest
from nntrain.config.scalars import inline
from nntrain.config.schema import Config
from nntrain.errors import UserError


def rate_keys(config: Config) -> tuple[str, ...]:
    """Where it is: ("optimizer", "adam", "lr"). Raises UserError if there is none."""
    if "max_lr" in type(config.schedule).model_fields:
        return ("schedule", config.schedule.yaml_name, "max_lr")
    if not hasattr(config.optimizer, "lr"):
        raise UserError(f"{config.optimizer.yaml_name} has no learning rate to find", place="optimizer")
    return ("optimizer", *config.optimizer.lr_keys())


def rate_of(config: Config) -> float:
    """The learning rate that training reaches."""
    section, *_, option = rate_keys(config)
    return float(getattr(getattr(config, section), option))


def with_rate(config: Config, rate: float) -> str:
    """The line of the config with this rate and the component's other options: "optimizer: {sgd: {lr: 0.1, momentum: 0.9}}"."""
    section, *keys = rate_keys(config)
    changed = (
        config.schedule.model_copy(update={"max_lr": rate})
        if section == "schedule"
        else config.optimizer.with_lr(rate)
    )
    return f"{section}: {inline(spelled(changed, keys))}"


def spelled(component: Component, keys: Sequence[str]) -> dict[str, Any]:
    """{name: options}: the one that `keys` lead to, then those that differ from their defaults."""
    name, option, *deeper = keys
    fields = type(component).model_fields
    value = getattr(component, option)
    written = {option: spelled(value, deeper) if deeper else value}
    for other in dict.fromkeys([*component.own_options(), *fields]):
        if other != option and (now := getattr(component, other)) != fields[other].default:
            written[other] = shortest(now)
    return {name: written}


def two_digits(rate: float) -> float:
    """A rate as people write it."""
    return float(f"{rate:.1e}")
