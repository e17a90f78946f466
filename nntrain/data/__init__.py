"""The data: datasets, their splits and batches, and the readers; a file of this folder registers the readers it defines."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
