"""Data: sources, splits, transforms and batches. Importing it registers all sources and augmentations."""

import importlib
import pkgutil

from nntrain.data import sources

for _module in pkgutil.iter_modules(sources.__path__):
    importlib.import_module(f"{sources.__name__}.{_module.name}")
importlib.import_module("nntrain.data.transforms.augment")
