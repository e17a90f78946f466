"""Setup: what a config describes, built: the data in its splits, the graph, and the checks that need both."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.config.schema import Config
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.splits import carve, standardize
from nntrain.errors import ConfigError, Problem, UserError
from nntrain.layers.layer import Activation
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

    def network(self, rows: int, *, dtype: str | None = None, **kwargs) -> Network:
        """A freshly initialized network for batches of at most `rows` rows."""
        integers = self.splits.train.x.dtype == np.int32
        return Network(self.graph, rows, dtype or self.config.train.precision, self.config.seed, integer_input=integers, **kwargs)


def prepare(config: Config, folder: Path) -> Setup:
    """Raises ConfigError for what does not fit together, UserError for bad data. Paths count from `folder`."""
    splits, indices = load_data(config, folder)
    graph = build_graph(config.model.layers, splits.train.input_shape, config.model.initializer)
    problems = output_problems(config, graph, splits.train)
    try:
        monitor = choose_monitor(config, splits.validation is not None)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Setup(config, splits, indices, graph, monitor)


def load_data(config: Config, folder: Path) -> tuple[Splits, dict[str, np.ndarray]]:
    section = config.data
    splits = section.source.load(folder)
    for part in ("test", "validation"):
        chosen = getattr(section, part)
        if isinstance(chosen, Reader):
            setattr(splits, part, chosen.load(folder).train)
        elif chosen is not None and part == "test" and splits.test is not None:
            raise ConfigError([Problem(("data", "test"), f"{section.source.yaml_name} brings its own test split. Remove this line.")])
    fractions = {part: value for part in ("test", "validation") if isinstance(value := getattr(section, part), float)}
    splits, indices = carve(splits, seed=config.seed, **fractions)
    for part in (splits.test, splits.validation):
        if part is not None and part.input_shape != splits.train.input_shape:
            raise UserError(f"the splits differ in the shape of a sample: {splits.train.input_shape} and {part.input_shape}.")
    if section.standardize:
        standardize(splits)
    return splits, indices


def output_problems(config: Config, graph: Graph, data: Dataset) -> list[Problem]:
    """What does not fit between the model's output, the loss, the metrics and the data."""
    output = graph.output
    problems = []
    if isinstance(output.layer, Activation) and config.loss.from_logits and output.layer.yaml_name in ("softmax", "log_softmax", "sigmoid"):
        problems.append(Problem(output.path, f"{config.loss.yaml_name} takes logits and applies {output.layer.yaml_name} itself. "
                                f"Remove the {output.layer.yaml_name}."))
    classes = len(data.classes) or None
    targets = None if classes else int(np.prod(data.target_shape, dtype=int))
    try:
        outputs = config.loss.required_outputs(classes, targets)
    except ConfigError as error:
        return problems + error.below("loss").problems
    if output.shape[-1] != outputs:
        what = f"{classes} classes" if classes else f"{targets} target values"
        problems.append(Problem(output.path, f"the model's output has {output.shape[-1]} values, but {config.loss.yaml_name} on data with "
                                f"{what} needs {outputs}."))
    elif len(output.shape) != 1:
        problems.append(Problem(output.path, f"the model's output has shape {output.shape}, but a sample's target is one row. Add `flatten` before."))
    return problems
