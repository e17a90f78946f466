"""Chosen metrics: those that an evaluation is asked for, instead of the metrics of the config."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nntrain.config.composer import compose
from nntrain.config.place import Text
from nntrain.config.validate import problems
from nntrain.errors import ConfigError, UserError
from nntrain.heads import short_names
from nntrain.inference.given import component
from nntrain.inference.trained import Trained
from nntrain.losses.weighted_sum import Term, WeightedSum
from nntrain.metrics import Metric
from nntrain.metrics.of_target import loss_of_target, of_target
from nntrain.options import MOST_NAMES

EXAMPLE = "expected metrics, such as f1,auc or 'top_k_accuracy: 3'. Received: nothing"


def read_metrics(trained: Trained, texts: Iterable[str], name: str) -> tuple[Metric, ...]:
    """The metrics in texts such as `f1,auc` and `top_k_accuracy: 3`, which errors call `name`. Raises UserError."""
    found: list[Metric] = []
    for content in texts:
        listed = content if content.lstrip().startswith("[") else f"[{content}]"
        root = compose(listed, Text.of(name, listed, is_file=False))
        found += [component(node, Metric, name) for node in root.value] if root else []
    if not found:
        raise UserError(EXAMPLE, place=name)
    return fitting(trained, found, name)


def parsed_metrics(trained: Trained, values: Any) -> tuple[Metric, ...]:
    """The metrics of a list of names, `{name: options}` and metrics. Raises UserError."""
    found = []
    for number, value in enumerate([values] if isinstance(values, (str, dict, Metric)) else values):
        try:
            found.append(TypeAdapter(Metric).validate_python(value))
        except ValidationError as error:
            raise problems(error, Metric).below("metrics", number) from None
    return fitting(trained, found, "metrics")


def fitting(trained: Trained, metrics: Sequence[Metric], name: str) -> tuple[Metric, ...]:
    """The metrics, each once. Raises UserError for those that do not fit the network's loss and targets."""
    found = tuple(dict.fromkeys(metrics))
    names = [metric.yaml_name for metric in found]
    if twice := [each for place, each in enumerate(names) if each in names[:place]]:
        raise UserError(f"{twice[0]} is listed twice with different options", place=name)
    if isinstance(trained.config.loss, WeightedSum):
        return of_targets(trained.config.loss, found, name)
    if unfit := [(metric, error) for metric in found if (error := reason(trained, metric))]:
        message = "; ".join(error.message for _, error in unfit)
        # Of the own hints, those that name an option: a trained network has its loss and its targets.
        own = [
            error.hint
            for metric, error in unfit
            if any(f"`{one}`" in error.hint for one in metric.own_options())
        ]
        raise UserError(message, " ".join([*own, f"Metrics that fit: {names_that_fit(trained)}."]), name)
    return found


def of_targets(loss: WeightedSum, metrics: Sequence[Metric], name: str) -> tuple[Metric, ...]:
    """The losses of several targets, and each metric of all targets that it fits. Raises UserError for one that fits none."""
    names = short_names(term.head for term in loss.terms)
    terms = list(zip(names, loss.terms, strict=True))
    fitting: dict[Metric, list[tuple[str, Term]]] = {}
    for metric in metrics:
        fitting[metric] = [(short, term) for short, term in terms if fits(metric, term)]
        if not fitting[metric]:
            raise UserError(f"{metric.yaml_name} fits none of the targets {', '.join(names)}", place=name)
    return tuple(
        found
        for short, term in terms
        for found in [
            loss_of_target(short, term),
            *(of_target(short, metric, term) for metric in metrics if (short, term) in fitting[metric]),
        ]
    )


def fits(metric: Metric, term: Term) -> bool:
    """Whether a metric is defined for a target, and in its unit: those of numbers do not fit classes."""
    try:
        metric.check(term.loss, len(term.head.classes) or None)
    except ConfigError:
        return False
    return not (metric.on_values and term.head.classes)


def reason(trained: Trained, metric: Metric) -> ConfigError | None:
    """Why a metric does not fit; None where it does."""
    try:
        metric.check(trained.config.loss, len(trained.trained_on.classes) or None)
    except ConfigError as error:
        return error
    return None


def names_that_fit(trained: Trained) -> str:
    """At most eight, those made for the kind of targets before those for any."""
    kinds = Metric.members()
    fit = [name for name, kind in kinds.items() if not reason(trained, kind.model_validate(kind.example))]
    first = sorted(fit, key=lambda name: (kinds[name].targets == "any", name))[:MOST_NAMES]
    more = f" and {len(fit) - MOST_NAMES} more" if len(fit) > MOST_NAMES else ""
    return ", ".join(sorted(first)) + more
