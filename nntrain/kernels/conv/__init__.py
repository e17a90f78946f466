"""Convolutions. `conv.forward`, `conv.input_gradient` and `conv.weight_gradient` choose the algorithm.

`conv.depthwise` and the other modules load when first used.
"""

import importlib
from types import ModuleType

from nntrain.kernels.conv.dispatch import forward, input_gradient, weight_gradient

__all__ = ["forward", "input_gradient", "weight_gradient"]


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
