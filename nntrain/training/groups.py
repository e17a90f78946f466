"""Groups: how the parameters of each group are updated, and those of none; as rules for a step and as rows of a table."""

import math
from dataclasses import dataclass

from nntrain.config.schema import Config
from nntrain.errors import Problem
from nntrain.layers.context import Param
from nntrain.network.graph import Graph
from nntrain.network.groups import PATH
from nntrain.optimizers import Optimizer
from nntrain.training.rate import rate_of

OTHERS = "all others"


@dataclass(frozen=True)
class Rule:
    """The update of one group, or of the parameters that belong to none.

    A group with a learning rate of its own has it where all others have the one that training reaches, and the same multiple
    of it elsewhere: the schedule changes all rates alike.
    """

    optimizer: Optimizer
    lr: float | None = None  # its own
    scale: float = 1.0

    def rate(self, lr: float, reached: float) -> float:
        """Its learning rate in a step of the learning rate `lr`; reached: the one that training reaches."""
        return lr * self.scale if self.lr is None else lr / reached * self.lr

    def decays(self, param: Param) -> bool:
        return param.role == "weight" or self.optimizer.decay_all


def rules(config: Config) -> dict[int | None, Rule]:
    """By the number of the group; None: of parameters without a group. Groups that are frozen have no rule."""
    found: dict[int | None, Rule] = {None: Rule(config.optimizer)}
    for number, group in enumerate(config.parameter_groups):
        if not group.freeze:
            lr = group.optimizer.lr if group.optimizer else group.lr
            scale = 1.0 if group.lr_scale is None else group.lr_scale
            found[number] = Rule(group.update_rule(config.optimizer), lr, scale)
    return found


def slot_names(config: Config) -> list[str]:
    """The arrays that the optimizers of all groups need, each once: what one does not use stays 0 there."""
    names = (name for rule in rules(config).values() for name in rule.optimizer.slot_names())
    return list(dict.fromkeys(names))


@dataclass(frozen=True)
class ParameterRow:
    """A parameter as tables show it; without learning rate and optimizer where it is frozen."""

    name: str  # "dense_1.weight"
    shape: tuple[int, ...]
    group: int | None
    optimizer: str = ""
    lr: float | None = None  # that training reaches
    weight_decay: float = 0.0

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def parameter_rows(config: Config, graph: Graph) -> list[ParameterRow]:
    """All parameters, from the input to the output."""
    reached, found, rows = rate_of(config), rules(config), []
    for node in graph.layers:
        for name, param in node.parameters.items():
            number = node.groups.get(name)
            row = ParameterRow(f"{node.name}.{name}", param.shape, number)
            if name in node.trained:
                rule = found[number]
                decay = rule.optimizer.weight_decay if rule.decays(param) else 0.0
                row = ParameterRow(
                    row.name,
                    row.shape,
                    number,
                    rule.optimizer.yaml_name,
                    rule.rate(reached, reached),
                    decay,
                )
            rows.append(row)
    return rows


@dataclass(frozen=True)
class GroupRow:
    """A group as tables show it; the weight decay is that of its weights."""

    name: str
    arrays: int
    values: int
    optimizer: str
    lr: float | None
    weight_decay: float


def group_rows(config: Config, graph: Graph) -> list[GroupRow]:
    """The groups in their order, and then the parameters of none; empty where there are no groups."""
    names: dict[int | None, str] = {
        number: ", ".join(group.patterns) for number, group in enumerate(config.parameter_groups)
    }
    rows: dict[int | None, list[ParameterRow]] = {number: [] for number in [*names, None]}
    for row in parameter_rows(config, graph) if names else []:
        rows[row.group].append(row)
    return [
        GroupRow(
            names.get(number, OTHERS),
            len(members),
            sum(row.size for row in members),
            members[0].optimizer,
            members[0].lr,
            max(row.weight_decay for row in members),
        )
        for number, members in rows.items()
        if members
    ]


def other_rates(config: Config) -> dict[str, float]:
    """The learning rates of groups that differ from that of all others, as multiples of it, by the groups' patterns."""
    if not config.parameter_groups:
        return {}
    reached, found = rate_of(config), rules(config)
    multiples = {
        ", ".join(group.patterns): found[number].rate(reached, reached) / reached
        for number, group in enumerate(config.parameter_groups)
        if number in found
    }
    return {name: multiple for name, multiple in multiples.items() if multiple != 1}


def group_problems(config: Config, graph: Graph) -> list[Problem]:
    """Groups whose weight decay applies to none of their parameters, and optimizers that cannot train side by side."""
    found = rules(config)
    problems = []
    for number, group in enumerate(config.parameter_groups):
        if group.optimizer and group.optimizer.average_slot != config.optimizer.average_slot:
            message = (
                "one of the group's and the config's optimizer is evaluated at an average of the parameters"
            )
            hint = f"Use {config.optimizer.yaml_name} with other options, or one that averages alike."
            problems.append(Problem((*PATH, number, "optimizer"), message, hint))
        if group.optimizer and group.optimizer.perturbation:
            message = (
                f"{group.optimizer.yaml_name} computes a second gradient, which is that of all parameters"
            )
            hint = "Set it as the `optimizer` of the config."
            problems.append(Problem((*PATH, number, "optimizer"), message, hint))
        if group.freeze or not group.weight_decay:
            continue
        params = [
            param
            for node in graph.layers
            for name, param in node.trained.items()
            if node.groups.get(name) == number
        ]
        if params and not any(map(found[number].decays, params)):
            message = "no parameter that the group matches decays: they are biases or scales"
            hint = "Set `decay_all: true` in the group, or remove `weight_decay`."
            problems.append(Problem((*PATH, number, "weight_decay"), message, hint))
    return problems
