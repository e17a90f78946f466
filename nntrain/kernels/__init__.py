"""The compute kernels, compiled by Numba. `kernels.matmul`, `kernels.norm`, ... load when first used, and numba with them."""

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    return importlib.import_module(f"{__name__}.{name}")
