"""One row for each component: its options and a slow, obvious reference. Every generated test reads these rows.

A component without a row fails `test_every_component_has_a_sample`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.reference import convolutions as reference_convolutions
from tests.support.reference import images as reference_images
from tests.support.reference import layers as reference_layers
from tests.support.reference import losses as reference_losses
from tests.support.reference import metrics as reference_metrics
from tests.support.reference import optimizers as reference_optimizers
from tests.support.reference import schedules as reference_schedules
from tests.support.reference import sequences as reference_sequences
from tests.support.reference import transposed as reference_transposed


@dataclass(frozen=True)
class LayerSample:
    """`reference(parameters, *xs, **options)` gives y in float64 for a batch xs (rows, ...); training mode."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[tuple[int, ...], ...] = ((6,),)  # shapes without rows
    reference: Callable | None = (
        None  # None: drawn at random in training; its own test holds what it promises
    )

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])


IMAGE, SEQUENCE = (4, 3, 2), (5, 6)
WIDE = (3, 4, 17)  # an image with more channels than a vector has lanes

LAYERS: list[LayerSample] = [
    LayerSample("dense", {"units": 4}, reference=reference_layers.dense),
    LayerSample("dense", {"units": 3, "use_bias": False}, (SEQUENCE,), reference_layers.dense),
    LayerSample("maxout", {"units": 4}, reference=reference_layers.maxout),
    LayerSample("maxout", {"units": 3, "pieces": 5, "use_bias": False}, (SEQUENCE,), reference_layers.maxout),
    LayerSample("piecewise_linear_encoding", {"bins": 3}, ((3,),), reference_layers.piecewise_linear),
    LayerSample("piecewise_linear_encoding", {"bins": 5}, (SEQUENCE,), reference_layers.piecewise_linear),
    LayerSample(
        "piecewise_linear_encoding", {"bins": 4, "columns": 2}, ((5,),), reference_layers.piecewise_linear
    ),
    LayerSample("periodic_encoding", {"frequencies": 3}, reference=reference_layers.periodic),
    LayerSample("periodic_encoding", {"frequencies": 2}, (SEQUENCE,), reference_layers.periodic),
    LayerSample("cumulative_link", {"classes": 4}, ((1,),), reference_layers.cumulative_link),
    LayerSample("cumulative_link", {"classes": 2}, ((3, 1),), reference_layers.cumulative_link),
    LayerSample("flatten", {}, (IMAGE,), reference_layers.flatten),
    LayerSample("reshape", {"shape": [2, -1]}, (IMAGE,), reference_layers.reshape),
    LayerSample("permute", {"axes": [3, 1, 2]}, (IMAGE,), reference_layers.permute),
    LayerSample("dropout", {"rate": 0.3}),
    LayerSample("gaussian_noise", {"std": 0.5}),
    LayerSample("batch_norm", {}, reference=reference_layers.batch_norm),
    LayerSample("batch_norm", {"eps": 1e-3, "affine": False}, (IMAGE,), reference_layers.batch_norm),
    LayerSample("layer_norm", {}, reference=reference_layers.layer_norm),
    LayerSample("layer_norm", {"eps": 1e-3, "affine": False}, (SEQUENCE,), reference_layers.layer_norm),
    LayerSample("rms_norm", {}, (SEQUENCE,), reference=reference_layers.rms_norm),
    LayerSample("rms_norm", {"affine": False}, reference=reference_layers.rms_norm),
    LayerSample("add", {}, (IMAGE, IMAGE), reference_layers.add),
    LayerSample("add", {}, ((6,),) * 4, reference_layers.add),
    LayerSample("multiply", {}, ((6,), (6,)), reference_layers.multiply),
    LayerSample("multiply", {}, (SEQUENCE,) * 3, reference_layers.multiply),
    LayerSample("concat", {}, ((6,), (2,), (3,)), reference_layers.concat),
    LayerSample("concat", {}, ((4, 3, 2), (4, 3, 5)), reference_layers.concat),
    LayerSample("identity", {}, reference=reference_layers.identity),
    LayerSample("sigmoid", {}, reference=reference_layers.sigmoid),
    LayerSample("hard_sigmoid", {}, reference=reference_layers.hard_sigmoid),
    LayerSample("tanh", {}, reference=reference_layers.tanh),
    LayerSample("hard_tanh", {}, reference=reference_layers.hard_tanh),
    LayerSample("softsign", {}, reference=reference_layers.softsign),
    LayerSample("softplus", {}, reference=reference_layers.softplus),
    LayerSample("softplus", {"beta": 2.5}, reference=reference_layers.softplus),
    LayerSample("relu", {}, (IMAGE,), reference_layers.relu),
    LayerSample("relu6", {}, reference=reference_layers.relu6),
    LayerSample("leaky_relu", {}, reference=reference_layers.leaky_relu),
    LayerSample("leaky_relu", {"slope": 0.3}, reference=reference_layers.leaky_relu),
    LayerSample("prelu", {}, (IMAGE,), reference_layers.prelu),
    LayerSample("prelu", {"init": 0.1, "per_channel": True}, (IMAGE,), reference_layers.prelu),
    LayerSample("rrelu", {"lower": 0.1, "upper": 0.4}),
    LayerSample("elu", {}, reference=reference_layers.elu),
    LayerSample("elu", {"alpha": 0.5}, reference=reference_layers.elu),
    LayerSample("selu", {}, reference=reference_layers.selu),
    LayerSample("gelu", {}, reference=reference_layers.gelu),
    LayerSample("gelu", {"approximate": "tanh"}, reference=reference_layers.gelu),
    LayerSample("silu", {}, reference=reference_layers.silu),
    LayerSample("hard_swish", {}, reference=reference_layers.hard_swish),
    LayerSample("mish", {}, reference=reference_layers.mish),
    LayerSample("softmax", {}, (SEQUENCE,), reference_layers.softmax),
    LayerSample("log_softmax", {}, reference=reference_layers.log_softmax),
    LayerSample("simple_rnn", {"units": 4}, ((5, 3),), reference_sequences.simple_rnn),
    LayerSample(
        "simple_rnn",
        {"units": 3, "activation": "relu", "return_sequences": True, "reverse": True, "use_bias": False},
        ((4, 2),),
        reference_sequences.simple_rnn,
    ),
    LayerSample("lstm", {"units": 4}, ((5, 3),), reference_sequences.lstm),
    LayerSample("lstm", {"units": 3, "return_sequences": True}, ((4, 2),), reference_sequences.lstm),
    LayerSample(
        "lstm",
        {"units": 3, "return_sequences": True, "reverse": True, "use_bias": False},
        ((3, 2),),
        reference_sequences.lstm,
    ),
    LayerSample("lstm", {"units": 2, "stateful": True}, ((1, 3),), reference_sequences.lstm),
    LayerSample("gru", {"units": 4}, ((5, 3),), reference_sequences.gru),
    LayerSample(
        "gru",
        {"units": 3, "return_sequences": True, "reverse": True, "use_bias": False},
        ((4, 2),),
        reference_sequences.gru,
    ),
    LayerSample("embedding", {"units": 4, "vocabulary": 7}, ((5,),), reference_sequences.embedding),
    LayerSample(
        "embed_columns",
        {
            "tables": [
                {"position": 1, "categories": 3, "units": 5},
                {"position": 4, "categories": 2, "units": 2},
            ]
        },
        reference=reference_layers.embed_columns,
    ),
    LayerSample("multi_head_attention", {"heads": 2}, ((5, 6),), reference_sequences.multi_head_attention),
    LayerSample(
        "multi_head_attention",
        {"heads": 1, "causal": True, "use_bias": False},
        ((4, 3),),
        reference_sequences.multi_head_attention,
    ),
    LayerSample(
        "multi_head_attention",
        {"heads": 3, "rotary": True},
        ((7, 12),),
        reference_sequences.multi_head_attention,
    ),
    LayerSample(
        "multi_head_attention",
        {"heads": 2, "causal": True, "rotary": True, "rotary_base": 50, "use_bias": False},
        ((6, 4),),
        reference_sequences.multi_head_attention,
    ),
    LayerSample("positional_encoding", {}, ((5, 6),), reference_sequences.positional_encoding),
    LayerSample("positional_encoding", {"base": 20}, ((4, 3),), reference_sequences.positional_encoding),
    LayerSample("learned_positions", {}, ((5, 6),), reference_sequences.learned_positions),
    LayerSample(
        "time_distributed",
        {"layer": {"dense": {"units": 4}}},
        ((3, 5),),
        reference_sequences.time_distributed,
    ),
    LayerSample(
        "time_distributed", {"layer": {"flatten": {}}}, ((3, 2, 2),), reference_sequences.time_distributed
    ),
    LayerSample(
        "time_distributed", {"layer": {"layer_norm": {}}}, ((3, 5),), reference_sequences.time_distributed
    ),
    LayerSample("max_pool2d", {"pool_size": 2}, (IMAGE,), reference_images.max_pool2d),
    LayerSample(
        "max_pool2d", {"pool_size": 3, "stride": 2, "padding": 1}, (WIDE,), reference_images.max_pool2d
    ),
    LayerSample(
        "max_pool2d",
        {"pool_size": [2, 3], "stride": 1, "padding": "same"},
        (WIDE,),
        reference_images.max_pool2d,
    ),
    LayerSample("max_pool1d", {"pool_size": 2}, (SEQUENCE,), reference_images.max_pool1d),
    LayerSample(
        "max_pool1d",
        {"pool_size": 3, "stride": 1, "padding": "same"},
        (SEQUENCE,),
        reference_images.max_pool1d,
    ),
    LayerSample("avg_pool2d", {"pool_size": 2}, (IMAGE,), reference_images.avg_pool2d),
    LayerSample(
        "avg_pool2d",
        {"pool_size": 3, "stride": [2, 1], "padding": "same"},
        (WIDE,),
        reference_images.avg_pool2d,
    ),
    LayerSample("avg_pool1d", {"pool_size": 2}, (SEQUENCE,), reference_images.avg_pool1d),
    LayerSample(
        "avg_pool1d", {"pool_size": 3, "stride": 2, "padding": 1}, (SEQUENCE,), reference_images.avg_pool1d
    ),
    LayerSample("global_avg_pool", {}, (IMAGE,), reference_images.global_avg_pool),
    LayerSample("global_avg_pool", {}, (SEQUENCE,), reference_images.global_avg_pool),
    LayerSample("global_max_pool", {}, (IMAGE,), reference_images.global_max_pool),
    LayerSample("global_max_pool", {}, (SEQUENCE,), reference_images.global_max_pool),
    LayerSample("group_norm", {"groups": 3}, ((18,),), reference_images.group_norm),
    LayerSample("group_norm", {"groups": 2, "eps": 1e-3}, ((3, 2, 4),), reference_images.group_norm),
    LayerSample("group_norm", {"groups": 1, "affine": False}, (WIDE,), reference_images.group_norm),
    LayerSample("spatial_dropout", {"rate": 0.3}, (IMAGE,)),
    LayerSample("upsample2d", {}, (IMAGE,), reference_images.upsample2d),
    LayerSample("upsample2d", {"factor": [1, 3]}, (IMAGE,), reference_images.upsample2d),
    LayerSample("zero_pad2d", {}, (IMAGE,), reference_images.zero_pad2d),
    LayerSample("zero_pad2d", {"padding": [[0, 2], [1, 0]]}, (IMAGE,), reference_images.zero_pad2d),
    LayerSample("depthwise_conv2d", {"kernel_size": 2}, (IMAGE,), reference_images.depthwise_conv2d),
    LayerSample(
        "depthwise_conv2d",
        {"kernel_size": 3, "stride": 2, "padding": "same", "use_bias": False},
        (WIDE,),
        reference_images.depthwise_conv2d,
    ),
    LayerSample(
        "depthwise_conv2d",
        {"kernel_size": [2, 3], "stride": [2, 1], "padding": 2, "dilation": 2, "depth_multiplier": 2},
        (WIDE,),
        reference_images.depthwise_conv2d,
    ),
    LayerSample("prelu", {"per_channel": True}, (WIDE,), reference_layers.prelu),
    LayerSample("maxout", {"units": 3}, (IMAGE,), reference_layers.maxout),
]

# What else windows, groups and odd images can be.
LAYERS += [
    LayerSample(
        "max_pool2d",
        {"pool_size": [1, 3], "stride": [3, 2], "padding": [0, 1]},
        ((5, 3, 2),),
        reference_images.max_pool2d,
    ),
    LayerSample(
        "max_pool2d",
        {"pool_size": 4, "stride": 3, "padding": "same"},
        ((5, 7, 1),),
        reference_images.max_pool2d,
    ),
    LayerSample(
        "max_pool1d", {"pool_size": 4, "stride": 3, "padding": 2}, ((7, 3),), reference_images.max_pool1d
    ),
    LayerSample(
        "avg_pool2d",
        {"pool_size": [4, 1], "stride": [3, 2], "padding": [2, 0]},
        ((5, 3, 2),),
        reference_images.avg_pool2d,
    ),
    LayerSample(
        "avg_pool2d",
        {"pool_size": 5, "stride": 1, "padding": "same"},
        ((3, 4, 1),),
        reference_images.avg_pool2d,
    ),
    LayerSample(
        "avg_pool1d", {"pool_size": 4, "stride": 1, "padding": "same"}, ((7, 3),), reference_images.avg_pool1d
    ),
    LayerSample("global_avg_pool", {}, ((1, 5, 17),), reference_images.global_avg_pool),
    LayerSample("global_max_pool", {}, ((3, 1, 17),), reference_images.global_max_pool),
    LayerSample(
        "depthwise_conv2d", {"kernel_size": 1, "stride": 3}, ((5, 4, 3),), reference_images.depthwise_conv2d
    ),
    LayerSample(
        "depthwise_conv2d",
        {"kernel_size": [5, 2], "padding": "same", "dilation": [1, 3]},
        ((5, 7, 1),),
        reference_images.depthwise_conv2d,
    ),
    LayerSample(
        "depthwise_conv2d",
        {"kernel_size": 4, "padding": [0, 2], "stride": [1, 2], "depth_multiplier": 3},
        ((5, 3, 2),),
        reference_images.depthwise_conv2d,
    ),
    LayerSample("upsample2d", {"factor": [3, 2]}, ((2, 3, 5),), reference_images.upsample2d),
    LayerSample("zero_pad2d", {"padding": [0, 2]}, (WIDE,), reference_images.zero_pad2d),
    LayerSample("group_norm", {"groups": 5}, ((3, 1, 5),), reference_images.group_norm),
    LayerSample("group_norm", {"groups": 2}, ((5, 34),), reference_images.group_norm),
    LayerSample("spatial_dropout", {"rate": 0.6}, (SEQUENCE,)),
    LayerSample("batch_norm", {}, (WIDE,), reference_layers.batch_norm),
    LayerSample("batch_norm", {"momentum": 0.5}, (SEQUENCE,), reference_layers.batch_norm),
    LayerSample("prelu", {"per_channel": True}, (SEQUENCE,), reference_layers.prelu),
    LayerSample("maxout", {"units": 17, "pieces": 3}, ((3, 1, 5),), reference_layers.maxout),
]

# Each kind of padding, stride and dilation; sides that tiles don't divide; kernels of one pixel and as large as the image.
LAYERS += [
    LayerSample("conv2d", options, (image,), reference_convolutions.conv2d)
    for image, options in [
        ((4, 5, 2), {"filters": 3, "kernel_size": 3}),
        ((5, 4, 3), {"filters": 2, "kernel_size": 3, "padding": "same", "use_bias": False}),
        ((5, 6, 2), {"filters": 3, "kernel_size": 3, "padding": 1, "stride": 2}),
        ((5, 6, 2), {"filters": 3, "kernel_size": [2, 3], "padding": "same", "stride": [2, 1]}),
        ((6, 3, 1), {"filters": 18, "kernel_size": [3, 2], "padding": [2, 0]}),
        ((4, 3, 5), {"filters": 4, "kernel_size": 1}),
        ((5, 4, 3), {"filters": 2, "kernel_size": 1, "stride": 2}),
        ((3, 4, 2), {"filters": 3, "kernel_size": [3, 4]}),
        ((7, 5, 1), {"filters": 2, "kernel_size": 2, "stride": 3}),
        ((6, 5, 2), {"filters": 2, "kernel_size": 3, "padding": "same", "dilation": 2}),
        ((6, 7, 2), {"filters": 3, "kernel_size": 2, "padding": 1, "dilation": [3, 2], "stride": [2, 3]}),
        ((4, 4, 4), {"filters": 6, "kernel_size": 3, "padding": "same", "groups": 2}),
        ((4, 5, 3), {"filters": 3, "kernel_size": 2, "stride": 2, "groups": 3}),
        ((5, 4, 16), {"filters": 17, "kernel_size": 3, "padding": "same"}),  # Winograd's way
        ((1, 1, 3), {"filters": 2, "kernel_size": 3, "padding": "same"}),
        ((3, 2, 2), {"filters": 3, "kernel_size": 5, "padding": 2}),  # a kernel larger than the image
        ((7, 5, 4), {"filters": 8, "kernel_size": [4, 5], "padding": "same", "stride": [3, 2], "groups": 4}),
        (
            (5, 6, 2),
            {"filters": 3, "kernel_size": [2, 3], "padding": "same", "dilation": [3, 1], "stride": [1, 2]},
        ),
        ((3, 4, 6), {"filters": 4, "kernel_size": 1, "groups": 2}),
        ((2, 3, 2), {"filters": 2, "kernel_size": 1, "padding": 1}),
    ]
]
LAYERS += [
    LayerSample("conv1d", options, (sequence,), reference_convolutions.conv1d)
    for sequence, options in [
        ((6, 2), {"filters": 3, "kernel_size": 3}),
        ((7, 3), {"filters": 2, "kernel_size": 4, "padding": "same", "use_bias": False}),
        ((8, 1), {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation": 2}),
        ((7, 2), {"filters": 3, "kernel_size": 3, "padding": "same", "stride": 2}),
        ((8, 4), {"filters": 2, "kernel_size": 2, "padding": 1, "stride": 3, "groups": 2}),
        ((5, 3), {"filters": 4, "kernel_size": 1}),
        ((7, 6), {"filters": 6, "kernel_size": 5, "padding": "causal", "stride": 2, "groups": 3}),
        ((9, 2), {"filters": 3, "kernel_size": 4, "padding": 3, "dilation": 2}),
        ((1, 3), {"filters": 2, "kernel_size": 2, "padding": "same"}),
    ]
]
LAYERS += [
    LayerSample("conv2d_transpose", options, (image,), reference_transposed.conv2d_transpose)
    for image, options in [
        ((3, 4, 2), {"filters": 3, "kernel_size": 3}),
        ((3, 2, 3), {"filters": 2, "kernel_size": 2, "stride": 2, "use_bias": False}),
        ((3, 2, 2), {"filters": 3, "kernel_size": 3, "stride": 2, "padding": "same"}),
        (
            (2, 3, 2),
            {
                "filters": 2,
                "kernel_size": [5, 4],
                "stride": [3, 2],
                "padding": [2, 1],
                "output_padding": [2, 0],
            },
        ),
        (
            (1, 2, 3),
            {"filters": 18, "kernel_size": [1, 2], "stride": 3, "padding": "same"},
        ),  # pixels that no window reaches
        ((4, 3, 5), {"filters": 4, "kernel_size": 1}),
        ((3, 4, 2), {"filters": 2, "kernel_size": 1, "padding": 1}),
        (
            (3, 2, 2),
            {
                "filters": 3,
                "kernel_size": [2, 3],
                "stride": [1, 2],
                "padding": [0, 2],
                "output_padding": 1,
                "dilation": 2,
            },
        ),
        (
            (3, 3, 4),
            {"filters": 6, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
        ),
        ((2, 3, 3), {"filters": 3, "kernel_size": [4, 2], "stride": [2, 1], "padding": "same", "groups": 3}),
        ((4, 5, 17), {"filters": 16, "kernel_size": 3, "padding": "same"}),  # Winograd's way
    ]
]


@dataclass(frozen=True)
class LossSample:
    """`reference(x, t, **options)` gives one row's loss and what the row counts; see tests.support.reference.losses."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    targets: tuple[str, ...] = ("reals", "classes")  # kinds of tests.support.reference.losses.example
    reference: Callable | None = None
    in_pytorch: bool = True  # recorded in tests/vectors/training.npz by record_training.py

    __str__ = LayerSample.__str__


QUESTIONS = ("questions", "two_classes")

LOSSES: list[LossSample] = [
    LossSample("sse", reference=reference_losses.sse),
    LossSample("mse", reference=reference_losses.mse),
    LossSample("mae", reference=reference_losses.mae),
    LossSample("huber", reference=reference_losses.huber),
    LossSample("huber", {"delta": 0.3}, reference=reference_losses.huber),
    LossSample("smooth_l1", reference=reference_losses.smooth_l1),
    LossSample("smooth_l1", {"beta": 2.5}, reference=reference_losses.smooth_l1),
    LossSample("log_cosh", reference=reference_losses.log_cosh, in_pytorch=False),
    LossSample("quantile", {}, ("thrice",), reference_losses.quantile, in_pytorch=False),
    LossSample("quantile", {"quantiles": [0.9]}, ("reals",), reference_losses.quantile, in_pytorch=False),
    LossSample("gaussian_nll", {}, ("twice",), reference_losses.gaussian_nll),
    LossSample("poisson", {}, ("counts",), reference_losses.poisson),
    LossSample("cross_entropy", {}, ("classes", "soft"), reference_losses.cross_entropy),
    LossSample(
        "cross_entropy", {"label_smoothing": 0.1}, ("classes", "soft"), reference_losses.cross_entropy
    ),
    LossSample(
        "cross_entropy",
        {"class_weights": [1, 2, 0.5, 0, 3]},
        ("classes", "soft"),
        reference_losses.cross_entropy,
    ),
    LossSample(
        "cross_entropy",
        {"label_smoothing": 0.2, "class_weights": [1, 2, 0.5, 1, 3]},
        ("classes", "soft"),
        reference_losses.cross_entropy,
    ),
    LossSample("binary_cross_entropy", {}, QUESTIONS, reference_losses.binary_cross_entropy),
    LossSample("binary_cross_entropy", {"pos_weight": 2.5}, QUESTIONS, reference_losses.binary_cross_entropy),
    LossSample("focal", {}, ("classes", "soft"), reference_losses.focal, in_pytorch=False),
    LossSample(
        "focal",
        {"gamma": 0.5, "label_smoothing": 0.1, "class_weights": [1, 2, 0.5, 0, 3]},
        ("classes", "soft"),
        reference_losses.focal,
        in_pytorch=False,
    ),
    LossSample("binary_focal", {}, QUESTIONS, reference_losses.binary_focal),
    LossSample("binary_focal", {"gamma": 0.5, "alpha": 0.6}, QUESTIONS, reference_losses.binary_focal),
    LossSample("hinge", {}, QUESTIONS, reference_losses.hinge, in_pytorch=False),
    LossSample("squared_hinge", {}, QUESTIONS, reference_losses.squared_hinge, in_pytorch=False),
    LossSample("nll", {}, ("classes", "soft"), reference_losses.nll),
    LossSample("kl_div", {}, ("soft", "classes"), reference_losses.kl_div),
    LossSample("cosine", reference=reference_losses.cosine),
]


@dataclass(frozen=True)
class OptimizerSample:
    """`reference(p, g, kept, t, lr, decayed, **options)` gives the next p; see tests.support.reference.optimizers."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    reference: Callable | None = None
    in_pytorch: bool = True  # recorded in tests/vectors/training.npz by record_training.py
    recorded: tuple[str, ...] = ()  # from these libraries in optimizers.npz, by record_optimizers.py

    __str__ = LayerSample.__str__


OPTIMIZERS: list[OptimizerSample] = [
    OptimizerSample("sgd", {"lr": 0.05}, reference_optimizers.sgd),
    OptimizerSample("sgd", {"lr": 0.05, "weight_decay": 0.1}, reference_optimizers.sgd),
    OptimizerSample("sgd", {"lr": 0.05, "momentum": 0.9}, reference_optimizers.sgd),
    OptimizerSample(
        "sgd", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, reference_optimizers.sgd
    ),
    OptimizerSample(
        "sgd",
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1, "decay_all": True},
        reference_optimizers.sgd,
    ),
    OptimizerSample("adagrad", {"lr": 0.3}, reference_optimizers.adagrad),
    OptimizerSample(
        "adagrad",
        {"lr": 0.3, "lr_decay": 0.1, "initial_accumulator_value": 0.2, "weight_decay": 0.1},
        reference_optimizers.adagrad,
    ),
    OptimizerSample("adadelta", {"lr": 1.0}, reference_optimizers.adadelta),
    OptimizerSample(
        "adadelta", {"lr": 1.0, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}, reference_optimizers.adadelta
    ),
    OptimizerSample("rmsprop", {"lr": 0.02}, reference_optimizers.rmsprop),
    OptimizerSample(
        "rmsprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}, reference_optimizers.rmsprop
    ),
    OptimizerSample("rmsprop", {"lr": 0.02, "momentum": 0.8}, reference_optimizers.rmsprop),
    OptimizerSample("rmsprop", {"lr": 0.02, "centered": True}, reference_optimizers.rmsprop),
    OptimizerSample(
        "rmsprop",
        {"lr": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.1, "decay_all": True},
        reference_optimizers.rmsprop,
    ),
    OptimizerSample("adam", {"lr": 0.05}, reference_optimizers.adam),
    OptimizerSample(
        "adam", {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.1}, reference_optimizers.adam
    ),
    OptimizerSample(
        "adam",
        {"lr": 0.05, "betas": [0.9, 0.5], "amsgrad": True, "weight_decay": 0.1, "decay_all": True},
        reference_optimizers.adam,
    ),
    OptimizerSample("adamw", {"lr": 0.05}, reference_optimizers.adamw),
    OptimizerSample("adamw", {"lr": 0.05, "weight_decay": 0.3, "amsgrad": True}, reference_optimizers.adamw),
    OptimizerSample(
        "adamw", {"lr": 0.05, "weight_decay": 0.3, "decay_all": True}, reference_optimizers.adamw
    ),
    OptimizerSample("adamax", {"lr": 0.05}, reference_optimizers.adamax),
    OptimizerSample(
        "adamax",
        {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.1},
        reference_optimizers.adamax,
    ),
    OptimizerSample("nadam", {"lr": 0.05}, reference_optimizers.nadam),
    OptimizerSample(
        "nadam",
        {"lr": 0.02, "betas": [0.8, 0.9], "momentum_decay": 0.1, "weight_decay": 0.1},
        reference_optimizers.nadam,
    ),
    OptimizerSample("radam", {"lr": 0.05}, reference_optimizers.radam),
    OptimizerSample(
        "radam", {"lr": 0.05, "betas": [0.8, 0.9], "weight_decay": 0.1}, reference_optimizers.radam
    ),
    OptimizerSample("lion", {"lr": 0.05}, reference_optimizers.lion, in_pytorch=False),
    OptimizerSample(
        "lion",
        {"lr": 0.05, "betas": [0.8, 0.9], "weight_decay": 0.3},
        reference_optimizers.lion,
        in_pytorch=False,
    ),
    OptimizerSample("rprop", {"lr": 0.05}, reference_optimizers.rprop, in_pytorch=False, recorded=("torch",)),
    OptimizerSample(
        "rprop",
        {"lr": 0.02, "etas": [0.3, 1.5], "step_sizes": [0.01, 0.1]},
        reference_optimizers.rprop,
        in_pytorch=False,
        recorded=("torch",),
    ),
    OptimizerSample(
        "rprop", {"lr": 0.02, "weight_decay": 0.1}, reference_optimizers.rprop, in_pytorch=False, recorded=()
    ),
    OptimizerSample("lamb", {"lr": 0.05}, reference_optimizers.lamb, in_pytorch=False, recorded=("optax",)),
    OptimizerSample(
        "lamb",
        {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.3},
        reference_optimizers.lamb,
        in_pytorch=False,
        recorded=("optax",),
    ),
    OptimizerSample(
        "lamb",
        {"lr": 0.05, "weight_decay": 0.3, "decay_all": True},
        reference_optimizers.lamb,
        in_pytorch=False,
        recorded=("optax",),
    ),
    OptimizerSample(
        "muon",
        {"lr": 0.05, "others": {"adamw": {"lr": 0.05}}},
        reference_optimizers.muon,
        in_pytorch=False,
        recorded=("torch",),
    ),
    OptimizerSample(
        "muon",
        {"lr": 0.01, "momentum": 0.8, "nesterov": False, "others": {"adam": {"lr": 0.05, "eps": 1e-16}}},
        reference_optimizers.muon,
        in_pytorch=False,
        recorded=("torch", "optax"),
    ),
    OptimizerSample(
        "muon",
        {
            "lr": 0.05,
            "ns_steps": 3,
            "adjust_lr": "match_rms_adamw",
            "weight_decay": 0.3,
            "others": {"sgd": {"lr": 0.1, "momentum": 0.9}},
        },
        reference_optimizers.muon,
        in_pytorch=False,
        recorded=("torch",),
    ),
    OptimizerSample(
        "schedule_free_sgd",
        {"lr": 0.1},
        reference_optimizers.schedule_free_sgd,
        in_pytorch=False,
        recorded=("schedulefree", "optax"),
    ),
    OptimizerSample(
        "schedule_free_sgd",
        {"lr": 0.2, "momentum": 0.7, "weight_decay": 0.1, "warmup_steps": 10},
        reference_optimizers.schedule_free_sgd,
        in_pytorch=False,
        recorded=("schedulefree",),
    ),
    OptimizerSample(
        "schedule_free_adamw",
        {"lr": 0.05},
        reference_optimizers.schedule_free_adamw,
        in_pytorch=False,
        recorded=("schedulefree", "optax"),
    ),
    OptimizerSample(
        "schedule_free_adamw",
        {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.1, "warmup_steps": 7},
        reference_optimizers.schedule_free_adamw,
        in_pytorch=False,
        recorded=("schedulefree",),
    ),
    OptimizerSample(
        "lookahead",
        {"base": {"sgd": {"lr": 0.1, "momentum": 0.9}}},
        reference_optimizers.lookahead,
        in_pytorch=False,
        recorded=("optax",),
    ),
    OptimizerSample(
        "lookahead",
        {"base": {"adam": {"lr": 0.05}}, "k": 3, "alpha": 0.8},
        reference_optimizers.lookahead,
        in_pytorch=False,
        recorded=("optax",),
    ),
    OptimizerSample(
        "sam",
        {"base": {"sgd": {"lr": 0.1, "momentum": 0.9}}},
        reference_optimizers.sam,
        in_pytorch=False,
        recorded=("optax",),
    ),
    OptimizerSample(
        "sam",
        {"base": {"adam": {"lr": 0.05}}, "rho": 0.3},
        reference_optimizers.sam,
        in_pytorch=False,
        recorded=("optax",),
    ),
]


@dataclass(frozen=True)
class ScheduleSample:
    """`reference(base, end, **options)` gives the learning rates of all units; see tests.support.reference.schedules."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    reference: Callable | None = None
    in_pytorch: bool = True  # recorded in tests/vectors/training.npz by record_training.py

    __str__ = LayerSample.__str__


SCHEDULES: list[ScheduleSample] = [
    ScheduleSample("constant", {}, reference_schedules.constant),
    ScheduleSample("step", {"step_size": 7}, reference_schedules.step),
    ScheduleSample("step", {"step_size": 10, "gamma": 0.7}, reference_schedules.step),
    ScheduleSample("multi_step", {"milestones": [30, 80]}, reference_schedules.multi_step),
    ScheduleSample(
        "multi_step", {"milestones": [50, 5, 5, 99, 120], "gamma": 0.3}, reference_schedules.multi_step
    ),
    ScheduleSample("exponential", {"gamma": 0.95}, reference_schedules.exponential),
    ScheduleSample("linear", {}, reference_schedules.linear),
    ScheduleSample("linear", {"end_factor": 0.3, "total": 40}, reference_schedules.linear),
    ScheduleSample("polynomial", {}, reference_schedules.polynomial),
    ScheduleSample("polynomial", {"power": 2.5, "total": 40}, reference_schedules.polynomial),
    ScheduleSample(
        "polynomial", {"power": 2.0, "end_factor": 0.1}, reference_schedules.polynomial, in_pytorch=False
    ),
    ScheduleSample("cosine", {}, reference_schedules.cosine),
    ScheduleSample("cosine", {"eta_min": 0.01, "total": 40}, reference_schedules.cosine),
    ScheduleSample("cosine_restarts", {"t_0": 9}, reference_schedules.cosine_restarts),
    ScheduleSample(
        "cosine_restarts", {"t_0": 5, "t_mult": 3, "eta_min": 0.01}, reference_schedules.cosine_restarts
    ),
    ScheduleSample("inverse_time", {"gamma": 0.5}, reference_schedules.inverse_time, in_pytorch=False),
    ScheduleSample(
        "inverse_time", {"gamma": 0.01, "power": 0.75}, reference_schedules.inverse_time, in_pytorch=False
    ),
    ScheduleSample("one_cycle", {"max_lr": 0.5}, reference_schedules.one_cycle),
    ScheduleSample(
        "one_cycle",
        {"max_lr": 0.5, "pct_start": 0.45, "div_factor": 10.0, "final_div_factor": 100.0},
        reference_schedules.one_cycle,
    ),
    ScheduleSample("cyclic", {"max_lr": 0.5, "step_size": 8}, reference_schedules.cyclic),
    ScheduleSample(
        "cyclic", {"max_lr": 0.5, "step_size": 8, "mode": "triangular2"}, reference_schedules.cyclic
    ),
    ScheduleSample(
        "cyclic",
        {"max_lr": 0.5, "step_size": 8, "mode": "exp_range", "gamma": 0.98},
        reference_schedules.cyclic,
    ),
    ScheduleSample("reduce_on_plateau", {}, reference_schedules.reduce_on_plateau),
    ScheduleSample(
        "reduce_on_plateau",
        {"factor": 0.5, "patience": 3, "threshold": 0.05, "cooldown": 4, "min_lr": 0.01},
        reference_schedules.reduce_on_plateau,
    ),
    ScheduleSample(
        "reduce_on_plateau",
        {"patience": 0, "factor": 0.3, "mode": "max"},
        reference_schedules.reduce_on_plateau,
    ),
    ScheduleSample("wsd", {}, reference_schedules.wsd, in_pytorch=False),
    ScheduleSample("wsd", {"decay": 0.35, "decay_type": "sqrt"}, reference_schedules.wsd, in_pytorch=False),
    ScheduleSample("wsd", {"decay": 1.0, "decay_type": "cosine"}, reference_schedules.wsd, in_pytorch=False),
    ScheduleSample(
        "inverse_sqrt",
        {"warmup": {"epochs": 6, "start_factor": 1.0}},
        reference_schedules.inverse_sqrt,
        in_pytorch=False,
    ),
]


@dataclass(frozen=True)
class MetricSample:
    """`reference(prediction, target, weight, **options)` gives the value over all samples; see tests.support.reference.metrics."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    targets: tuple[tuple[str, str], ...] = (("cross_entropy", "classes"),)  # a loss and a kind of its example
    reference: Callable | None = None

    __str__ = LayerSample.__str__


NUMBERS = (("mse", "reals"), ("mse", "classes"))
ANSWERS = (
    ("cross_entropy", "classes"),
    ("binary_cross_entropy", "two_classes"),
    ("binary_cross_entropy", "answers"),
)

METRICS: list[MetricSample] = [
    MetricSample("accuracy", {}, ANSWERS, reference_metrics.accuracy),
    MetricSample("top_k_accuracy", {"k": 2}, reference=reference_metrics.top_k_accuracy),
    MetricSample("mse", {}, NUMBERS, reference_metrics.mse),
    MetricSample("rmse", {}, NUMBERS, reference_metrics.rmse),
    MetricSample("mae", {}, NUMBERS, reference_metrics.mae),
    MetricSample("r2", {}, (("mse", "reals"),), reference_metrics.r2),
    MetricSample("precision", {}, ANSWERS, reference_metrics.precision),
    MetricSample("precision", {"average": "micro"}, ANSWERS, reference_metrics.precision),
    MetricSample("recall", {}, ANSWERS, reference_metrics.recall),
    MetricSample("recall", {"average": "weighted"}, ANSWERS, reference_metrics.recall),
    MetricSample("f1", {}, ANSWERS, reference_metrics.f1),
    MetricSample("f1", {"average": "micro"}, ANSWERS, reference_metrics.f1),
    MetricSample("f1", {"average": "weighted"}, ANSWERS, reference_metrics.f1),
    MetricSample(
        "confusion_matrix",
        {},
        (("cross_entropy", "classes"), ("binary_cross_entropy", "two_classes")),
        reference_metrics.confusion_matrix,
    ),
    MetricSample("auc", {}, ANSWERS, reference_metrics.auc),
    MetricSample("perplexity", {}, reference=reference_metrics.perplexity),
    MetricSample("bits_per_character", {}, reference=reference_metrics.bits_per_character),
]
