"""Program: a trained network as what an exporter writes: its steps in order with their arrays, and what comes before and after."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.tables.curves import uncurved
from nntrain.inference.predict import target_names
from nntrain.inference.trained import Trained
from nntrain.layers.context import Shape
from nntrain.layers.layer import Layer
from nntrain.losses import Loss
from nntrain.losses.outcome import Step as OutcomeStep
from nntrain.losses.outcome import apply, shares
from nntrain.network.graph import INPUT, Graph, build_graph

NOT_IN_NAMES = re.compile(r"\W+")


@dataclass(frozen=True, eq=False)
class Step:
    """One layer, in evaluation mode: reads the outputs of the steps that `inputs` names, or INPUT, the prepared data."""

    name: str  # "dense_1", "residual_1.body.dense_1"
    layer: Layer
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]  # of one sample
    shape: Shape  # of the output
    arrays: Mapping[str, np.ndarray]  # the parameters and states: "weight", "bias", "running_mean"

    @property
    def identifier(self) -> str:
        """The name as programming languages take it: "residual_1_body_dense_1"."""
        return NOT_IN_NAMES.sub("_", self.name)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the exported network gives for the outputs of its last step."""

    meaning: str  # "probabilities", "values", "logits", "margins", "outputs"
    names: tuple[str, ...]  # of its numbers: classes or targets
    functions: tuple[OutcomeStep, ...]  # of losses.outcome, applied in order

    def __call__(self, outputs: np.ndarray) -> np.ndarray:
        """(..., outputs) in float64, from those of the last step."""
        table = outputs.reshape(-1, outputs.shape[-1])
        found = apply(self.functions, table)
        return found.reshape(*outputs.shape[:-1], found.shape[-1])


@dataclass(frozen=True, eq=False)
class Program:
    """Prepares the data, `(x - shift) * scale`, runs the steps, and applies the functions of `outcome` to the last one's output.

    Layers that act only in training are left out. Arrays are of the type that the network computes in, `dtype`; a network
    trained in bfloat16 is exported in float32.
    """

    name: str
    steps: tuple[Step, ...]
    data: Dataset  # the training split without its samples: shapes, names, classes, shift, scale, fill
    outcome: Outcome
    config: Mapping[str, Any]  # with every default

    @property
    def dtype(self) -> np.dtype:
        arrays = (array for step in self.steps for array in step.arrays.values())
        return next((array.dtype for array in arrays), np.dtype(np.float32))

    @property
    def output(self) -> str:
        """The name of the last step, or INPUT where no layer is left."""
        return self.steps[-1].name if self.steps else INPUT

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        return {step.name: step for step in self.steps}

    def consumers(self, name: str) -> list[Step]:
        return [step for step in self.steps if name in step.inputs]


def program_of(trained: Trained, name: str, logits: bool = False) -> Program:
    """The program of a trained network; with `logits` its outcome is the last layer's output as it is."""
    config, data = trained.config, trained.trained_on
    network = trained.network(1)
    graph = build_graph(
        config.model.layers,
        data.input_shape,
        config.model.initializer,
        vocabulary=data.vocabulary,
        embedded=data.embedded,
        fused=False,
        groups=config.parameter_groups,
    )
    arrays = {**network.arena.parameters, **network.state}
    return Program(
        name,
        steps_of(graph, arrays),
        data,
        outcome_of(config.loss, data, logits),
        config.model_dump(mode="json"),
    )


def steps_of(graph: Graph, arrays: Mapping[str, np.ndarray]) -> tuple[Step, ...]:
    """The layers of a graph that act in evaluation, with copies of their arrays, which have names such as "dense_1.weight"."""
    source = {node.name: node.name for node in graph.inputs}  # where a node's output comes from
    steps = []
    for node in graph.layers:
        inputs = tuple(source[before.name] for before in node.inputs)
        layer: Layer = getattr(node.layer, "layer", node.layer)  # that of time_distributed
        if layer.only_in_training:
            (source[node.name],) = inputs
            continue
        source[node.name] = node.name
        names = [*node.parameters, *(name for name, state in node.state.items() if not state.per_row)]
        own = {name: arrays[f"{node.name}.{name}"].copy() for name in names}
        if node.tied is not None:
            own["weight"] = arrays[f"{node.tied.name}.weight"].T.copy(order="C")
        steps.append(Step(node.name, node.layer, inputs, node.input_shapes, node.shape, own))
    return tuple(steps)


def outcome_of(loss: Loss, data: Dataset, logits: bool) -> Outcome:
    if data.classes:
        if logits or not loss.probabilistic:
            binary = loss.binary and len(data.classes) == 2
            meaning = "logits" if loss.probabilistic else "margins"
            return Outcome(meaning, data.classes[1:] if binary else data.classes, ())
        functions: tuple[OutcomeStep, ...] | None = loss.probability_functions
        if functions is None:
            functions = (*loss.value_functions, shares.__name__)
        return Outcome("probabilities", data.classes, functions)
    names = loss.value_names(target_names(data))
    if logits:
        return Outcome("outputs", names, ())
    return Outcome("values", names, loss.value_steps(len(names)))


def samples_like(data: Dataset, rows: int, seed: int = 0) -> np.ndarray:
    """(rows, *input_shape): random inputs as an exported network takes them, in the units and of the type of the training data.

    NaN stands for a missing number where training filled gaps.
    """
    random, shape = np.random.default_rng(seed), (rows, *data.input_shape)
    if data.vocabulary:
        return random.integers(0, data.vocabulary, shape).astype(np.int32)
    if data.is_bytes:
        return random.integers(0, 256, shape).astype(np.uint8)
    assert data.scale is not None  # see Dataset.__post_init__
    x = random.standard_normal(shape) / data.scale + data.shift
    if data.curves:  # in float32, as some exported networks take them: a curve can be steep
        x = uncurved(x, data.curves).astype(np.float32).astype(np.float64)
    for text in data.one_hot:
        x[:, text.places] = text.encoded(random.integers(0, len(text.categories), rows))
    if data.fill is not None:
        x[random.random(shape) < 0.1] = np.nan
        for text in data.one_hot:  # a text is missing as a whole
            x[np.isnan(x[:, text.places]).any(axis=1), text.places] = np.nan
    return x


def farthest(found: np.ndarray, expected: Sequence[Any] | np.ndarray) -> float:
    """The largest difference, relative to the largest number of a sample where that is above 1.

    Sums are rounded in another order, so a small number among large ones differs as much as those.
    """
    wanted = np.asarray(expected, np.float64)
    largest = np.abs(wanted).max(axis=tuple(range(1, wanted.ndim)), keepdims=True, initial=1)
    return float((np.abs(found - wanted) / largest).max(initial=0.0))
