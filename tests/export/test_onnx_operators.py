"""ONNX's own tests of operators, for those that the export writes: our layers pass them, before and after export.

The export also writes operators that no layer consists of alone (Cast, Shape, Slice, Split, Squeeze, Where, ...), and composes Gelu, Mish,
Swish, GroupNormalization and RMSNormalization of others, whose tests are here too. Those of Attention are not: its keys are of
another sequence than its queries.
"""

import importlib.metadata

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from nntrain.export.onnx.model import model_of
from nntrain.export.onnx.target import Onnx, feeds
from nntrain.export.target import Request
from nntrain.layers.layer import Layer
from tests.support.operators.case import Cannot
from tests.support.operators.table import EXPRESS, cases, expressed
from tests.support.programs import outputs_of, program_of_layers

PASS = {  # by operator
    "Add": """
        add
    """,
    "AveragePool": """
        averagepool_2d_precomputed_pads averagepool_2d_precomputed_strides
        averagepool_2d_precomputed_same_upper averagepool_1d_default averagepool_2d_default
        averagepool_2d_same_upper averagepool_2d_pads averagepool_2d_strides
    """,
    "BatchNormalization": """
        batchnorm_example batchnorm_epsilon
    """,
    "Clip": """
        clip_example clip
    """,
    "Concat": """
        concat_2d_axis_1 concat_2d_axis_negative_1 concat_3d_axis_2 concat_3d_axis_negative_1
    """,
    "Conv": """
        basic_conv_with_padding basic_conv_without_padding conv_with_strides_padding
        conv_with_strides_no_padding conv_with_strides_and_asymmetric_padding conv_with_autopad_same
    """,
    "ConvTranspose": """
        convtranspose convtranspose_output_shape convtranspose_pad convtranspose_kernel_shape
        convtranspose_pads convtranspose_dilations convtranspose_autopad_same convtranspose_group_2
        convtranspose_group_2_image_3
    """,
    "Elu": """
        elu_example elu elu_default
    """,
    "Flatten": """
        flatten_axis1 flatten_default_axis flatten_negative_axis3
    """,
    "GRU": """
        gru_defaults gru_with_initial_bias gru_batchwise
    """,
    "Gather": """
        gather_0
    """,
    "Gelu": """
        gelu_tanh_1 gelu_tanh_2 gelu_default_1 gelu_default_2
    """,
    "Gemm": """
        gemm_default_zero_bias gemm_default_no_bias gemm_default_scalar_bias
        gemm_default_single_elem_vector_bias gemm_default_vector_bias gemm_transposeA
        gemm_transposeB gemm_alpha gemm_beta gemm_all_attributes
    """,
    "GlobalAveragePool": """
        globalaveragepool globalaveragepool_precomputed
    """,
    "GlobalMaxPool": """
        globalmaxpool globalmaxpool_precomputed
    """,
    "GroupNormalization": """
        group_normalization_example group_normalization_epsilon
    """,
    "HardSwish": """
        hardswish
    """,
    "Identity": """
        identity
    """,
    "InstanceNormalization": """
        instancenorm_example instancenorm_epsilon
    """,
    "LSTM": """
        lstm_defaults lstm_with_initial_bias lstm_batchwise lstm_reverse lstm_bidirectional
    """,
    "LayerNormalization": """
        layer_normalization_4d_axis1 layer_normalization_4d_axis_negative_3
        layer_normalization_4d_axis2 layer_normalization_4d_axis_negative_2
        layer_normalization_4d_axis3 layer_normalization_4d_axis_negative_1
        layer_normalization_default_axis layer_normalization_2d_axis1
        layer_normalization_2d_axis_negative_1 layer_normalization_3d_axis1_epsilon
        layer_normalization_3d_axis_negative_2_epsilon layer_normalization_3d_axis2_epsilon
        layer_normalization_3d_axis_negative_1_epsilon
    """,
    "LeakyRelu": """
        leakyrelu_example leakyrelu leakyrelu_default
    """,
    "LogSoftmax": """
        logsoftmax_example_1 logsoftmax_large_number logsoftmax_axis_1 logsoftmax_axis_2
        logsoftmax_negative_axis logsoftmax_default_axis
    """,
    "MatMul": """
        matmul_2d
    """,
    "MaxPool": """
        maxpool_2d_precomputed_pads maxpool_2d_precomputed_strides maxpool_2d_precomputed_same_upper
        maxpool_1d_default maxpool_2d_default maxpool_2d_pads maxpool_2d_strides
        maxpool_2d_same_upper
    """,
    "Mish": """
        mish
    """,
    "Mul": """
        mul_example mul
    """,
    "PRelu": """
        prelu_broadcast
    """,
    "RMSNormalization": """
        rms_normalization_4d_axis1 rms_normalization_4d_axis_negative_3 rms_normalization_4d_axis2
        rms_normalization_4d_axis_negative_2 rms_normalization_4d_axis3
        rms_normalization_4d_axis_negative_1 rms_normalization_default_axis
        rms_normalization_2d_axis1 rms_normalization_2d_axis_negative_1
        rms_normalization_3d_axis1_epsilon rms_normalization_3d_axis_negative_2_epsilon
        rms_normalization_3d_axis2_epsilon rms_normalization_3d_axis_negative_1_epsilon
    """,
    "RNN": """
        simple_rnn_defaults simple_rnn_with_initial_bias rnn_seq_length simple_rnn_batchwise
        simple_rnn_reverse simple_rnn_bidirectional
    """,
    "ReduceMax": """
        reduce_max_do_not_keepdims_example reduce_max_do_not_keepdims_random
        reduce_max_keepdims_example reduce_max_keepdims_random
        reduce_max_negative_axes_keepdims_example reduce_max_negative_axes_keepdims_random
    """,
    "ReduceMean": """
        reduce_mean_do_not_keepdims_example reduce_mean_do_not_keepdims_random
        reduce_mean_keepdims_example reduce_mean_keepdims_random
        reduce_mean_negative_axes_keepdims_example reduce_mean_negative_axes_keepdims_random
    """,
    "Relu": """
        relu
    """,
    "Reshape": """
        reshape_reordered_last_dims reshape_reduced_dims reshape_extended_dims reshape_negative_dim
        reshape_zero_dim reshape_zero_and_negative_dim
    """,
    "Resize": """
        resize_upsample_scales_nearest resize_upsample_scales_nearest_axes_2_3
        resize_upsample_scales_nearest_axes_3_2
    """,
    "Selu": """
        selu_default
    """,
    "Sigmoid": """
        sigmoid_example sigmoid
    """,
    "Softmax": """
        softmax_example softmax_large_number softmax_axis_1 softmax_axis_2 softmax_negative_axis
        softmax_default_axis
    """,
    "Softplus": """
        softplus_example softplus
    """,
    "Softsign": """
        softsign_example softsign
    """,
    "Sum": """
        sum_example sum_two_inputs
    """,
    "Swish": """
        swish
    """,
    "Tanh": """
        tanh_example tanh
    """,
    "Transpose": """
        transpose_all_permutations_0 transpose_all_permutations_1
    """,
}

CANNOT = {  # why layers of ours do not compute what the test wants -> operator -> tests
    "a bias for each row": {
        "Gemm": """
            gemm_default_matrix_bias
        """,
    },
    "a bound on one side": {
        "Clip": """
            clip_default_min clip_default_max clip_default_inbounds clip_default_int8_min
            clip_default_int8_max clip_default_int8_inbounds
        """,
    },
    "a size that is no multiple": {
        "Resize": """
            resize_downsample_scales_nearest resize_upsample_sizes_nearest
            resize_downsample_sizes_nearest resize_upsample_sizes_nearest_axes_2_3
            resize_upsample_sizes_nearest_axes_3_2
        """,
    },
    "a size with the aspect ratio kept": {
        "Resize": """
            resize_upsample_sizes_nearest_not_larger resize_upsample_sizes_nearest_not_smaller
            resize_downsample_sizes_nearest_not_larger resize_downsample_sizes_nearest_not_smaller
        """,
    },
    "a slope for each value": {
        "PRelu": """
            prelu_example
        """,
    },
    "a weight of its own for each row": {
        "MatMul": """
            matmul_3d matmul_4d matmul_bcast matmul_1d_3d matmul_4d_1d matmul_1d_1d
        """,
    },
    "along another axis than the first": {
        "Gather": """
            gather_1 gather_2d_indices
        """,
    },
    "along another axis than the last": {
        "Concat": """
            concat_1d_axis_0 concat_1d_axis_negative_1 concat_2d_axis_0 concat_2d_axis_negative_2
            concat_3d_axis_0 concat_3d_axis_1 concat_3d_axis_negative_3 concat_3d_axis_negative_2
        """,
    },
    "alpha is another constant": {
        "HardSigmoid": """
            hardsigmoid_example hardsigmoid hardsigmoid_default
        """,
        "Selu": """
            selu_example selu
        """,
    },
    "bounds other than -1 and 1, or 0 and 6": {
        "Clip": """
            clip_inbounds clip_outbounds clip_splitbounds clip_min_greater_than_max
        """,
    },
    "dilated windows": {
        "MaxPool": """
            maxpool_2d_dilations
        """,
    },
    "gates that see the cell": {
        "LSTM": """
            lstm_with_peepholes
        """,
    },
    "indices from the end": {
        "Gather": """
            gather_negative_indices
        """,
    },
    "interpolation between pixels": {
        "Resize": """
            resize_upsample_scales_linear resize_upsample_scales_linear_align_corners
            resize_downsample_scales_linear resize_downsample_scales_linear_align_corners
            resize_upsample_scales_cubic resize_upsample_scales_cubic_align_corners
            resize_downsample_scales_cubic resize_downsample_scales_cubic_align_corners
            resize_upsample_sizes_cubic resize_downsample_sizes_cubic
            resize_upsample_scales_cubic_A_n0p5_exclude_outside
            resize_downsample_scales_cubic_A_n0p5_exclude_outside
            resize_upsample_scales_cubic_asymmetric resize_tf_crop_and_resize
            resize_tf_crop_and_resize_extrapolation_value
            resize_downsample_sizes_linear_pytorch_half_pixel
            resize_downsample_scales_linear_antialias resize_downsample_sizes_linear_antialias
            resize_downsample_scales_cubic_antialias resize_downsample_sizes_cubic_antialias
            resize_tf_crop_and_resize_axes_2_3 resize_tf_crop_and_resize_axes_3_2
            resize_downsample_scales_linear_half_pixel_symmetric
            resize_upsample_scales_linear_half_pixel_symmetric
        """,
    },
    "more padding at one end": {
        "AveragePool": """
            averagepool_2d_same_lower
        """,
        "MaxPool": """
            maxpool_2d_same_lower
        """,
    },
    "of lists": {
        "Identity": """
            identity_sequence identity_opt
        """,
    },
    "of one input": {
        "Sum": """
            sum_one_input
        """,
    },
    "of one or three axes": {
        "ConvTranspose": """
            convtranspose_1d convtranspose_3d
        """,
    },
    "of shapes that are broadcast": {
        "Add": """
            add_bcast
        """,
        "Mul": """
            mul_bcast
        """,
    },
    "of three axes": {
        "AveragePool": """
            averagepool_3d_default averagepool_3d_dilations_small
            averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True
            averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False
            averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True
            averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False
        """,
        "MaxPool": """
            maxpool_3d_default maxpool_3d_dilations maxpool_3d_dilations_use_ref_impl
            maxpool_3d_dilations_use_ref_impl_large
        """,
    },
    "of whole numbers": {
        "Add": """
            add_int8 add_int16 add_uint8 add_uint16 add_uint32 add_uint64
        """,
        "MaxPool": """
            maxpool_2d_uint8
        """,
        "Mul": """
            mul_int8 mul_int16 mul_uint8 mul_uint16 mul_uint32 mul_uint64
        """,
    },
    "other padding than with zeros": {
        "Pad": """
            constant_pad edge_pad reflect_pad wrap_pad constant_pad_axes constant_pad_negative_axes
        """,
    },
    "over other axes than the steps": {
        "ReduceMean": """
            reduce_mean_default_axes_keepdims_example reduce_mean_default_axes_keepdims_random
        """,
    },
    "over the rows of the batch": {
        "LayerNormalization": """
            layer_normalization_4d_axis0 layer_normalization_4d_axis_negative_4
            layer_normalization_2d_axis0 layer_normalization_2d_axis_negative_2
            layer_normalization_3d_axis0_epsilon layer_normalization_3d_axis_negative_3_epsilon
        """,
        "LogSoftmax": """
            logsoftmax_axis_0
        """,
        "RMSNormalization": """
            rms_normalization_4d_axis0 rms_normalization_4d_axis_negative_4
            rms_normalization_2d_axis0 rms_normalization_2d_axis_negative_2
            rms_normalization_3d_axis0_epsilon rms_normalization_3d_axis_negative_3_epsilon
        """,
        "ReduceMax": """
            reduce_max_default_axes_keepdim_example reduce_max_default_axes_keepdims_random
        """,
        "Softmax": """
            softmax_axis_0
        """,
    },
    "padding that counts": {
        "AveragePool": """
            averagepool_2d_precomputed_pads_count_include_pad averagepool_2d_pads_count_include_pad
        """,
    },
    "pixels that are repeated unequally": {
        "Resize": """
            resize_upsample_sizes_nearest_floor_align_corners
            resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric
            resize_upsample_sizes_nearest_ceil_half_pixel
        """,
    },
    "places of the maxima": {
        "MaxPool": """
            maxpool_with_argmax_2d_precomputed_pads maxpool_with_argmax_2d_precomputed_strides
        """,
    },
    "statistics of the batch as outputs": {
        "BatchNormalization": """
            batchnorm_example_training_mode batchnorm_epsilon_training_mode
        """,
    },
    "that moves rows of the batch": {
        "Flatten": """
            flatten_axis0 flatten_axis2 flatten_axis3 flatten_negative_axis4 flatten_negative_axis2
            flatten_negative_axis1
        """,
        "Reshape": """
            reshape_reordered_all_dims reshape_one_dim reshape_negative_extended_dims
            reshape_allowzero_reordered
        """,
        "Transpose": """
            transpose_default transpose_all_permutations_2 transpose_all_permutations_3
            transpose_all_permutations_4 transpose_all_permutations_5
        """,
    },
    "the reset gate before the product": {
        "GRU": """
            gru_seq_length gru_reverse gru_bidirectional
        """,
    },
    "truth values, or none at all": {
        "ReduceMax": """
            reduce_max_bool_inputs reduce_max_empty_set reduce_max_empty_set_bool
        """,
    },
    "windows that begin within the values and end beyond the padding": {
        "AveragePool": """
            averagepool_2d_ceil averagepool_2d_ceil_last_window_starts_on_pad
            averagepool_2d_dilations
        """,
        "MaxPool": """
            maxpool_2d_ceil maxpool_2d_ceil_output_size_reduce_by_one
        """,
    },
}

# The reference evaluator of onnx 1.23 exchanges the padding of the ends of two axes.
REFERENCE_FAILS = {"maxpool_2d_same_upper"}


@pytest.mark.parametrize("operator", PASS)
def test_layers_pass_the_tests_of_an_operator_before_and_after_export(operator):
    names = installed(operator, PASS[operator])
    if not names:
        pytest.skip("this version of onnx has no such tests")
    for name in names:
        case = expressed(operator, name)
        layers = [Layer.parse(layer) for layer in case.layers]
        program, network = program_of_layers(
            layers, case.x.shape[1:], case.vocabulary, given=case.arrays, rows=len(case.x)
        )
        close = {"rtol": 1e-3, "atol": 1e-5, "err_msg": name}
        np.testing.assert_allclose(outputs_of(network, case.x), case.y, **close)
        found = Onnx().run(Onnx().write(Request(program, "model")), program, case.x)
        np.testing.assert_allclose(found, case.y, **close)
        if name not in REFERENCE_FAILS:
            (found,) = ReferenceEvaluator(model_of(program)).run(None, feeds(program, case.x))
            np.testing.assert_allclose(found, case.y, **close)


@pytest.mark.parametrize("reason", CANNOT)
def test_the_other_tests_cannot_be_expressed_for_a_reason(reason):
    for operator, names in CANNOT[reason].items():
        for name in installed(operator, names):
            with pytest.raises(Cannot) as error:
                expressed(operator, name)
            assert str(error.value) == reason


@pytest.mark.skipif(
    not importlib.metadata.version("onnx").startswith("1.23."),
    reason="other versions of onnx have other tests",
)
def test_no_test_of_these_operators_is_left_out():
    listed = {name for names in PASS.values() for name in names.split()}
    listed |= {name for names in CANNOT.values() for part in names.values() for name in part.split()}
    assert {name for operator in EXPRESS for name in cases(operator)} == listed


def installed(operator: str, names: str) -> list[str]:
    """Those of the tests that this version of onnx has."""
    return [name for name in names.split() if name in cases(operator)]
