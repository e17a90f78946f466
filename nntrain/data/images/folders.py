"""Folders of images: one folder per class, or one per split with the folders of the classes."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.data.files.opening import similar_name
from nntrain.data.images.image_files import SUFFIXES
from nntrain.data.tables.features import listed
from nntrain.errors import DataError

# The name of a folder -> the split.
SPLITS = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}


@dataclass(frozen=True)
class LabelledFiles:
    """The image files of one split."""

    classes: tuple[str, ...]
    files: list[Path]
    labels: np.ndarray  # (files,) int32


def scan(name: str, root: Path) -> dict[str, LabelledFiles]:
    """The image files below `root` by split; `name` is the folder's name in the config. Raises DataError."""
    folders = _subfolders(name, root)
    if not ("train" in folders and set(folders) <= set(SPLITS)):
        return {"train": _labelled(name, root, folders)}
    if "validation" in folders and "val" in folders:
        raise DataError("expected one of the folders `validation` and `val`. Received: both.", place=name)
    found: dict[str, LabelledFiles] = {}
    for folder in sorted(folders, key=list(SPLITS).index):
        path, place = root / folder, f"{name}/{folder}"
        found[SPLITS[folder]] = _labelled(place, path, _subfolders(place, path), found.get("train"))
    return found


def _subfolders(name: str, root: Path) -> list[str]:
    """The names of the folders in `root`, sorted. Raises DataError where there are none."""
    try:
        entries = sorted(
            entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")
        )
    except FileNotFoundError:
        message = f"no such folder in {os.path.abspath(root.parent)}.{similar_name(root)}"
        raise DataError(message.removesuffix("."), place=name) from None
    except NotADirectoryError:
        raise DataError(
            "expected a folder with one folder per class. Received: a file.", place=name
        ) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", place=name) from None
    if not entries:
        raise DataError("expected one folder of images per class. Received: no folders.", place=name)
    return entries


def _labelled(name: str, root: Path, folders: list[str], train: LabelledFiles | None = None) -> LabelledFiles:
    """The images of the classes `folders`, numbered as in `train`. Raises DataError."""
    classes = tuple(folders) if train is None else train.classes
    if len(classes) < 2:
        raise DataError(
            f"expected at least two folders, one per class. Received: only {listed(classes)}.", place=name
        )
    if unknown := [folder for folder in folders if folder not in classes]:
        raise DataError(
            f"unknown classes: {listed(unknown)}. The training split has: {listed(classes)}.", place=name
        )
    files: list[Path] = []
    labels: list[int] = []
    for folder in folders:
        inside = sorted(
            Path(parent) / file
            for parent, _, found in os.walk(root / folder)
            for file in found
            if file.lower().endswith(SUFFIXES) and not file.startswith(".")
        )
        if not inside:
            raise DataError(
                f"expected images ({', '.join(SUFFIXES)}). Received: none.",
                "Remove the folder, or add images to it.",
                f"{name}/{folder}",
            )
        files += inside
        labels += [classes.index(folder)] * len(inside)
    return LabelledFiles(classes, files, np.array(labels, np.int32))
