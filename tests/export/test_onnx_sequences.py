"""Export to ONNX: sequences that are padded, and sequences of any number of steps."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.export.onnx.model import graph_of
from nntrain.export.onnx.target import feeds
from nntrain.export.program import farthest, samples_like
from tests.support.onnx_models import exported_and_own, layers_of, run, unread, written
from tests.support.programs import ROWS, VOCABULARY, outputs_of, program_of_layers

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
    "rotary attention": [{"multi_head_attention": {"heads": 3, "causal": True, "rotary": True}}],
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
    assert unread(program) == []
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
