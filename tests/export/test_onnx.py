"""Export to ONNX: every layer as standard operators, equal to the network when onnxruntime runs it."""

import numpy as np
import pytest

from nntrain.export.onnx.model import graph_of
from nntrain.export.onnx.place import WRITERS
from nntrain.export.program import farthest, samples_like
from nntrain.layers.layer import Layer
from tests.support.onnx_models import exported_and_own, layers_of, unread
from tests.support.programs import ROWS, SAMPLES, VOCABULARY, program_of_layers
from tests.support.samples import LAYERS, LayerSample


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


@pytest.mark.parametrize("case", [*CONTAINERS, "image"])
def test_names_are_unique(case):
    shape, configs = ((8, 6, 3), IMAGE_NETWORK) if case == "image" else CONTAINERS[case]
    program, _ = program_of_layers(layers_of(*configs), shape)
    names = [node.name for node in graph_of(program).nodes]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CONTAINERS)
def test_every_node_is_read(case):
    shape, configs = CONTAINERS[case]
    program, _ = program_of_layers(layers_of(*configs), shape)
    assert unread(program) == []
