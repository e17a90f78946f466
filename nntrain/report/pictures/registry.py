"""Registry: all pictures, found in the modules of this folder. It loads neither matplotlib nor numba."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from nntrain.report import pictures as folder
from nntrain.report.pictures.picture import Picture, registered

GROUPS = ("training", "elements", "learned", "judging", "data", "search")  # in the order of the listing


@cache
def pictures() -> dict[str, Picture]:
    """Every picture by its name, those of training first, such as the loss."""
    for group in GROUPS:
        package = importlib.import_module(f"{folder.__name__}.{group}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found = {name: kind() for name, kind in registered.items()}
    order = sorted(
        found, key=lambda name: (found[name].moment != "during", place_of(found[name].group), name)
    )
    return {name: found[name] for name in order}


def place_of(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


def heading(group: str) -> str:
    """What the pictures of a group are about: the first line of its folder's docstring."""
    return (importlib.import_module(f"{folder.__name__}.{group}").__doc__ or "").splitlines()[0]


def file_names() -> list[str]:
    """Every file that pictures may have left in a run folder: images and the arrays that they are drawn from."""
    return [
        name
        for picture in pictures().values()
        if {"config", "run"} & set(picture.takes)
        for name in dict.fromkeys(
            (
                *picture.files,
                picture.stored,
                *(f"plots/{picture.name}{suffix}" for suffix in picture.suffixes),
            )
        )
    ]


def drawn_in(run: Path) -> dict[str, Path]:
    """The first file of each picture that a run folder holds, by the picture's name."""
    found = {name: run / picture.files[0] for name, picture in pictures().items()}
    return {name: path for name, path in found.items() if path.is_file()}
