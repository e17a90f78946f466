"""The layers: a file of this folder registers what it defines; `ls` is what YAML may say under `layers`."""

import importlib
import pkgutil

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
