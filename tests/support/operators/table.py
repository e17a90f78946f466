"""By operator: the module with its tests, and the function that expresses them as layers of ours, or raises Cannot."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from onnx import helper
from onnx.backend.test.case import node

from tests.support.operators.case import Case, Expressed
from tests.support.operators.layers import batch_norm, group_norm, over_last_axes, recurrent
from tests.support.operators.shapes import flatten, identity, merging, reshape, transpose
from tests.support.operators.values import (
    clip,
    elu,
    gather,
    gelu,
    gemm,
    leaky_relu,
    matmul,
    pointwise,
    prelu,
    softmax,
)
from tests.support.operators.windows import (
    conv,
    conv_transpose,
    global_pool,
    pad,
    pool,
    reduced,
    resize,
)

EXPRESS: dict[str, tuple[str, Callable[[Case], Expressed]]] = {
    "Add": ("add", merging("add")),
    "AveragePool": ("averagepool", pool("avg_pool")),
    "BatchNormalization": ("batch_normalization", batch_norm),
    "Clip": ("clip", clip),
    "Concat": ("concat", merging("concat")),
    "Conv": ("conv", conv),
    "ConvTranspose": ("convtranspose", conv_transpose),
    "Elu": ("elu", elu),
    "Flatten": ("flatten", flatten),
    "GRU": ("gru", recurrent("gru")),
    "Gather": ("gather", gather),
    "Gelu": ("gelu", gelu),
    "Gemm": ("gemm", gemm),
    "GlobalAveragePool": ("globalaveragepool", global_pool("global_avg_pool")),
    "GlobalMaxPool": ("globalmaxpool", global_pool("global_max_pool")),
    "GroupNormalization": ("groupnormalization", group_norm),
    "HardSigmoid": ("hardsigmoid", pointwise("hard_sigmoid", alpha=(1 / 6, 0.2), beta=(0.5, 0.5))),
    "HardSwish": ("hardswish", pointwise("hard_swish")),
    "Identity": ("identity", identity),
    "InstanceNormalization": ("instance_normalization", group_norm),
    "LSTM": ("lstm", recurrent("lstm")),
    "LayerNormalization": ("layernormalization", over_last_axes("layer_norm")),
    "LeakyRelu": ("leakyrelu", leaky_relu),
    "LogSoftmax": ("logsoftmax", softmax("log_softmax")),
    "MatMul": ("matmul", matmul),
    "MaxPool": ("maxpool", pool("max_pool")),
    "Mish": ("mish", pointwise("mish")),
    "Mul": ("mul", merging("multiply")),
    "PRelu": ("prelu", prelu),
    "Pad": ("pad", pad),
    "RMSNormalization": ("rmsnormalization", over_last_axes("rms_norm")),
    "RNN": ("rnn", recurrent("simple_rnn")),
    "ReduceMax": ("reducemax", reduced("global_max_pool")),
    "ReduceMean": ("reducemean", reduced("global_avg_pool")),
    "Relu": ("relu", pointwise("relu")),
    "Reshape": ("reshape", reshape),
    "Resize": ("resize", resize),
    "Selu": ("selu", pointwise("selu", alpha=(1.67326319, 1.67326319), gamma=(1.05070102, 1.05070102))),
    "Sigmoid": ("sigmoid", pointwise("sigmoid")),
    "Softmax": ("softmax", softmax("softmax")),
    "Softplus": ("softplus", pointwise("softplus")),
    "Softsign": ("softsign", pointwise("softsign")),
    "Sum": ("sum", merging("add")),
    "Swish": ("swish", pointwise("silu", alpha=1.0)),
    "Tanh": ("tanh", pointwise("tanh")),
    "Transpose": ("transpose", transpose),
}


@cache
def cases(operator: str) -> Mapping[str, Case]:
    """The tests of one operator by name, without those of the operators that it consists of."""
    module, _ = EXPRESS[operator]
    np.random.seed(0)  # noqa: NPY002  (the tests draw from it)
    name = f"onnx.backend.test.case.node.{module}"
    if importlib.util.find_spec(name) is None:  # an older version of onnx
        return {}
    with np.errstate(all="ignore"):
        importlib.import_module(name)
    found = {}
    for test in node._NodeTestCases:
        (made,) = test.model.graph.node if len(test.model.graph.node) == 1 else (None,)
        if made is None or made.op_type != operator or test.name.endswith("_expanded"):
            continue
        given, expected = (iter(arrays) for arrays in test.data_sets[0])
        found[test.name.removeprefix("test_")] = Case(
            {attribute.name: helper.get_attribute_value(attribute) for attribute in made.attribute},
            [next(given) if name else None for name in made.input],
            [next(expected) if name else None for name in made.output],
        )
    return found


def expressed(operator: str, name: str) -> Expressed:
    """Raises Cannot."""
    found = EXPRESS[operator][1](cases(operator)[name])
    if found.x.ndim > 1:
        return found
    return replace(found, x=found.x[:, np.newaxis], y=found.y[:, np.newaxis])  # each number is a row
