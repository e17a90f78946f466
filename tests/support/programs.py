"""Programs to export: each layer's sample as a network of its own, and the networks of the shipped configs."""

import json
from collections.abc import Mapping

import numpy as np

from nntrain.data.conform.description import describe
from nntrain.data.dataset import Dataset
from nntrain.export.program import Outcome, Program, steps_of
from nntrain.inference.trained import Trained
from nntrain.layers.layer import Layer
from nntrain.network.graph import build_graph
from nntrain.network.network import Network
from nntrain.network.snapshot import STATISTICS, Snapshot, arrays_of
from nntrain.training.setup import Setup
from tests.support.samples import LAYERS, LayerSample

ROWS = 3
VOCABULARY = 5


def single_input(sample: LayerSample) -> bool:
    return len(sample.inputs) == 1


# Layers that merge several inputs come in networks that name them.
SAMPLES = [sample for sample in LAYERS if single_input(sample)]


def program_of_layers(
    layers: list[Layer],
    shape: tuple[int, ...],
    vocabulary: int = 0,
    seed: int = 1,
    precision: str = "float32",
    given: Mapping[str, np.ndarray] | None = None,
    rows: int = ROWS,
) -> tuple[Program, Network]:
    """A program of these layers with random arrays, also for biases, scales and running statistics, or with those given; and
    its network."""
    graph = build_graph(layers, shape, vocabulary=vocabulary, fused=False)
    network = Network(graph, rows, precision, seed, backward=False, integer_input=bool(vocabulary))
    random = np.random.default_rng(seed)
    for name, array in {**network.arena.parameters, **network.state}.items():
        low = 0.5 if name.endswith(("variance", "running_variance")) else -0.5
        array[...] = random.uniform(low, 1.0, array.shape) if given is None else given[name]
        if name.endswith(".edges"):
            array.sort(axis=-1)
    arrays: Mapping[str, np.ndarray] = {**network.arena.parameters, **network.state}
    outputs = graph.output.shape
    data = Dataset(
        np.zeros((0, *shape), np.int32 if vocabulary else np.float64),
        np.zeros((0, *outputs)),
        vocabulary=vocabulary,
        feature_names=(),
    )
    names = tuple(f"target_{number}" for number in range(outputs[-1] if outputs else 1))
    program = Program("sample", steps_of(graph, arrays), data, Outcome("values", names, ()), {})
    return program, network


def outputs_of(network: Network, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """The network's outputs (rows, ...) in evaluation mode for up to ROWS samples, sequences of any number of steps."""
    steps = x.shape[1] if x.shape[1:] != network.graph.input.shape else None
    executor = network.executor(len(x), steps)
    executor.x[...] = x
    network.info.lengths = lengths
    return executor.forward(training=False).copy()


def untrained(setup: Setup) -> Trained:
    """The network of a config with its initial parameters."""
    data = setup.splits.train
    statistics = {f"{STATISTICS}{name}": array for name, array in data.statistics.items()}
    arrays = arrays_of(setup.network(1, backward=False))
    facts = json.loads(json.dumps({"data": describe(data)}))
    return Trained(setup.config, Snapshot({**arrays, **statistics}, facts))
