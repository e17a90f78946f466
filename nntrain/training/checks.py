"""Checks: whether data, network, loss and training options fit together, before training starts."""

import math
from dataclasses import replace
from typing import cast

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.batches import Batches
from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import listed
from nntrain.data.tables.numerals import number
from nntrain.data.tables.table import TRUNCATED
from nntrain.distributed.shards import Shards
from nntrain.errors import ConfigError, Problem
from nntrain.losses.weighted_sum import WeightedSum
from nntrain.network.graph import Graph
from nntrain.network.node import Node
from nntrain.training.memory import memory_problems


def batch_problems(config: Config, graph: Graph, data: Dataset) -> list[Problem]:
    """Batches that a layer cannot take, or that are too large for this machine."""
    batches = Batches(data, config.train.batch_size)
    shards = Shards(config.train.shards, batches.rows)
    problems = shard_problems(shards)
    for node in graph.layers:
        if any(state.per_row for state in node.state.values()) and not data.consecutive:
            message = (
                "`stateful` carries the hidden state over from the previous window, but the data are shuffled"
            )
            hint = "Remove `stateful`, or set `consecutive: true` in the source if it has this option."
            problems.append(Problem(node.path, message, hint))
        if data.lengths is not None and (reason := node.layer.padding_problem(*node.input_shapes)):
            problems.append(Problem(node.path, *reason))
        problems += batch_size_problems(node, batches, shards, data)
    problems += memory_problems(config, graph, shards.rows)
    return list(dict.fromkeys(problems))  # a repeated chain repeats its errors


def shard_problems(shards: Shards) -> list[Problem]:
    """More shards than the largest batch has samples."""
    if shards.used(shards.batch_rows) == shards.count:
        return []
    message = f"a batch of {shards.batch_rows:,} samples has {shards.used(shards.batch_rows):,} shards of equal size at most"
    return [Problem(("train", "shards"), f"{message}. Received: {shards.count:,}", "Use fewer shards.")]


def batch_size_problems(node: Node, batches: Batches, shards: Shards, data: Dataset) -> list[Problem]:
    """The last shard of the last batch is the smallest."""
    fewest = node.layer.minimum_rows(*node.input_shapes)
    smallest = min(shards.shortest(rows) for rows in (batches.rows, batches.shortest))
    if fewest <= smallest:
        return []
    of = "batch" if shards.count == 1 else "shard"
    message = (
        f"needs at least {fewest} samples in every {of}, but the last {of} of an epoch has "
        f"{smallest}: {len(data)} samples in batches of {batches.rows}"
    )
    if of == "shard":
        return [
            Problem(
                node.path, f"{message} and {shards.count} shards", "Use fewer shards, or another batch size."
            )
        ]
    sizes = range(batches.rows, len(data) + 1)
    better = next((size for size in sizes if Batches(data, size).shortest >= fewest), None)
    hint = f"Set `train.batch_size` to {better}, for example." if better else "Add samples."
    return [Problem(node.path, message, hint)]


def augment_problems(config: Config, data: Dataset) -> list[Problem]:
    """Augmentations that do not suit the data or the loss."""
    problems = []
    loss = config.loss
    hard_targets = loss.binary and not loss.probabilistic
    for place, augmentation in enumerate(config.data.augment):
        path = ("data", "augment", place, augmentation.yaml_name)
        try:
            augmentation.check(data)
        except ConfigError as error:
            problems += error.below(*path).problems
        if augmentation.mixes and data.classes and hard_targets:
            message = f"it mixes targets, but {loss.yaml_name} takes binary targets only"
            problems.append(Problem(path, message, "Use binary_cross_entropy."))
    return problems


def output_problems(config: Config, graph: Graph, data: Dataset) -> list[Problem]:
    """What does not fit between the model's output, the loss, the metrics and the data."""
    output, loss = graph.output, config.loss
    kind = output.layer.yaml_name
    problems = []
    if loss.from_logits and output.layer.normalizes_logits:
        name = "the sum of the targets' losses" if isinstance(loss, WeightedSum) else loss.yaml_name
        message = f"{name} takes logits and applies its own function"
        problems.append(Problem(output.path, message, f"Remove this {kind}."))
    if not any(node.learns for node in graph.layers):
        hint = "Add a layer with parameters, such as `dense`, or remove `freeze`."
        problems.append(Problem(("model", "layers"), "no layer has anything to learn", hint))
    classes = len(data.classes) or None
    targets = None if classes else data.target_shape[-1] if data.per_step else math.prod(data.target_shape)
    problems += metric_problems(config, classes)
    if not classes:
        try:
            loss.check_targets(cast(np.ndarray, data.target))
        except ConfigError as error:
            place = "targets" if isinstance(loss, WeightedSum) else "loss"
            problems += error.below(place).problems
    try:
        outputs = loss.required_outputs(classes, targets)
    except ConfigError as error:
        return problems + [with_task(config, data, problem) for problem in error.below("loss").problems]
    expected = (data.target_shape[0], outputs) if data.per_step else (outputs,)
    if output.shape != expected:
        named = f" ({listed(data.classes)})" if classes and not data.unit else ""
        what = f"{classes} classes{named}" if classes else f"{targets} target value{'s' * (targets != 1)}"
        came = output.shape[0] if len(output.shape) == 1 else f"the shape {output.shape}"
        where = f"per step, the shape {expected}" if data.per_step else "per sample"
        message = (
            f"the last layer is the output: for data with {what}, {loss.yaml_name} needs "
            f"{outputs} value{'s' * (outputs != 1)} {where}. Received: {came}"
        )
        if isinstance(loss, WeightedSum):
            each = ", ".join(f"{term.count} for {term.head.name}" for term in loss.terms)
            message = (
                f"the last layer is the output: the targets need {outputs} values: {each}. Received: {came}"
            )
        missing_steps = data.per_step and len(output.shape) == 1
        hint = "Set `return_sequences: true` in the recurrent layers." if missing_steps else ""
        if not hint and may_be_numbers(config, data):
            hint = f"If the target is a number, set {TASK.format('regression')}."
        if not hint and classes:  # what is suspicious about the data may explain another number of classes
            hint = next((warning for warning in data.warnings if TRUNCATED in warning), "")
        problems.append(Problem(output.path, message, hint))
    return problems


TASK = "`task: {}` in the source"


def may_be_numbers(config: Config, data: Dataset) -> bool:
    """Whether the classes are numbers that the source took for classes, and the loss takes numbers, too."""
    loss, guessed = config.loss, getattr(config.data.source, "task", "") == "auto"
    suits_numbers = loss.targets != "classes" and not loss.binary
    return guessed and suits_numbers and are_numbers(data.classes)


def task_warnings(config: Config, data: Dataset) -> list[str]:
    """Numbers that are predicted as classes, by a loss for numbers."""
    if not may_be_numbers(config, data):
        return []
    return [
        f"{config.loss.yaml_name} is trained on one-hot vectors of {len(data.classes):,} classes: set "
        "`task: regression` in the source if the target is a number, else `task: classification`"
    ]


def are_numbers(classes: tuple[str, ...]) -> bool:
    return bool(classes) and all(number(name) is not None for name in classes)


def with_task(config: Config, data: Dataset, problem: Problem) -> Problem:
    """The problem of a loss that requires classes or numbers, with the option of the source that makes them so."""
    if not hasattr(config.data.source, "task"):
        return problem
    if data.classes and not are_numbers(data.classes):
        return problem
    task = TASK.format("regression" if data.classes else "classification")
    return replace(problem, hint=f"{problem.hint.removesuffix('.')}, or set {task}.")


def metric_problems(config: Config, classes: int | None) -> list[Problem]:
    problems = []
    for place, metric in enumerate(config.metrics):
        if metric.yaml_name in [other.yaml_name for other in config.metrics[:place]]:
            problems.append(Problem(("metrics", place), f"duplicate metric {metric.yaml_name}"))
        try:
            metric.check(config.loss, classes)
        except ConfigError as error:
            problems += error.below("metrics", place).problems
    return problems
