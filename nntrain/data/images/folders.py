"""Folders of images: one folder per class, or one per split with the folders of the classes."""

import os
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nntrain.data.files.opening import similar_name
from nntrain.data.images.walk import PassedOver, entries, images_below, name_text
from nntrain.data.tables.features import listed
from nntrain.errors import DataError

# The name of a folder in lower case -> the split.
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
}
ORDER = ("train", "test", "validation")
NO_CLASSES = "expected one folder of images per class. Received: no folders."


@dataclass(frozen=True)
class LabelledFiles:
    """The image files of one split."""

    classes: tuple[str, ...]
    files: list[Path]
    labels: np.ndarray  # (files,) int32, or numbers to predict (files, 1) float64
    target_names: tuple[str, ...] = ()  # of the numbers

    def without(self, numbers: Collection[int]) -> "LabelledFiles":
        """All but the files at these positions."""
        kept = [number for number in range(len(self.files)) if number not in numbers]
        return replace(self, files=[self.files[number] for number in kept], labels=self.labels[kept])


@dataclass(frozen=True)
class ImageOrigin:
    """The files of samples, for errors."""

    files: Sequence[Path]

    def place(self, row: int) -> str:
        return str(self.files[row])

    def select(self, rows: slice | np.ndarray) -> "ImageOrigin":
        return ImageOrigin([self.files[row] for row in np.arange(len(self.files))[rows]])


@dataclass(frozen=True)
class Scan:
    """The image files of a folder by split, and what else it holds."""

    parts: dict[str, LabelledFiles]
    passed: PassedOver
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Split by split, class by class."""
        return [file for part in self.parts.values() for file in part.files]


def scan(name: str, root: Path, classes: tuple[str, ...] = ()) -> Scan:
    """The image files below `root`; `name` is the folder's name in the config. Raises DataError.

    Without `classes`, the folders of the training split name the classes.
    """
    passed = PassedOver()
    folders = subfolders(name, root, passed)
    if not folders:
        raise DataError(NO_CLASSES, place=name)
    by_split = split_folders(name, folders)
    if not by_split:
        return Scan({"train": _labelled(name, root, folders, classes, passed)}, passed)
    found: dict[str, LabelledFiles] = {}
    for split, folder in by_split.items():
        path, place = root / folder, f"{name}/{folder}"
        inside = subfolders(place, path, passed)
        if not inside and split != "train" and images_below(path, PassedOver()):
            raise DataError(
                f"the {split} split holds images without classes",
                "Move the folder out of the data. A trained network predicts the classes of such images.",
                place,
            )
        if not inside:
            raise DataError(NO_CLASSES, place=place)
        part = _labelled(place, path, inside, classes, passed)
        classes, found[split] = part.classes, part
    return Scan(found, passed)


def split_folders(name: str, folders: Sequence[str]) -> dict[str, str]:
    """The split of each folder, training first; empty where the folders are classes. Raises DataError for a mixture."""
    found: dict[str, str] = {}
    for folder in folders:
        split = SPLITS.get(folder.lower())
        if split in found:
            raise DataError(
                f"two folders of the {split} split: {found[split]!r} and {folder!r}",
                "Merge them, or move one out of the data.",
                name,
            )
        if split:
            found[split] = folder
    classes = [folder for folder in folders if folder not in found.values()]
    if found and classes:
        raise DataError(
            f"folders of splits ({listed(found.values())}) beside folders of classes ({listed(classes)})",
            "Each split needs a folder for each class. If all are classes, move them into a folder named 'train'.",
            name,
        )
    if found and "train" not in found:
        raise DataError(
            f"expected a folder 'train' beside {listed(found.values())}. Received: none.",
            "If these are classes, move them into a folder named 'train'.",
            name,
        )
    return {split: found[split] for split in ORDER if split in found}


def subfolders(name: str, root: Path, passed: PassedOver) -> list[str]:
    """The names of the folders in `root`, sorted; its files are counted in `passed`. Raises DataError."""
    if not root.exists():
        message = f"no such folder in {os.path.abspath(root.parent)}.{similar_name(root, folder=True)}"
        raise DataError(message.removesuffix("."), place=name)
    if not root.is_dir():
        raise DataError("expected a folder with one folder per class. Received: a file.", place=name)
    inside = entries(root, passed)
    passed.add_outside(inside)
    return sorted(path.name for path in [*inside.folders, *inside.links])


def _labelled(
    name: str, root: Path, folders: list[str], classes: tuple[str, ...], passed: PassedOver
) -> LabelledFiles:
    """The images of the classes `folders`, numbered as in `classes` if there are such. Raises DataError."""
    if not classes and len(folders) < 2:
        raise DataError(
            f"expected at least two folders, one per class. Received: only {listed(folders)}.",
            f"Set `path: {name}/{folders[0]}` if that folder holds the folders of the classes.",
            name,
        )
    classes = classes or tuple(map(name_text, folders))
    exact = {known: number for number, known in enumerate(classes)}
    numbers = {_normalized(known): number for known, number in exact.items()} | exact
    if unknown := [folder for folder in folders if _normalized(folder) not in numbers]:
        raise DataError(
            f"unknown classes: {listed(unknown)}. The training split has: {listed(classes)}.", place=name
        )
    files: list[Path] = []
    labels: list[int] = []
    for folder in folders:
        others = PassedOver()
        inside = images_below(root / folder, others)
        passed.add(others)
        if not inside:
            received = ", ".join(others.counts) or "none"
            raise DataError(
                f"expected images. Received: {received}.",
                "Remove the folder, or add images to it.",
                f"{name}/{folder}",
            )
        files += inside
        labels += [numbers.get(name_text(folder), numbers[_normalized(folder)])] * len(inside)
    return LabelledFiles(classes, files, np.array(labels, np.int32))


def _normalized(name: str) -> str:
    """macOS writes é in a name as e and an accent, other systems as one character."""
    return unicodedata.normalize("NFC", name_text(name))
