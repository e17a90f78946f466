"""The layers: each file of this folder registers the layers that it defines; `ls` lists what a config can use under `layers`."""

import importlib
import pkgutil

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
