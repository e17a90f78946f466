"""Networks of other frameworks, recorded in tests/vectors/imports, and the configs that describe them."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

import nntrain
from tests.support import ROOT

FOLDER = ROOT / "tests" / "vectors" / "imports"


def conv(filters: int, size: int = 3, **options: Any) -> dict:
    return {"conv2d": {"filters": filters, "kernel_size": size, **options}}


def block(before: int, width: int, stride: int) -> dict:
    body = [
        conv(width, stride=stride, padding=1, use_bias=False),
        "batch_norm",
        "relu",
        conv(width, padding=1, use_bias=False),
        "batch_norm",
    ]
    shortcut = [conv(width, 1, stride=stride, use_bias=False), "batch_norm"]
    return {"residual": {"body": body, **({"shortcut": shortcut} if stride > 1 or before != width else {})}}


def resnet(widths: tuple[int, ...] = (4, 6, 8), blocks: int = 1) -> list:
    layers, before = [conv(widths[0], padding=1, use_bias=False), "batch_norm", "relu"], widths[0]
    for stage, width in enumerate(widths):
        for turn in range(blocks):
            layers += [block(before, width, 2 if stage and not turn else 1), "relu"]
            before = width
    return [*layers, "global_avg_pool", {"dense": 10}]


LENET = [
    conv(6, padding=1, activation="relu"),
    {"max_pool2d": 2},
    conv(8, activation="relu"),
    "flatten",
    {"dense": {"units": 20, "activation": "relu"}},
    {"dense": 10},
]
NETWORKS: dict[str, list] = {
    "lenet": LENET,
    "resnet": resnet(),
    "lstm": [
        {"bidirectional": {"layer": {"lstm": {"units": 6, "return_sequences": True}}}},
        {"bidirectional": {"layer": {"lstm": 6}}},
        {"dense": 4},
    ],
    "gru": [{"gru": 6}, {"dense": 4}],
    "decoder": [
        {"depthwise_conv2d": {"kernel_size": 3, "padding": 1, "depth_multiplier": 2}},
        {"group_norm": 2},
        {"prelu": {"per_channel": True}},
        "flatten",
        "batch_norm",
        {"dense": 18},
        "batch_norm",
        "relu",
        {"reshape": [3, 3, 2]},
        {
            "conv2d_transpose": {
                "filters": 3,
                "kernel_size": 3,
                "stride": 2,
                "padding": 1,
                "activation": "tanh",
            }
        },
        "flatten",
        {"dense": 4},
    ],
    "sequences": [
        "learned_positions",
        {"residual": {"body": [{"multi_head_attention": 1}]}},
        "layer_norm",
        {"simple_rnn": {"units": 4, "return_sequences": True}},
        {"conv1d": {"filters": 6, "kernel_size": 2, "activation": "relu"}},
        "flatten",
        {"dense": 4},
    ],
    "keras_mlp": [
        {"dense": {"units": 8, "activation": "relu"}},
        {"dense": 8},
        {"prelu": {"per_channel": True}},
        {"dense": {"units": 8, "activation": "tanh"}},
        {"dense": 4},
    ],
    "keras_conv": [
        conv(4, padding="same", use_bias=False),
        {"batch_norm": {"eps": 1e-3, "momentum": 0.01}},
        "relu",
        {"max_pool2d": 2},
        {"depthwise_conv2d": {"kernel_size": 3, "depth_multiplier": 2, "use_bias": False}},
        {"dense": {"units": 6, "activation": "relu"}},
        {"conv2d_transpose": {"filters": 3, "kernel_size": 3, "stride": 2, "padding": "same"}},
        {"group_norm": {"groups": 3, "eps": 1e-3}},
        "flatten",
        {"dense": 4},
    ],
    "keras_recurrent": [
        {"multi_head_attention": 2},
        {"layer_norm": {"eps": 1e-3}},
        {"bidirectional": {"layer": {"gru": {"units": 3, "return_sequences": True}}}},
        {"lstm": 5},
        {"dense": 4},
    ],
    "keras_residual": [
        {
            "residual": {
                "body": [conv(5, padding="same", activation="relu"), conv(5, padding="same")],
                "shortcut": [conv(5, 1)],
            }
        },
        "global_avg_pool",
        {"dense": 4},
    ],
}


def config(layers: list, **more: Any) -> dict:
    """A regression, so that predictions are the network's outputs."""
    train = {"epochs": 1, "batch_size": 4}
    return {"model": {"layers": layers}, "loss": "mse", "optimizer": {"sgd": 0.1}, "train": train, **more}


@functools.cache
def recorded(name: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return arrays["x"], arrays["y"]


def imported(file: str | Path, network: str, layers: list | None = None, **options: Any) -> nntrain.Imported:
    """The network of that name with the weights of a file, recorded or by its path; nothing is written."""
    x, y = recorded(network)
    chosen = config(NETWORKS[network] if layers is None else layers)
    data = nntrain.Data(x, y, task="regression")
    options = {"runs_dir": None, **options}
    return nntrain.import_weights(FOLDER / file, chosen, data=data, **options)


def largest_difference(found: nntrain.Imported, network: str) -> float:
    x, y = recorded(network)
    return float(np.abs(found.model.predict(x) - y).max())
