"""Export to ONNX: every layer as standard operators, equal to the network when onnxruntime runs it."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import OneHot
from nntrain.errors import UserError
from nntrain.export.onnx import files, target
from nntrain.export.onnx.model import graph_of, model_of
from nntrain.export.onnx.place import WRITERS
from nntrain.export.onnx.target import Onnx, feeds
from nntrain.export.program import Outcome, Program, farthest, samples_like
from nntrain.export.target import NotExpressible, Request
from nntrain.layers.dense import Dense
from nntrain.layers.layer import Layer
from nntrain.losses.outcome import FUNCTIONS
from nntrain.network.network import Network
from tests.support.programs import ROWS, SAMPLES, VOCABULARY, outputs_of, program_of_layers
from tests.support.samples import LAYERS, LayerSample


def written(program: Program) -> onnx.ModelProto:
    return onnx.load_from_string(Onnx().write(Request(program, "model")).files["model.onnx"])


def run(program: Program, inputs: dict[str, np.ndarray], tmp_path) -> list[np.ndarray]:
    """All outputs of the exported program."""
    path = tmp_path / "model.onnx"
    path.write_bytes(Onnx().write(Request(program, "model")).files["model.onnx"])
    found: list[np.ndarray] = target.session(path).run(None, inputs)
    return found


def layers_of(*configs: object) -> list[Layer]:
    return [Layer.parse(config) for config in configs]


def exported_and_own(program: Program, network: Network, x: np.ndarray, tmp_path, lengths=None):
    """(what the exported program gives, what the network gives)"""
    return run(program, feeds(program, x, lengths), tmp_path)[0], outputs_of(network, x, lengths)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_layer_equals_the_network(sample: LayerSample, tmp_path):
    vocabulary = VOCABULARY if sample.name == "embedding" else 0
    program, network = program_of_layers(
        layers_of({sample.name: sample.options}), sample.inputs[0], vocabulary
    )
    found, own = exported_and_own(program, network, samples_like(program.data, ROWS), tmp_path)
    assert found.shape == own.shape
    assert farthest(found, own) < 1e-5


MERGES = [sample for sample in LAYERS if len(sample.inputs) > 1]


@pytest.mark.parametrize("sample", MERGES, ids=str)
def test_a_merging_layer_equals_the_network(sample: LayerSample, tmp_path):
    """Its inputs are dense layers on the data, on images as on vectors."""
    *positions, _ = sample.inputs[0]
    names = [f"part_{number}" for number in range(len(sample.inputs))]
    parts = [
        {"dense": {"units": shape[-1], "name": name, "inputs": ["input"]}}
        for name, shape in zip(names, sample.inputs, strict=True)
    ]
    program, network = program_of_layers(layers_of(*parts, {sample.name: {"inputs": names}}), (*positions, 3))
    found, own = exported_and_own(program, network, samples_like(program.data, ROWS), tmp_path)
    assert farthest(found, own) < 1e-5


def test_every_layer_that_the_manual_lists_has_operators():
    """Those that hold others add these to the network instead."""
    own = {name: kind for name, kind in Layer.members().items() if kind.__module__.startswith("nntrain.")}
    assert {name for name, kind in own.items() if kind not in WRITERS} == {
        "residual",
        "repeat",
        "bidirectional",
    }


CONTAINERS = {
    "residual": (
        (5, 4, 2),
        [{"residual": {"body": [{"conv2d": {"filters": 2, "kernel_size": 3, "padding": "same"}}, "relu"]}}],
    ),
    "residual with a shortcut": (
        (5, 4, 2),
        [
            {"conv2d": {"filters": 3, "kernel_size": 1}},
            {
                "residual": {
                    "body": [
                        {"conv2d": {"filters": 4, "kernel_size": 3, "padding": "same"}},
                        {"batch_norm": {}},
                    ],
                    "shortcut": [{"dense": 4}],
                }
            },
            "global_avg_pool",
        ],
    ),
    "repeat": ((6,), [{"repeat": {"times": 3, "layers": [{"dense": {"units": 6, "activation": "tanh"}}]}}]),
    "bidirectional": (
        (5, 3),
        [{"bidirectional": {"layer": {"lstm": {"units": 4, "return_sequences": True}}}}],
    ),
    "bidirectional, summed": (
        (5, 3),
        [{"bidirectional": {"layer": {"gru": 4}, "merge": "add"}}, {"dense": 2}],
    ),
    "time_distributed convolution": (
        (3, 4, 4, 2),
        [{"time_distributed": {"layer": {"conv2d": {"filters": 3, "kernel_size": 2, "activation": "relu"}}}}],
    ),
    "time_distributed batch norm": ((3, 4), [{"time_distributed": {"layer": "batch_norm"}}]),
    "time_distributed recurrent": ((3, 4, 2), [{"time_distributed": {"layer": {"gru": 3}}}, {"lstm": 2}]),
    "flatten of a sequence after a recurrent layer": (
        (4, 3),
        [{"lstm": {"units": 5, "return_sequences": True}}, "flatten", {"dense": 2}],
    ),
    "softmax, norms and permutation after a convolution": (
        (4, 5, 2),
        [
            {"conv2d": {"filters": 4, "kernel_size": 2}},
            {"prelu": {"per_channel": True}},
            "layer_norm",
            {"group_norm": {"groups": 2}},
            "softmax",
            {"permute": [3, 1, 2]},
            "rms_norm",
            {"reshape": [8, -1]},
        ],
    ),
    "flatten that norms and dense layers read": (
        (4, 5, 2),
        [
            {"conv2d": {"filters": 4, "kernel_size": 2}},
            {"flatten": {"name": "flat"}},
            {"dense": {"units": 3, "name": "one"}},
            {"layer_norm": {"inputs": ["flat"]}},
            {"dense": 3},
            {"add": {"inputs": ["one", "previous"]}},
        ],
    ),
}


@pytest.mark.parametrize("case", CONTAINERS)
@pytest.mark.parametrize("rows", [1, ROWS])
def test_layers_in_company_equal_the_network(case, rows, tmp_path):
    shape, configs = CONTAINERS[case]
    program, network = program_of_layers(layers_of(*configs), shape)
    found, own = exported_and_own(program, network, samples_like(program.data, rows), tmp_path)
    assert found.shape == own.shape
    assert farthest(found, own) < 1e-5


IMAGE_NETWORK = [
    {"conv2d": {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu"}},
    "batch_norm",
    {"max_pool2d": 2},
    {
        "residual": {
            "body": [
                {"depthwise_conv2d": {"kernel_size": 3, "padding": "same"}},
                {"group_norm": {"groups": 2}},
            ]
        }
    },
    {"upsample2d": 2},
    {"dense": {"units": 6, "activation": "silu"}},
    "flatten",
    "tanh",
    {"dense": {"units": 5, "activation": "relu"}},
    {"dense": 3},
]


def test_the_axes_of_an_image_change_their_order_once(tmp_path):
    """The flattened image keeps the order of convolutions: the rows of the next weight change theirs."""
    program, network = program_of_layers(layers_of(*IMAGE_NETWORK), (8, 6, 3))
    transposed = [node.name for node in graph_of(program).nodes if node.operator == "Transpose"]
    assert transposed == ["input/channels_first"]
    found, own = exported_and_own(program, network, samples_like(program.data, ROWS), tmp_path)
    assert farthest(found, own) < 1e-5


def test_recurrent_layers_follow_each_other_without_a_change_of_axes():
    layers = layers_of(
        {"lstm": {"units": 3, "return_sequences": True}}, {"layer_norm": {}}, {"dense": 4}, {"gru": 2}
    )
    program, _ = program_of_layers(layers, (5, 3))
    transposed = [node.name for node in graph_of(program).nodes if node.operator == "Transpose"]
    assert transposed == ["input/steps_first"]


SEQUENCES = {
    "recurrent": [{"bidirectional": {"layer": {"lstm": {"units": 4, "return_sequences": True}}}}, {"gru": 3}],
    "simple": [{"simple_rnn": {"units": 4, "return_sequences": True}}, {"dense": 2}],
    "convolution": [
        {"conv1d": {"filters": 4, "kernel_size": 3, "padding": "same"}},
        "relu",
        "global_max_pool",
    ],
    "causal": [
        {"conv1d": {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation": 2}},
        "global_avg_pool",
    ],
    "pools": [
        {"max_pool1d": {"pool_size": 3, "stride": 1, "padding": "same"}},
        {"avg_pool1d": {"pool_size": 4, "stride": 1, "padding": "same"}},
        {"gru": {"units": 3, "return_sequences": True, "use_bias": False}},
    ],
    "attention": [
        "positional_encoding",
        {"residual": {"body": ["layer_norm", {"multi_head_attention": {"heads": 2}}]}},
        "global_avg_pool",
    ],
    "causal attention": [
        "learned_positions",
        {"multi_head_attention": {"heads": 3, "causal": True}},
        {"lstm": 3},
    ],
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_padded_sequences_equal_the_network(case, tmp_path):
    program, network = program_of_layers(layers_of(*SEQUENCES[case]), (7, 6))
    program = replace(program, data=replace(program.data, lengths=np.zeros(0, np.int32)))
    x, lengths = samples_like(program.data, ROWS), np.array([7, 3, 1], np.int32)
    x[np.arange(7) >= lengths[:, np.newaxis]] = 0
    found, own = exported_and_own(program, network, x, tmp_path, lengths)
    assert farthest(found, own) < 1e-5
    other = x.copy()
    other[np.arange(7) >= lengths[:, np.newaxis]] = 9  # what stands in the padding
    if case != "simple":  # a dense layer maps padding, too, and no one reads it
        assert np.array_equal(found, run(program, feeds(program, other, lengths), tmp_path)[0])


ANY_STEPS = {
    **{name: layers for name, layers in SEQUENCES.items() if "learned_positions" not in layers},
    "windows": [
        {"conv1d": {"filters": 6, "kernel_size": 3, "stride": 2}},
        {"avg_pool1d": {"pool_size": 2, "stride": 1}},
    ],
    "windows before attention": [
        {"conv1d": {"filters": 6, "kernel_size": 2}},
        {"multi_head_attention": {"heads": 2, "causal": True}},
    ],
    "padding of a number": [{"conv1d": {"filters": 6, "kernel_size": 3, "padding": 2, "stride": 3}}],
    "group norm": [{"group_norm": {"groups": 3}}, {"batch_norm": {}}, {"maxout": 4}],
}


@pytest.mark.parametrize("case", ANY_STEPS)
def test_a_sequence_may_have_any_number_of_steps(case, tmp_path):
    program, network = program_of_layers(layers_of(*ANY_STEPS[case]), (9, 6))
    model = written(program)
    assert [axis.dim_param for axis in model.graph.input[0].type.tensor_type.shape.dim] == [
        "batch",
        "steps",
        "",
    ]
    x = samples_like(program.data, ROWS)[:, :6]
    found, own = exported_and_own(program, network, x, tmp_path)
    assert found.shape == own.shape
    assert farthest(found, own) < 1e-5


def test_tokens_may_be_any_number_of_steps(tmp_path):
    layers = layers_of(
        {"embedding": 4}, "learned_positions", {"multi_head_attention": {"heads": 2, "causal": True}}
    )
    program, network = program_of_layers(layers, (9,), VOCABULARY)
    x = samples_like(program.data, ROWS)
    found = run(program, feeds(program, x[:, :5]), tmp_path)[0]
    assert farthest(found, outputs_of(network, x)[:, :5]) < 1e-5  # no step depends on later ones


FIXED = {
    "flatten": ["flatten"],
    "a stride over padded steps": [
        {"conv1d": {"filters": 2, "kernel_size": 3, "padding": "same", "stride": 2}}
    ],
    "permute": [{"permute": [2, 1]}],
}


@pytest.mark.parametrize("case", FIXED)
def test_a_layer_that_needs_all_steps_fixes_their_number(case):
    program, _ = program_of_layers(layers_of(*FIXED[case]), (9, 6))
    assert graph_of(program).inputs[0].shape == ("batch", 9, 6)


POINTWISE = [
    *(
        "relu",
        "relu6",
        "leaky_relu",
        "prelu",
        "rrelu",
        "elu",
        "selu",
        "softplus",
        "gelu",
        "silu",
        "hard_swish",
    ),
    *(
        "mish",
        "sigmoid",
        "tanh",
        "softsign",
        "hard_sigmoid",
        "hard_tanh",
        "identity",
        "softmax",
        "log_softmax",
    ),
    {"gelu": {"approximate": "tanh"}},
]


@pytest.mark.parametrize("activation", POINTWISE, ids=str)
def test_an_activation_takes_extreme_values(activation, tmp_path):
    program, network = program_of_layers(layers_of(activation), (8,))
    x = np.array([[-1e4, -100, -20, -0.0, 1e-30, 20, 100, 1e4], [1e4, -1e4, 88, 89, -88, -89, -103, 1]])
    found, own = exported_and_own(program, network, x, tmp_path)
    assert np.isfinite(found).all()
    assert farthest(found, own) < 1e-5


def data_of(program: Program, **changes: object) -> Program:
    return replace(program, data=replace(program.data, **changes))


def test_bytes_are_taken_as_bytes(tmp_path):
    program, network = program_of_layers(layers_of("flatten", {"dense": 3}), (4, 4, 1))
    image = Dataset(np.zeros((0, 4, 4, 1), np.uint8), np.zeros((0, 3)), shift=np.array([33.0]))
    program = replace(program, data=image)
    x = samples_like(image, ROWS)
    assert x.dtype == np.uint8
    found = run(program, {"input": x}, tmp_path)[0]
    assert farthest(found, outputs_of(network, (x - 33.0) / 255)) < 1e-5


def test_columns_are_standardized_and_gaps_are_filled(tmp_path):
    program, network = program_of_layers(layers_of({"dense": 3}), (4,))
    shift, scale, fill = np.array([1.0, -2, 3, 0]), np.array([2.0, 0.1, 1, 7]), np.array([5.0, 6, 7, 8])
    program = data_of(program, shift=shift, scale=scale, fill=fill)
    x = samples_like(program.data, ROWS)
    x[1, 2] = np.nan
    found = run(program, feeds(program, x), tmp_path)[0]
    filled = np.where(np.isnan(x), fill, x)
    assert farthest(found, outputs_of(network, (filled - shift) * scale)) < 1e-5


def test_columns_far_from_zero_are_taken_in_double_precision(tmp_path):
    """In float32, seconds since 1970 have steps of two minutes."""
    program, network = program_of_layers(layers_of({"dense": 3}), (2,))
    program = data_of(program, shift=np.array([1.7e9, 0.0]), scale=np.array([0.01, 1.0]))
    x = samples_like(program.data, ROWS)
    assert feeds(program, x)["input"].dtype == np.float64
    assert any("float64" in note for note in Onnx().write(Request(program, "model")).notes)
    found = run(program, feeds(program, x), tmp_path)[0]
    assert farthest(found, outputs_of(network, (x - program.data.shift) * program.data.scale)) < 1e-5


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"side"}))
def test_a_function_of_the_outcome_equals_that_of_predict(function, tmp_path):
    width = 1 if function == "two_classes" else 3
    program, _ = program_of_layers(layers_of("identity"), (width,))
    names = ("a", "b", "c")[: max(width, 2)]
    program = replace(program, outcome=Outcome("probabilities", names, (function,)))
    x = np.random.default_rng(0).normal(0, 3, (20, width))
    x[0], x[1], x[2] = -50, 0, 60
    found = run(program, feeds(program, x), tmp_path)[0]
    assert farthest(found, program.outcome(x)) < 1e-5


@pytest.mark.parametrize("width", [1, 3])
def test_the_class_is_that_of_predict(width, tmp_path):
    classes = ("no", "yes") if width == 1 else ("a", "b", "c")
    program, network = program_of_layers(layers_of({"dense": width}), (4,))
    program = replace(
        data_of(program, classes=classes, target=np.zeros(0, np.int32)),
        outcome=Outcome("probabilities", classes, ("two_classes" if width == 1 else "softmax",)),
    )
    x = samples_like(program.data, ROWS)
    probabilities, found = run(program, feeds(program, x), tmp_path)
    outputs = outputs_of(network, x)
    assert found.dtype == np.int64
    assert found.tolist() == (outputs[:, 0] > 0 if width == 1 else outputs.argmax(1)).astype(int).tolist()
    assert probabilities.shape == (ROWS, len(classes))


def test_the_file_says_what_a_reader_needs():
    program, _ = program_of_layers(layers_of({"dense": 2}), (3,))
    program = replace(
        data_of(
            program,
            classes=("cat", "dög"),
            target=np.zeros(0, np.int32),
            feature_names=("size", "colour=red", "colour=blue"),
            one_hot=(OneHot("colour", ("red", "blue"), 1),),
        ),
        outcome=Outcome("probabilities", ("cat", "dög"), ("softmax",)),
        config={"seed": 7},
    )
    model = written(program)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found["classes"]) == ["cat", "dög"]
    assert json.loads(found["columns"]) == ["size", "colour=red", "colour=blue"]
    assert json.loads(found["categories"]) == {"colour": ["red", "blue"]}
    assert json.loads(found["config"]) == {"seed": 7}
    assert (model.producer_name, model.ir_version, model.opset_import[0].version) == ("nntrain", 8, 17)
    assert [node.name for node in model.graph.node] == ["dense_1", "probabilities/softmax", "class"]
    assert {tensor.name for tensor in model.graph.initializer} == {"dense_1.weight", "dense_1.bias"}
    assert [output.name for output in model.graph.output] == ["probabilities", "class"]
    assert "in the order of the metadata `columns`" in model.graph.input[0].doc_string
    assert any("colour" in note for note in Onnx().write(Request(program, "model")).notes)


@pytest.mark.parametrize("case", [*CONTAINERS, "image"])
def test_names_are_unique(case):
    shape, configs = ((8, 6, 3), IMAGE_NETWORK) if case == "image" else CONTAINERS[case]
    program, _ = program_of_layers(layers_of(*configs), shape)
    names = [node.name for node in graph_of(program).nodes]
    assert len(set(names)) == len(names)


def test_a_network_without_layers_gives_its_input(tmp_path):
    program, _ = program_of_layers(layers_of({"dropout": 0.5}), (3,))
    assert not program.steps
    x = samples_like(program.data, ROWS)
    assert farthest(run(program, feeds(program, x), tmp_path)[0], x) < 1e-6


def test_a_large_network_has_its_constants_in_a_second_file(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "LARGEST", 100)
    program, network = program_of_layers(layers_of({"dense": 9}, "tanh", {"dense": 5}), (6,))
    exported = Onnx().write(Request(program, "model"))
    assert list(exported.files) == ["model.onnx", "model.onnx.data"]
    x = samples_like(program.data, ROWS)
    found = Onnx().run(exported, program, x)
    assert found is not None
    assert farthest(found, outputs_of(network, x)) < 1e-5


def test_a_network_in_double_precision_is_exported_in_float32():
    program, network = program_of_layers(
        layers_of({"conv1d": {"filters": 3, "kernel_size": 2}}), (5, 2), precision="float64"
    )
    exported = Onnx().write(Request(program, "model"))
    assert any("float32" in note for note in exported.notes)
    x = samples_like(program.data, ROWS)
    found = Onnx().run(exported, program, x)
    assert found is not None
    assert farthest(found, outputs_of(network, x)) < 1e-5


class Doubled(Dense):
    """A layer of a plugin, which does not register itself: it may compute otherwise than the class that it is derived from."""


Doubled.yaml_name = "doubled"


def test_a_layer_without_operators_is_an_error_that_names_it(wording):
    program, _ = program_of_layers(layers_of("relu", {"dense": 2}), (3,))
    *before, last = program.steps
    program = replace(program, steps=(*before, replace(last, layer=Doubled.model_construct(units=2))))
    with pytest.raises(NotExpressible) as error:
        model_of(program)
    wording(str(error.value))


def test_a_missing_package_names_the_extra(monkeypatch, wording):
    monkeypatch.setattr(target.importlib.util, "find_spec", lambda name: None)
    program, _ = program_of_layers(layers_of({"dense": 2}), (3,))
    with pytest.raises(UserError) as error:
        Onnx().write(Request(program, "model"))
    wording(str(error.value))
    assert Onnx().run(Onnx, program, np.zeros((1, 3))) is None
