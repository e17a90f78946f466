"""The losses: each module of this folder registers the losses that it defines."""

import importlib
import pkgutil

from nntrain.losses.loss import Loss

__all__ = ["Loss"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
