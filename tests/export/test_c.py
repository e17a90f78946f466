"""Export to C: every layer compiled with the strictest flags and sanitizers, equal to the network."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import OneHot
from nntrain.export.c.blocks import blocks_of
from nntrain.export.c.file import CFile, file_of
from nntrain.export.c.target import C
from nntrain.export.program import Outcome, Program, farthest, samples_like
from nntrain.export.target import NotExpressible
from nntrain.layers.dense import Dense
from nntrain.layers.layer import Layer
from nntrain.losses.outcome import FUNCTIONS
from nntrain.network.network import Network
from tests.support.c_programs import FLAGS, Compiled
from tests.support.programs import ROWS, SAMPLES, VOCABULARY, outputs_of, program_of_layers
from tests.support.samples import LAYERS

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")

Case = tuple[Program, Network]


def written(program: Program, stem: str) -> CFile:
    return file_of(program, blocks_of(program), stem)


def layers_of(*configs: object) -> list[Layer]:
    return [Layer.parse(config) for config in configs]


def case(*configs: object, shape=(6,), vocabulary=0, precision="float32") -> Case:
    return program_of_layers(layers_of(*configs), shape, vocabulary, precision=precision)


def merged(sample) -> Case:
    """A merging layer whose inputs are dense layers on the data, on images as on vectors."""
    *positions, _ = sample.inputs[0]
    names = [f"part_{number}" for number in range(len(sample.inputs))]
    parts = [
        {"dense": {"units": shape[-1], "name": name, "inputs": ["input"]}}
        for name, shape in zip(names, sample.inputs, strict=True)
    ]
    return case(*parts, {sample.name: {"inputs": names}}, shape=(*positions, 3))


def with_data(made: Case, **changes) -> Case:
    program, network = made
    return replace(program, data=replace(program.data, **changes)), network


CASES: dict[str, Case] = {
    **{
        f"{sample} {sample.inputs[0]}": case(
            {sample.name: sample.options},
            shape=sample.inputs[0],
            vocabulary=VOCABULARY if sample.name == "embedding" else 0,
        )
        for sample in SAMPLES
    },
    **{f"{sample} {sample.inputs}": merged(sample) for sample in LAYERS if len(sample.inputs) > 1},
    # what composite layers become, and layers of which one reads another's output in place
    "residual": case({"residual": {"body": [{"dense": 6}, "relu", {"dense": 6}]}}, "relu"),
    "the same input twice": case(
        "relu", {"dense": {"units": 6, "name": "a"}}, {"add": {"inputs": ["a", "a", "a"]}}
    ),
    "a product with itself last": case(
        {"dense": {"units": 6, "name": "a"}},
        {"dense": {"units": 6, "name": "b"}},
        {"multiply": {"inputs": ["a", "b", "a"]}},
    ),
    "an activation whose input is read again": case(
        {"dense": {"units": 6, "name": "a"}}, "tanh", {"concat": {"inputs": ["previous", "a"]}}
    ),
    "bidirectional": case(
        {"bidirectional": {"layer": {"gru": {"units": 3, "return_sequences": True}}}}, shape=(4, 3)
    ),
    "repeat": case({"repeat": {"times": 3, "layers": [{"dense": {"units": 6, "activation": "tanh"}}]}}),
    "views": case({"reshape": [3, 2]}, "flatten", "identity", {"dense": 3}),
    "views alone": case({"reshape": [3, 2]}, "identity"),
    "nothing": case({"dropout": 0.5}),
    "recurrent per step": case({"time_distributed": {"layer": {"lstm": 3}}}, shape=(3, 4, 2)),
    "a flattened view of the output": case({"dense": 4}, "flatten", shape=(3, 2)),
    # batch normalization in the weights before it, and where it cannot be there
    "dense and norm": case({"dense": {"units": 5, "use_bias": False}}, "batch_norm", "relu"),
    "conv and norm": case(
        {"conv2d": {"filters": 6, "kernel_size": 3, "padding": "same", "groups": 2}},
        "batch_norm",
        shape=(4, 3, 4),
    ),
    "transposed and norm": case(
        {"conv2d_transpose": {"filters": 6, "kernel_size": 3, "stride": 2, "groups": 2}},
        "batch_norm",
        shape=(2, 3, 4),
    ),
    "depthwise and norm": case(
        {"depthwise_conv2d": {"kernel_size": 2, "depth_multiplier": 2}}, "batch_norm", shape=(4, 3, 3)
    ),
    "norm after an activation": case({"dense": {"units": 5, "activation": "relu"}}, "batch_norm"),
    "norm of what another layer reads": case(
        {"dense": {"units": 6, "name": "a"}}, "batch_norm", {"add": {"inputs": ["previous", "a"]}}
    ),
    # a small transformer, in tokens
    "transformer": case(
        {"embedding": {"units": 8}},
        "learned_positions",
        {"residual": {"body": ["layer_norm", {"multi_head_attention": {"heads": 2, "causal": True}}]}},
        {"residual": {"body": ["layer_norm", {"dense": {"units": 16, "activation": "gelu"}}, {"dense": 8}]}},
        {"dense": 5},
        shape=(6,),
        vocabulary=VOCABULARY,
    ),
    "rotary positions and tied weights": case(
        {"embedding": {"units": 8}},
        {"multi_head_attention": {"heads": 2, "causal": True, "rotary": True}},
        {"dense": {"tied_to": "embedding_1"}},
        shape=(6,),
        vocabulary=VOCABULARY,
    ),
    # names that C does not take, or that another array has
    "names": case(
        {"dense": {"units": 4, "name": "größe*\\"}},
        {"dense": {"units": 4, "name": "gr_e"}},
        {"dense": {"units": 4, "name": "int"}},
        {"dense": {"units": 4, "name": "9"}},
        {"batch_norm": {"name": "scale"}},
    ),
    # what comes before and after the layers
    "bytes": with_data(case({"dense": 3}, shape=(2, 2, 1)), x=np.zeros((0, 2, 2, 1), np.uint8), scale=None),
    "large numbers close to each other": with_data(
        case({"dense": 3}), shift=np.linspace(1e6, 2e6, 6), scale=np.linspace(0.5, 1, 6)
    ),
    "one shift for all": with_data(
        case({"dense": 3}, shape=(3, 2)), shift=np.array([2.0]), scale=np.array([0.5])
    ),
    "gaps": with_data(
        case({"dense": 3}), fill=np.arange(6.0), shift=np.ones(6), scale=np.full(6, 0.5), impute="median"
    ),
    "float64": case({"dense": {"units": 4, "activation": "tanh"}}, precision="float64"),
}
NAMES = {name: f"n{number}" for number, name in enumerate(CASES)}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Compiled:
    programs = {NAMES[name]: program for name, (program, _) in CASES.items()}
    programs |= {name: program for name, (program, _) in OUTCOMES.items()}
    files = {name: written(program, name) for name, program in programs.items()}
    return Compiled(tmp_path_factory.mktemp("c"), files)


def prepared(data: Dataset, x: np.ndarray) -> np.ndarray:
    """The samples as the network gets them."""
    if data.vocabulary:
        return x
    filled = x if data.fill is None else np.where(np.isnan(x), data.fill, x)
    return (filled.astype(np.float64) - data.shift) * data.scale


@pytest.mark.parametrize("name", CASES)
def test_the_compiled_network_equals_the_network(name: str, compiled: Compiled):
    program, network = CASES[name]
    x = C().taken(samples_like(program.data, ROWS))
    found = compiled.run(NAMES[name], x)
    own = outputs_of(network, prepared(program.data, x))
    assert found.shape == own.shape
    assert farthest(found, own) < 1e-5


@pytest.mark.parametrize(
    "name", [name for name, (program, _) in CASES.items() if not program.data.vocabulary]
)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_large_inputs_give_no_nan(name: str, size: float, compiled: Compiled):
    program, network = CASES[name]
    x = size * np.abs(samples_like(program.data, ROWS).astype(np.float64))
    own = outputs_of(network, prepared(program.data, x))
    assert np.isfinite(own).all()
    assert farthest(compiled.run(NAMES[name], x), own) < 1e-4


def outcome_case(function: str) -> Case:
    outputs = 1 if function in ("two_classes", "side") else 3
    program, network = case({"dense": outputs}, shape=(4, 2))
    names = ("no", 'a "yes"?? \\ */ é\u202e') if outputs == 1 else ("a", "b", "c")
    return replace(program, outcome=Outcome("probabilities", names, (function,))), network


OUTCOMES = {f"outcome_{function}": outcome_case(function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_outcome_equals_that_of_predict(function: str, compiled: Compiled):
    program, network = OUTCOMES[f"outcome_{function}"]
    for size in (1.0, 20.0):
        x = size * samples_like(program.data, ROWS)
        own = program.outcome(outputs_of(network, x))
        assert farthest(compiled.run(f"outcome_{function}", x), own) < 1e-5


def test_no_samples_give_no_outcomes(compiled: Compiled):
    assert compiled.run(NAMES["residual"], np.zeros((0, 6))).shape == (0, 6)


def test_tokens_outside_the_vocabulary_are_zeros(compiled: Compiled):
    name = next(name for name in CASES if name.startswith("embedding"))
    found = compiled.run(NAMES[name], np.array([[0, -1, 7, 2**31 - 1, -(2**31)]]))
    assert np.any(found[0, 0])
    assert not np.any(found[0, 1:])


LENGTHS: dict[str, Case] = {
    "last": case({"dense": 4}, {"lstm": 3}, {"dense": 2}, shape=(6, 3)),
    "backward": case({"bidirectional": {"layer": {"gru": 3}}}, shape=(6, 3)),
    "steps": case(
        {"conv1d": {"filters": 4, "kernel_size": 3, "padding": "same"}},
        {"avg_pool1d": {"pool_size": 3, "stride": 1, "padding": "same"}},
        {"multi_head_attention": {"heads": 2}},
        "positional_encoding",
        {"gru": {"units": 3, "return_sequences": True, "reverse": True}},
        {"time_distributed": {"layer": {"dense": 2}}},
        shape=(6, 3),
    ),
    "mean": case({"embedding": {"units": 4}}, "global_avg_pool", shape=(6,), vocabulary=VOCABULARY),
}


@pytest.fixture(scope="module")
def of_lengths(tmp_path_factory) -> Compiled:
    padded = {name: written(with_lengths(program), name) for name, (program, _) in LENGTHS.items()}
    return Compiled(tmp_path_factory.mktemp("lengths"), padded)


def with_lengths(program: Program) -> Program:
    return replace(program, data=replace(program.data, lengths=np.zeros(0, np.int32)))


@pytest.mark.parametrize("name", LENGTHS)
def test_a_short_sequence_equals_a_padded_one(name: str, of_lengths: Compiled):
    program, network = LENGTHS[name]
    x, steps = samples_like(program.data, ROWS), np.array([6, 1, 4], np.int32)
    x[np.arange(6) >= steps[:, None]] = 0
    own = outputs_of(network, x, steps)
    found = of_lengths.run(name, x, steps)
    for row, count in enumerate(steps):
        real = slice(count) if own.ndim == 3 else slice(None)
        assert farthest(found[row][real], own[row][real]) < 1e-5


@pytest.mark.parametrize("layer", ["flatten", {"reshape": [3, -1]}, {"permute": [2, 1]}])
def test_a_network_that_needs_all_steps_says_so(layer):
    program, _ = case(layer, shape=(6, 3))
    file = written(with_lengths(program), "full")
    assert not file.interface.has_steps
    assert "full length only" in file.header


def test_the_networks_compile_with_each_level_of_optimization(tmp_path):
    """The optimizer's own warnings differ from level to level."""
    names = [
        name for name in CASES if name.startswith(("conv", "transformer", "lstm", "max_pool", "depthwise"))
    ]
    programs = {NAMES[name]: CASES[name][0] for name in names}
    for name, program in programs.items():
        for path, data in written(program, name).files.items():
            (tmp_path / path).write_bytes(data)
    for level in ("-O2", "-O3"):
        command = ["cc", *FLAGS, level, "-c", *(f"{name}.c" for name in programs)]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr


def test_batch_normalization_after_linear_layers_costs_nothing():
    program, _ = case({"dense": 5}, "batch_norm", "relu", {"dense": 5}, "tanh", "batch_norm")
    assert [block.name for block in blocks_of(program)] == [
        "dense_1",
        "relu_1",
        "dense_2",
        "tanh_1",
        "batch_norm_2",
    ]


def test_dead_outputs_lend_their_place():
    program, _ = case(*[{"dense": 50}, "relu"] * 10, {"dense": 2})
    assert written(program, "deep").workspace_bytes == 4 * 2 * 50


def test_the_header_says_what_x_and_y_are():
    program, _ = case({"dense": 2}, shape=(4,))
    data = replace(
        program.data,
        classes=("cat", "dog"),
        feature_names=("age", "colour=red", "colour=blue", "size"),
        one_hot=(OneHot("colour", ("red", "blue"), 1),),
        fill=np.ones(4),
        impute="median",
    )
    outcome = Outcome("probabilities", ("cat", "dog"), ("softmax",))
    file = written(replace(program, data=data, outcome=outcome), "my-net 2")
    header = " ".join(file.header.split())
    assert "void my_net_2_predict(const float *x, float *y);" in header
    assert "#define MY_NET_2_INPUTS 4" in header
    assert "#define MY_NET_2_OUTPUTS 2" in header
    assert "x[0] age; x[1] to x[2] colour, 1 for one of red, blue, else 0; x[3] size" in header
    assert "the median of the training data" in header
    assert '"cat",\n    "dog"' in file.source


@pytest.mark.parametrize(
    ("stem", "name"), [("3d", "network_3d"), ("__a--b", "a_b"), ("日本", "network"), ("int", "int")]
)
def test_any_file_name_gives_an_identifier(stem: str, name: str):
    assert written(CASES["nothing"][0], stem).interface.name == name


class Doubled(Dense):
    """A layer of a plugin, which does not register itself: it may compute otherwise than the class that it is derived from."""


def test_a_layer_of_a_plugin_is_an_error_that_names_it(wording):
    program, _ = case("relu", {"dense": 2}, shape=(3,))
    *before, last = program.steps
    program = replace(program, steps=(*before, replace(last, layer=Doubled.model_construct(units=2))))
    with pytest.raises(NotExpressible) as error:
        written(program, "plugin")
    wording(str(error.value))
