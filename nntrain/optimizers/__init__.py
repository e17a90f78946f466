"""The optimizers: each module of this folder registers the optimizers that it defines."""

import importlib
import pkgutil

from nntrain.optimizers.optimizer import Optimizer
from nntrain.optimizers.part import Part, Tensor

__all__ = ["Optimizer", "Part", "Tensor"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
