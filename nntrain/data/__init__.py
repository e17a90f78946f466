"""The data: datasets, splits and batches. Importing it registers every source and every augmentation."""

import importlib
import pkgutil

from nntrain.data import sources

for _module in pkgutil.iter_modules(sources.__path__):
    importlib.import_module(f"{sources.__name__}.{_module.name}")
importlib.import_module("nntrain.data.transforms.augment")
