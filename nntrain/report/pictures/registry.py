"""Registry: all pictures, found in the modules of this folder. It loads neither matplotlib nor numba."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from nntrain.report import pictures as folder
from nntrain.report.pictures.picture import Picture, registered


@cache
def pictures() -> dict[str, Picture]:
    """Every picture by its name, those of training first, such as the loss."""
    for module in pkgutil.iter_modules(folder.__path__):
        if module.name != "__main__":
            importlib.import_module(f"{folder.__name__}.{module.name}")
    ordered = sorted(registered, key=lambda name: (registered[name].moment != "during", name))
    return {name: registered[name]() for name in ordered}


def file_names() -> list[str]:
    """Every file that pictures may write into a run folder: images and the arrays they are drawn from."""
    return [name for picture in pictures().values() for name in (*picture.files, picture.stored)]


def drawn_in(run: Path) -> dict[str, Path]:
    """The first file of each picture that a run folder holds, by the picture's name."""
    found = {name: run / picture.files[0] for name, picture in pictures().items()}
    return {name: path for name, path in found.items() if path.is_file()}
