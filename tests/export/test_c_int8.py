"""Export to C in int8: close to the network in float, exact where numbers are whole, and clean under sanitizers."""

import shutil
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, Splits
from nntrain.errors import UserError
from nntrain.export.c.blocks import Block, blocks_of
from nntrain.export.c.file import file_of
from nntrain.export.c.int8.measured import score, score_notes
from nntrain.export.c.int8.quantized import quantized
from nntrain.export.c.int8.ranges import ranges
from nntrain.export.c.target import C
from nntrain.export.program import Program, farthest, samples_like
from nntrain.export.target import Request
from nntrain.layers.layer import Layer
from nntrain.network.network import Network
from tests.support.c_programs import Compiled
from tests.support.programs import outputs_of, program_of_layers

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")

CASES: Mapping[str, tuple[list[object], tuple[int, ...]]] = {
    "dense": ([{"dense": 5}], (8,)),
    "dense chain": (
        [{"dense": {"units": 16, "activation": "relu"}}, {"dense": {"units": 3, "use_bias": False}}],
        (8,),
    ),
    "dense on steps": ([{"dense": {"units": 6, "activation": "relu"}}, {"dense": 3}], (4, 8)),
    "network of images": (
        [
            {"conv2d": {"filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"}},
            {"max_pool2d": 2},
            {
                "conv2d": {
                    "filters": 6,
                    "kernel_size": [2, 3],
                    "padding": 1,
                    "stride": [1, 2],
                    "activation": "relu",
                }
            },
            "flatten",
            {"dense": 4},
        ],
        (8, 8, 3),
    ),
    "groups and dilation": (
        [
            {"conv2d": {"filters": 6, "kernel_size": 3, "dilation": [1, 2], "padding": "same", "groups": 3}},
            {"conv2d": {"filters": 4, "kernel_size": 3, "dilation": 2, "padding": 2}},
        ],
        (7, 9, 6),
    ),
    "sequence": (
        [
            {
                "conv1d": {
                    "filters": 8,
                    "kernel_size": 3,
                    "padding": "causal",
                    "dilation": 2,
                    "activation": "relu",
                }
            },
            {"max_pool1d": {"pool_size": 3, "stride": 2, "padding": 1}},
            {"conv1d": {"filters": 3, "kernel_size": 4}},
            "global_max_pool",
        ],
        (12, 4),
    ),
    "other activations stay float": (
        [
            {"dense": {"units": 8, "activation": "gelu"}},
            {"dense": {"units": 8, "activation": "tanh"}},
            {"dense": 2},
        ],
        (6,),
    ),
    "a residual sum": (
        [{"residual": {"body": [{"dense": 6}, "relu", {"dense": 6}]}}, "relu", {"dense": 3}],
        (6,),
    ),
    "an output that two layers read": (
        [
            {"dense": {"units": 6, "activation": "relu", "name": "a"}},
            {"dense": {"units": 4, "name": "b", "inputs": ["a"]}},
            {"dense": {"units": 4, "inputs": ["a"]}},
            {"concat": {"inputs": ["b", "previous"]}},
        ],
        (5,),
    ),
    "normalization in the weights": (
        [
            {"conv2d": {"filters": 4, "kernel_size": 3, "use_bias": False}},
            "batch_norm",
            "relu",
            "flatten",
            {"dense": 3},
        ],
        (6, 6, 2),
    ),
}


def calibrated(program: Program, network: Network) -> dict[str, float]:
    """Ranges on random samples, under the names of the blocks."""
    data = replace(
        program.data, x=samples_like(program.data, 512), target=np.zeros((512, *network.graph.output.shape))
    )
    found = dict(ranges(network, data))
    return found | {
        block.name: found[block.remark.split()[1]] for block in blocks_of(program) if block.remark
    }


def in_int8(case: tuple[list[object], tuple[int, ...]]) -> tuple[Program, Network, list[Block], list[str]]:
    layers, shape = case
    program, network = program_of_layers([Layer.parse(layer) for layer in layers], shape)
    return program, network, *quantized(blocks_of(program), calibrated(program, network))


MADE = {f"int8_{number}": in_int8(case) for number, case in enumerate(CASES.values())}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Compiled:
    files = {name: file_of(program, blocks, name) for name, (program, _, blocks, _) in MADE.items()}
    return Compiled(tmp_path_factory.mktemp("int8"), files)


@pytest.mark.parametrize("name", MADE, ids=CASES)
def test_int8_is_close_to_float(name: str, compiled: Compiled):
    program, network, _, _ = MADE[name]
    x = np.concatenate([samples_like(program.data, 3, seed) for seed in range(7)])
    own = np.concatenate([outputs_of(network, rows) for rows in np.split(x, 7)])
    found = compiled.run(name, x)
    assert np.sqrt(np.mean((found - own) ** 2)) < 0.05 * own.std()
    assert farthest(found, own) > 0  # it is not float


@pytest.mark.parametrize("size", [0, 1e4, -1e4])
def test_inputs_beyond_the_training_data_are_clipped(size: float, compiled: Compiled):
    for name, (program, _, _, _) in MADE.items():
        found = compiled.run(name, np.full((1, *program.data.input_shape), size))
        assert np.isfinite(found).all()


def test_values_stay_int8_through_relu_pooling_and_flatten():
    _, _, blocks, kept = MADE[f"int8_{list(CASES).index('network of images')}"]
    assert [(type(block.layer).__name__, block.element) for block in blocks] == [
        ("Quantize", "int8_t"),
        ("Linear8", "int8_t"),
        ("Relu8", "int8_t"),
        ("MaxPool8", "int8_t"),
        ("Linear8", "int8_t"),
        ("Relu8", "int8_t"),
        ("Flatten", "int8_t"),
        ("Linear8", "float"),
    ]
    assert kept == []


def test_layers_without_int8_are_named():
    *_, kept = in_int8(([{"dense": 4}, "layer_norm", {"dense": 2}], (6,)))
    assert kept == ["layer_norm_1"]


def test_weights_of_zeros_and_large_biases_are_whole_numbers_too(tmp_path):
    program, network = program_of_layers(
        [Layer.parse({"dense": 3}), Layer.parse("relu"), Layer.parse({"dense": 2})], (4,)
    )
    first = dict(program.steps[0].arrays)
    first["weight"][:, 0] = 0
    first["weight"][:, 1] = 1e-12
    first["bias"][:] = [0, 3, 3]
    for name, array in first.items():
        network.arena.parameters[f"dense_1.{name}"][...] = array
    blocks, _ = quantized(blocks_of(program), calibrated(program, network))
    compiled = Compiled(tmp_path, {"extreme": file_of(program, blocks, "extreme")})
    x = samples_like(program.data, 3)
    assert farthest(compiled.run("extreme", x), outputs_of(network, x)) < 0.05


def test_a_sum_of_too_many_products_stays_float():
    wide = 70_000
    blocks = [
        Block(
            "dense_1", Layer.parse({"dense": 1}), ("input",), ((wide,),), (1,), {"weight": np.ones((wide, 1))}
        )
    ]
    found, kept = quantized(blocks, {"input": 1.0, "dense_1": 1.0})
    assert found == blocks
    assert kept == ["dense_1"]


def test_scores_count_real_steps_alone():
    target, lengths = np.array([[1, 0, 0], [1, 1, 0]], np.int32), np.array([1, 2], np.int32)
    data = Dataset(np.zeros((2, 3, 1)), target, classes=("a", "b"), lengths=lengths)
    y = np.zeros((2, 3, 2), np.float32)
    y[:, 0, 1] = 1
    assert score(y, data) == ("accuracy", pytest.approx(2 / 3))


def test_scores_of_numbers_are_errors():
    data = Dataset(np.zeros((2, 1)), np.array([[1.0], [3.0]]))
    assert score(np.array([[1.0], [1.0]], np.float32), data) == (
        "root mean squared error",
        pytest.approx(np.sqrt(2)),
    )


def test_a_loss_of_accuracy_is_a_note(wording):
    program, network = program_of_layers([Layer.parse({"dense": 2})], (4,))
    x = samples_like(program.data, 40)
    best = (
        np.concatenate([outputs_of(network, rows) for rows in np.split(x, 20)])
        .argmax(axis=1)
        .astype(np.int32)
    )
    test = replace(program.data, x=x, target=best, classes=("a", "b"))
    blocks, _ = quantized(blocks_of(program), {"input": 1e4, "dense_1": 1e4})  # far too wide
    floats, whole = (file_of(program, each, "net") for each in (blocks_of(program), blocks))
    notes = score_notes(floats, whole, Splits(test, test=test))
    assert "1 in float" in notes[0]
    wording(notes[1])


def test_int8_without_data_is_an_error(wording):
    program, _ = program_of_layers([Layer.parse({"dense": 2})], (4,))
    with pytest.raises(UserError) as error:
        C().write(Request(program, "net", {"int8": True}))
    wording(str(error.value))
