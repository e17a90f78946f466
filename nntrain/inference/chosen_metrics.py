"""Chosen metrics: those that an evaluation is asked for, instead of the metrics of the config."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nntrain.config.composer import compose
from nntrain.config.place import Text
from nntrain.config.validate import problems
from nntrain.errors import ConfigError, UserError
from nntrain.inference.given import component
from nntrain.inference.trained import Trained
from nntrain.metrics import Metric
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
