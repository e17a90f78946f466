"""A small network whose parameters are trained in groups: the same for nntrain and for PyTorch, which tests/vectors records."""

from typing import Any

import numpy as np

STEPS = 40
LR = 0.05
SHAPES = {
    "dense_1.weight": (4, 6),
    "dense_1.bias": (6,),
    "dense_2.weight": (6, 5),
    "dense_2.bias": (5,),
    "dense_3.weight": (5, 3),
    "dense_3.bias": (3,),
}
NAMES = list(SHAPES)

# For each case the optimizer, `parameter_groups` of a config, and the groups of PyTorch; those in no group there are frozen.
CASES: dict[str, dict[str, Any]] = {
    "sgd": {
        "optimizer": ("sgd", {"momentum": 0.9, "weight_decay": 0.02}),
        "clip": 0.5,
        "groups": [
            {"match": "dense_1.*", "lr": 0.2, "weight_decay": 0.1, "decay_all": True},
            {"match": ["dense_3.weight", "*_2.bias"], "lr_scale": 0.1},
        ],
        "torch": [
            {"params": ["dense_2.weight"]},
            {"params": ["dense_3.bias"], "weight_decay": 0.0},
            {"params": ["dense_1.weight", "dense_1.bias"], "lr": 0.2, "weight_decay": 0.1},
            {"params": ["dense_3.weight"], "lr": LR * 0.1},
            {"params": ["dense_2.bias"], "lr": LR * 0.1, "weight_decay": 0.0},
        ],
    },
    "adamw": {
        "optimizer": ("adamw", {"weight_decay": 0.3}),
        "clip": 10.0,
        "groups": [
            {"match": "dense_2.weight", "freeze": True},
            {"match": "*.weight", "weight_decay": 0.0},
            {"match": "dense_3.*", "optimizer": {"adamw": {"lr": 0.01, "betas": [0.8, 0.9]}}},
        ],
        "torch": [
            {"params": ["dense_1.bias", "dense_2.bias"], "weight_decay": 0.0},
            {"params": ["dense_1.weight", "dense_3.weight"], "weight_decay": 0.0},
            {"params": ["dense_3.bias"], "lr": 0.01, "betas": (0.8, 0.9), "weight_decay": 0.0},
        ],
    },
    "adam": {
        "optimizer": ("adam", {}),
        "clip": 0.2,
        "groups": [{"match": "dense_?.bias", "lr": 0.3}, {"match": "dense_1.*", "freeze": True}],
        "torch": [
            {"params": ["dense_2.weight", "dense_3.weight"]},
            {"params": ["dense_1.bias", "dense_2.bias", "dense_3.bias"], "lr": 0.3},
        ],
    },
}


def data() -> tuple[np.ndarray, np.ndarray]:
    """x (12, 4) and classes (12,)."""
    draw = np.random.default_rng(5)
    return draw.normal(size=(12, 4)), (np.arange(12) % 3).astype(np.int32)


def start() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(6)
    return {name: draw.normal(size=shape) for name, shape in SHAPES.items()}
