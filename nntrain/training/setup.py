"""Setup: what a config describes, built: the data in its splits, the graph, and the checks that need both."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.batches import Batches
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.memory import memory_bytes, outgrows_memory
from nntrain.data.splits import hashes, join, split
from nntrain.data.transforms.augmented import Augmenter
from nntrain.data.transforms.impute import impute
from nntrain.data.transforms.standardize import standardize
from nntrain.errors import ConfigError, Problem
from nntrain.network.graph import Graph, build_graph
from nntrain.network.network import Network
from nntrain.training.monitor import Monitor, choose_monitor


@dataclass
class Setup:
    """Everything that a command needs of a config before numbers start to flow."""

    config: Config
    splits: Splits
    indices: dict[str, np.ndarray]  # of each split, into the rows of the source
    graph: Graph
    monitor: Monitor

    @cached_property
    def hashes(self) -> dict[str, str]:
        """For each split the SHA-256 of its samples and targets."""
        return hashes(self.splits)

    @property
    def waits_for_disk(self) -> bool:
        """Whether the samples to train on have to be read from the disk again and again."""
        return outgrows_memory(self.splits.train.x)

    @property
    def warnings(self) -> list[str]:
        """What trains, but hardly to what it is meant for."""
        ahead = (
            [node.name for node in self.graph.layers if node.layer.looks_ahead]
            if self.splits.train.unit
            else []
        )
        return [
            f"{name} sees the steps that are to be foretold, and so learns nothing with which to go on with a text"
            for name in ahead
        ]

    def batches(self) -> Batches:
        """Which samples each step of training sees."""
        return Batches(self.splits.train, self.config.train.batch_size, self.config.seed)

    def augmenter(self) -> Augmenter:
        """What gathers and augments the samples of a batch."""
        config, data, rows = self.config, self.splits.train, self.batches().rows
        outputs = config.loss.required_outputs(len(data.classes), None) if data.classes else 0
        return Augmenter(data, config.data.augment, config.seed, rows, config.train.precision, outputs)

    def network(self, rows: int, *, dtype: str | None = None, **kwargs) -> Network:
        """A freshly initialized network for batches of at most `rows` rows."""
        tokens = bool(self.splits.train.vocabulary)
        return Network(
            self.graph,
            rows,
            dtype or self.config.train.precision,
            self.config.seed,
            integer_input=tokens,
            **kwargs,
        )


def prepare(config: Config, folder: Path, to_train: bool = True) -> Setup:
    """Raises ConfigError for what does not fit together, UserError for bad data. Paths count from `folder`.

    What is wrong for training alone, such as a batch that is too short, does not matter to a network that is trained.
    """
    splits, indices = load_data(config, folder)
    graph = build_graph(
        config.model.layers,
        splits.train.input_shape,
        config.model.initializer,
        vocabulary=splits.train.vocabulary,
    )
    problems = output_problems(config, graph, splits.train)
    if to_train:
        problems += batch_problems(config, graph, splits.train) + augment_problems(config, splits.train)
    try:
        monitor = choose_monitor(config, splits.validation is not None)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Setup(config, splits, indices, graph, monitor)


def load_data(config: Config, folder: Path) -> tuple[Splits, dict[str, np.ndarray]]:
    """The splits, and the rows of the source that each part drawn from it holds. Raises UserError or ConfigError."""
    section = config.data
    try:
        splits = section.source.load(folder)
    except MemoryError as error:
        raise ConfigError(
            [Problem(("data", "source"), f"the data do not fit into memory: {error}.")]
        ) from None
    fractions: dict[str, float | None] = {}
    for part in ("test", "validation"):
        chosen = getattr(section, part)
        if isinstance(chosen, Reader):
            splits = join(splits, part, chosen.load(folder).train)
        elif chosen is not None and getattr(splits, part) is not None:
            message = f"{section.source.yaml_name} brings a {part} split of its own. Remove this line."
            raise ConfigError([Problem(("data", part), message)])
        fractions[part] = chosen if isinstance(chosen, float) else None
    splits, indices = split(splits, seed=config.seed, **fractions)
    splits = impute(splits)
    return standardize(splits) if section.standardize else splits, indices


def batch_problems(config: Config, graph: Graph, data: Dataset) -> list[Problem]:
    """Batches that a layer cannot take, or that are too large for this machine."""
    batches = Batches(data, config.train.batch_size)
    problems = []
    for node in graph.layers:
        if any(state.per_row for state in node.state.values()) and not data.consecutive:
            problems.append(
                Problem(
                    node.path,
                    "`stateful` goes on from where the window before ended, but the samples of this "
                    "data are shuffled. Remove it, or say `consecutive: true` of a source that has it.",
                )
            )
        if data.lengths is not None and (reason := node.layer.padding_problem(*node.input_shapes)):
            problems.append(Problem(node.path, reason))
        fewest = node.layer.minimum_rows(*node.input_shapes)
        if fewest > batches.shortest:
            better = next(
                (
                    size
                    for size in range(batches.rows, len(data) + 1)
                    if Batches(data, size).shortest >= fewest
                ),
                None,
            )
            way_out = (
                f"Choose another `train.batch_size`, such as {better}" if better else "Give it more samples"
            )
            problems.append(
                Problem(
                    node.path,
                    f"needs {fewest} samples or more in every batch, but the last of an epoch has "
                    f"{batches.shortest}: {len(data)} samples in batches of {batches.rows}. {way_out}.",
                )
            )
    parameters = sum(math.prod(param.shape) for node in graph.layers for param in node.parameters.values())
    own = [node for node in graph.layers if not (node.fused or node.left or node.layer.aliases_input)]
    outputs = batches.rows * sum(math.prod(node.shape) for node in (graph.input, *own))
    needed = (2 * parameters + outputs) * np.dtype(
        config.train.precision
    ).itemsize  # a gradient for each parameter
    if needed > (there_is := memory_bytes()):
        problems.append(
            Problem(
                ("model", "layers"),
                f"{parameters:,} parameters and {outputs:,} values between layers take "
                f"about {needed / 2**30:,.0f} GiB, but this machine has {there_is / 2**30:,.0f} GiB of memory. "
                "Make layers or `train.batch_size` smaller.",
            )
        )
    return list(dict.fromkeys(problems))  # a repeated chain repeats its mistakes


def augment_problems(config: Config, data: Dataset) -> list[Problem]:
    """Augmentations that do not suit the data or the loss."""
    problems = []
    for place, augmentation in enumerate(config.data.augment):
        path = ("data", "augment", place, augmentation.yaml_name)
        try:
            augmentation.check(data)
        except ConfigError as error:
            problems += error.below(*path).problems
        if augmentation.mixes and data.classes and config.loss.binary and not config.loss.probabilistic:
            problems.append(
                Problem(
                    path,
                    f"it makes targets between yes and no, but {config.loss.yaml_name} knows only these "
                    "two. Take binary_cross_entropy.",
                )
            )
    return problems


def output_problems(config: Config, graph: Graph, data: Dataset) -> list[Problem]:
    """What does not fit between the model's output, the loss, the metrics and the data."""
    output, loss = graph.output, config.loss
    kind = output.layer.yaml_name
    problems = []
    if loss.from_logits and kind in ("softmax", "log_softmax", "sigmoid"):
        problems.append(
            Problem(
                output.path,
                f"{loss.yaml_name} takes logits and applies its own function. Remove this {kind}.",
            )
        )
    if not any(node.parameters and not node.frozen for node in graph.layers):
        problems.append(
            Problem(
                ("model", "layers"),
                "no layer has anything to learn. Add one that has, such as `dense`, or take `freeze` away.",
            )
        )
    classes = len(data.classes) or None
    targets = None if classes else data.target_shape[-1] if data.per_step else math.prod(data.target_shape)
    for place, metric in enumerate(config.metrics):
        if metric.yaml_name in [other.yaml_name for other in config.metrics[:place]]:
            problems.append(Problem(("metrics", place), f"{metric.yaml_name} stands twice. Remove one."))
        try:
            metric.check(loss, classes)
        except ConfigError as error:
            problems += error.below("metrics", place).problems
    if not classes:
        try:
            loss.check_targets(data.target)
        except ConfigError as error:
            problems += error.below("loss").problems
    try:
        outputs = loss.required_outputs(classes, targets)
    except ConfigError as error:
        return problems + error.below("loss").problems
    expected = (data.target_shape[0], outputs) if data.per_step else (outputs,)
    if output.shape != expected:
        what = f"{classes} classes" if classes else f"{targets} target value{'s' * (targets != 1)}"
        came = output.shape[0] if len(output.shape) == 1 else f"the shape {output.shape}"
        where = f"a step, the shape {expected}" if data.per_step else "a sample"
        way_out = (
            " Say `return_sequences: true` of the recurrent layers."
            if data.per_step and len(output.shape) == 1
            else ""
        )
        problems.append(
            Problem(
                output.path,
                f"the last layer is the output: for data with {what}, {loss.yaml_name} needs "
                f"{outputs} value{'s' * (outputs != 1)} {where}. Received: {came}.{way_out}",
            )
        )
    return problems
