"""Rate: which option of a config sets the learning rate that training reaches, and the line of YAML with another one."""

from nntrain.component import Component
from nntrain.config.scalars import inline
from nntrain.config.schema import Config
from nntrain.errors import UserError


def rate_option(config: Config) -> tuple[str, Component, str]:
    """Its section, component and name. Raises UserError if there is none."""
    if "max_lr" in type(config.schedule).model_fields:
        return "schedule", config.schedule, "max_lr"
    if "lr" not in type(config.optimizer).model_fields:
        raise UserError(f"{config.optimizer.yaml_name} has no learning rate to find", place="optimizer")
    return "optimizer", config.optimizer, "lr"


def rate_of(config: Config) -> float:
    """The learning rate that training reaches."""
    _, component, option = rate_option(config)
    return float(getattr(component, option))


def with_rate(config: Config, rate: float) -> str:
    """The line of the config with this rate and the component's other options: "optimizer: {sgd: {lr: 0.1, momentum: 0.9}}"."""
    section, component, option = rate_option(config)
    changed = component.model_copy(update={option: rate})
    written = {option: rate} | changed.model_dump(mode="json", exclude_defaults=True)
    names = dict.fromkeys([option, *component.own_options(), *written])
    return f"{section}: {inline({component.yaml_name: {name: written[name] for name in names if name in written}})}"


def two_digits(rate: float) -> float:
    """A rate as people write it."""
    return float(f"{rate:.1e}")
