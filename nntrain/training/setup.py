"""Setup: what a config describes, built: the data in its splits, the graph, and the checks that need both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from nntrain import kernels
from nntrain.config.schema import Config
from nntrain.config.targets import TargetSection
from nntrain.data.batches import Batches
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.loading import load_splits
from nntrain.data.named_targets import chosen_heads, with_heads_of_columns
from nntrain.data.splits import hashes
from nntrain.data.system_memory import exceeds_memory
from nntrain.data.transforms.augmented import Augmenter
from nntrain.data.transforms.reconstruction import reconstructing
from nntrain.data.transforms.targets import transform_heads
from nntrain.distributed.shards import Shards
from nntrain.errors import ConfigError, DataError, Problem
from nntrain.inference.heads import with_heads
from nntrain.kernels.precision import float_type
from nntrain.losses.transformed import Transformed, require_transformable, transformed
from nntrain.network.arena import Memory
from nntrain.network.graph import Graph, build_graph
from nntrain.network.network import Network
from nntrain.training.absent_labels import absent_label_warnings
from nntrain.training.checks import augment_problems, batch_problems, output_problems, task_warnings
from nntrain.training.fixed_states import measured_states
from nntrain.training.groups import group_problems
from nntrain.training.magnitudes import magnitude_problems
from nntrain.training.monitor import Monitor, check_schedule, choose_monitor
from nntrain.training.scales import scale_warnings
from nntrain.training.update_checks import update_problems, update_warnings


@dataclass
class Setup:
    """A config with its data loaded and its graph built: all that training and scoring need."""

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
        """Whether the training samples are read from disk again in each epoch."""
        return exceeds_memory(self.splits.train.x)

    @property
    def warnings(self) -> list[str]:
        """What trains, but not as intended."""
        return [warning for warnings in self.warnings_by_topic.values() for warning in warnings]

    @property
    def warnings_by_topic(self) -> dict[str, list[str]]:
        return {
            "data": self.splits.warnings,
            "task": task_warnings(self.config, self.splits.train),
            "scale": self.scale_warnings,
            "absent_labels": absent_label_warnings(self.config, self.splits),
            "causality": self._causality_warnings(),
            "precision": self._precision_warnings(),
            "optimizer": update_warnings(self.config, self.graph, len(self.batches())),
        }

    @cached_property
    def scale_warnings(self) -> list[str]:
        """Columns and targets that are far from unit scale."""
        return scale_warnings(self.splits.train, self.graph, self.config.loss)

    def _causality_warnings(self) -> list[str]:
        if not self.splits.train.unit:
            return []
        return [
            f"{node.name} is not causal: it can see the future steps that it learns to predict, "
            "so it will not generate text"
            for node in self.graph.layers
            if node.layer.sees_future_steps
        ]

    def _precision_warnings(self) -> list[str]:
        if self.config.train.precision != "bfloat16" or kernels.host.DOTS:
            return []
        return [
            "bfloat16 is not faster on this processor, which has no fast instruction for it: its products are computed in "
            "float32, from rounded numbers; `train.precision: float32` has more digits"
        ]

    def batches(self) -> Batches:
        """Which samples each training step sees."""
        return Batches(self.splits.train, self.config.train.batch_size, self.config.seed)

    def shards(self) -> Shards:
        """Into which parts each batch is cut."""
        return Shards(self.config.train.shards, self.batches().rows)

    def augmenter(self, rows: int | None = None) -> Augmenter:
        """Gathers and augments at most `rows` samples: by default those of a batch, or of a shard of it."""
        config, data, rows = self.config, self.splits.train, rows or self.shards().rows
        outputs = config.loss.required_outputs(len(data.classes), None) if data.classes else 0
        return Augmenter(
            data, config.data.augment, config.seed, rows, float_type(config.train.precision), outputs
        )

    def network(
        self,
        rows: int,
        *,
        precision: str | None = None,
        backward: bool = True,
        initial: bool = True,
        memory: Memory | None = None,
    ) -> Network:
        """A network for batches of at most `rows` rows, with its initial parameters, or with zeros to be replaced."""
        tokens = bool(self.splits.train.vocabulary)
        network = Network(
            self.graph,
            rows,
            precision or self.config.train.precision,
            self.config.seed,
            integer_input=tokens,
            backward=backward,
            initial=initial,
            memory=memory,
        )
        for name, values in self.measured.items():
            network.state[name][...] = values
        return network

    @cached_property
    def measured(self) -> dict[str, np.ndarray]:
        """The fixed states of layers, computed on the training split."""
        return measured_states(self.graph, self.splits.train)


Loaded = tuple[Splits, dict[str, np.ndarray]]  # as `load_splits` returns them


def with_columns_of(targets: Sequence[TargetSection], splits: Splits) -> Splits:
    """The splits with the columns that a config names as its targets, and with their transforms. Raises ConfigError."""
    splits = Splits(**{name: with_heads_of_columns(part) for name, part in splits.parts().items()})
    if not splits.train.heads:
        message = "the data have a single target"
        hint = "Pass several named targets to `nntrain.Data`, or set `loss` in place of `targets`."
        raise ConfigError([Problem(("targets",), message, hint)])
    if any(head.transform for head in splits.train.heads):  # those of a trained network
        return splits
    if splits.train.origin is None:  # arrays of a program
        splits = Splits(**{name: with_chosen(targets, part) for name, part in splits.parts().items()})
    return transform_heads(splits, [target.transform for target in targets])


def with_chosen(targets: Sequence[TargetSection], data: Dataset) -> Dataset:
    """Data in memory with the columns that are targets, as numbers or classes. Raises ConfigError."""
    wanted = [(target.column, target.predicts_classes) for target in targets]
    try:
        target, heads = chosen_heads("targets", data, wanted)
    except DataError as error:
        raise ConfigError([Problem(("targets",), error.message, error.hint)]) from None
    heads = tuple(
        replace(head, optional=each.on_missing == "skip") for head, each in zip(heads, targets, strict=True)
    )
    for place, head in enumerate(heads):
        if not head.optional and (missing := int(np.isnan(target[:, place]).sum())):
            message = f"{head.name}: missing in {missing:,} of {len(target):,} samples"
            hint = "Set `on_missing: skip` to learn the other targets from them."
            raise ConfigError([Problem(("targets", place, "on_missing"), message, hint)])
    names = tuple(head.name for head in heads)
    return replace(data, target=target, heads=heads, target_names=names)


def with_transformed_targets(config: Config, train: Dataset) -> Config:
    """The config with a loss that takes the targets in their unit, where `target_transform` is set. Raises ConfigError."""
    if train.target_transform is None or isinstance(config.loss, Transformed):  # that of a trained network
        return config
    try:
        if config.model.target == "input":
            raise ConfigError("the targets are the inputs", "Remove this line, and set `standardize: true`.")
        require_transformable(config.loss, train.target_transform.log)
    except ConfigError as error:
        raise error.below("data", "target_transform") from None
    return config.model_copy(update={"loss": transformed(config.loss, train.target_transform)})


def prepare(config: Config, folder: Path, to_train: bool = True, loaded: Loaded | None = None) -> Setup:
    """Raises ConfigError for what does not fit together, UserError for bad data. Paths count from `folder`.

    `loaded`: the splits, if they do not come from the config's source. With `to_train` false, problems of training
    alone are ignored, such as a batch that is too short.
    """
    splits, indices = loaded or load_splits(config.data, folder, config.seed_of_splits)
    if splits.train.heads and not config.targets:
        names = ", ".join(head.name for head in splits.train.heads)
        message = f"the data have several targets: {names}"
        hint = "Set `targets` in place of `loss`, with a loss for each."
        raise ConfigError([Problem(("loss",), message, hint)])
    if config.targets:
        splits = with_columns_of(config.targets, splits)
        config = with_heads(config, splits.train.heads)
    config = with_transformed_targets(config, splits.train)
    if config.model.target == "input":
        splits = reconstructing(splits)
    graph = build_graph(
        config.model.layers,
        splits.train.input_shape,
        config.model.initializer,
        vocabulary=splits.train.vocabulary,
        embedded=splits.train.embedded,
        groups=config.parameter_groups,
    )
    problems = output_problems(config, graph, splits.train) + group_problems(config, graph)
    if to_train:
        problems += update_problems(config) + magnitude_problems(config, splits, indices)
        problems += batch_problems(config, graph, splits.train) + augment_problems(config, splits.train)
    try:
        monitor = choose_monitor(config, splits.validation is not None)
        if to_train:
            check_schedule(config, monitor)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Setup(config, splits, indices, graph, monitor)
