"""Data: sources, splits, transforms and batches. Importing it registers all sources and augmentations."""

import importlib
import pkgutil

from nntrain.data import sources
from nntrain.data.transforms import augmentations

for _package in (sources, augmentations):
    for _module in pkgutil.iter_modules(_package.__path__):
        importlib.import_module(f"{_package.__name__}.{_module.name}")
