"""Heads of a config: its `targets` bound to the data, as a loss and metrics of their own."""

from collections.abc import Sequence

from nntrain.config.schema import Config
from nntrain.config.targets import TargetSection
from nntrain.errors import ConfigError, Problem
from nntrain.heads import Head, short_names
from nntrain.losses.transformed import require_transformable, transformed
from nntrain.losses.weighted_sum import Term, WeightedSum, weighted_sum
from nntrain.metrics import Metric
from nntrain.metrics.classification import Accuracy
from nntrain.metrics.of_target import loss_of_target, of_target
from nntrain.metrics.regression import RootMeanSquaredError


def with_heads(config: Config, heads: Sequence[Head]) -> Config:
    """The config with the loss and the metrics of its targets, where it has some. Raises ConfigError for what does not fit."""
    if not config.targets or (isinstance(config.loss, WeightedSum) and config.loss.bound):
        return config
    problems: list[Problem] = []
    terms: list[Term] = []
    at = 0
    for place, (target, head) in enumerate(zip(config.targets, heads, strict=True)):
        try:
            count = outputs_of(target, head)
        except ConfigError as error:
            problems += error.below("targets", place).problems
            continue
        loss = transformed(target.loss, head.transform)
        terms.append(Term(head, loss, target.weight, place, slice(at, at + count)))
        at += count
    if problems:
        raise ConfigError(problems)
    metrics = [
        metric
        for name, target, term in zip(short_names(heads), config.targets, terms, strict=True)
        for metric in [
            loss_of_target(name, term),
            *(of_target(name, metric, term) for metric in metrics_of(target, term.head)),
        ]
    ]
    return config.model_copy(update={"loss": weighted_sum(terms), "metrics": tuple(metrics)})


def metrics_of(target: TargetSection, head: Head) -> tuple[Metric, ...]:
    """The metrics of a target: its own, or the usual one."""
    return target.metrics or (Accuracy() if head.classes else RootMeanSquaredError(),)


def outputs_of(target: TargetSection, head: Head) -> int:
    """The number of outputs of a target. Raises ConfigError, with paths below it, for a loss, a transform or metrics that do not fit."""
    loss, classes = target.loss, len(head.classes) or None
    if loss.targets == "classes" and not loss.from_logits:
        message = f"{loss.yaml_name} takes log-probabilities, which the last layer does not give for several targets"
        raise ConfigError([Problem(("loss",), message, "Use cross_entropy.")])
    if target.transform is not None:
        if classes:
            message = "its loss predicts classes, which have no scale"
            raise ConfigError([Problem(("transform",), message, "Remove it.")])
        try:
            require_transformable(loss, target.transform == "log")
        except ConfigError as error:
            raise error.below("transform") from None
    problems = []
    for place, metric in enumerate(target.metrics):
        path = ("metrics", place)
        if metric.yaml_name in [other.yaml_name for other in target.metrics[:place]]:
            problems.append(Problem(path, f"duplicate metric {metric.yaml_name}"))
        try:
            metric.check(loss, classes)
        except ConfigError as error:
            problems += error.below(*path).problems
    try:
        count = loss.required_outputs(classes, 1)
    except ConfigError as error:
        problems += error.below("loss").problems
    if problems:
        raise ConfigError(problems)
    return count
