"""The schedules: each module of this folder registers the schedules that it defines."""

import importlib
import pkgutil

from nntrain.schedules.decay import Constant
from nntrain.schedules.schedule import Schedule

__all__ = ["Constant", "Schedule"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
