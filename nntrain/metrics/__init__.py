"""The metrics: each module of this folder registers the metrics that it defines."""

import importlib
import pkgutil

from nntrain.metrics.metric import Metric

__all__ = ["Metric"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
