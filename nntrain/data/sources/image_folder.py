"""Image folders: one folder a class, read once into a file of bytes that is mapped from then on."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.download import begin_progress
from nntrain.data.files.npy import read_npy
from nntrain.data.files.opening import resolved, sibling
from nntrain.data.images import image_files
from nntrain.data.images.image_files import SUFFIXES, Look
from nntrain.data.tables.features import listed
from nntrain.errors import UserError
from nntrain.options import Several, mistake

PARTS = {
    "train": "train",
    "test": "test",
    "validation": "validation",
    "val": "validation",
}  # the folder's name -> the part's
AT_ONCE = 256  # images that are read ahead of the one that is written
VERSION = 1  # of what is kept; another one is read anew
Side = Annotated[int, Field(ge=1, le=8192)]


@dataclass(frozen=True)
class Folder:
    """The images of one part."""

    classes: tuple[str, ...]
    files: list[Path]
    labels: np.ndarray  # (files,) int32


class ImageFolder(Reader, name="image_folder"):
    """Pictures of yours, one folder a class: PNG, JPEG, GIF, BMP or WebP.

    The classes are called as their folders, in the order of their names. Where the folders are called `train`, `test` and
    `validation` (or `val`) instead, they are these parts, and hold the folders of the classes.

    All images are stretched to one size once, and kept as bytes in `$NNTRAIN_CACHE/images`, else `~/.cache/nntrain/images`, from
    where they are mapped: they may be larger than the memory. They are read anew when a file has changed.
    """

    example: ClassVar = {"path": "photographs", "size": [64, 64]}

    path: str = Field(min_length=1, description="the folder of folders")
    size: Side | Several[Side] | None = Field(
        None,
        description="[height, width] that all images are stretched to, or one number "
        "for both; none: they have one size already",
    )
    channels: Literal["auto", 1, 3] = Field(
        "auto", description="1 for grey, 3 for colours; auto: as all of the images are"
    )

    @field_validator("size")
    @classmethod
    def _two_sides(cls, value):
        if isinstance(value, tuple) and len(value) != 2:
            raise mistake(f"expected [height, width]. Received: {list(value)}.")
        return value

    def load(self, folder: Path) -> Splits:
        root = resolved(folder, self.path)
        parts = self._parts(root)
        files = [file for part in parts.values() for file in part.files]
        x = kept(root, files, (self.size, self.channels), self._read)
        splits, start = {}, 0
        for name, part in parts.items():
            splits[name] = Dataset(x[start : start + len(part.files)], part.labels, parts["train"].classes)
            start += len(part.files)
        return Splits(**splits)

    def _parts(self, root: Path) -> dict[str, Folder]:
        folders = _folders(self.path, root)
        if not ("train" in folders and set(folders) <= set(PARTS)):
            return {"train": _listing(self.path, root, folders)}
        if "validation" in folders and "val" in folders:
            raise UserError(
                f"{self.path}: expected one of the folders `validation` and `val`. Received: both."
            )
        found = {}
        for name in sorted(folders, key=list(PARTS).index):
            told = f"{self.path}/{name}"
            found[PARTS[name]] = _listing(told, root / name, _folders(told, root / name), found.get("train"))
        return found

    def _read(self, files: list[Path]) -> tuple[tuple[int, ...], Iterator[np.ndarray]]:
        """The shape of all images together, and one after the other."""
        with ThreadPoolExecutor() as threads:
            looks = [found for some in _pieces(files) for found in threads.map(image_files.look, some)]
        size, channels = self._size(files, looks), self._channels(files, looks)

        def images() -> Iterator[np.ndarray]:
            with ThreadPoolExecutor() as threads:
                for some in _pieces(files):
                    yield from threads.map(lambda file: image_files.read(file, size, channels), some)

        return (len(files), *size, channels), images()

    def _size(self, files: list[Path], looks: list[Look]) -> tuple[int, int]:
        if self.size is not None:
            return self.size if isinstance(self.size, tuple) else (self.size, self.size)
        sizes = [(found.height, found.width) for found in looks]
        other = next((place for place, size in enumerate(sizes) if size != sizes[0]), None)
        if other is not None:
            raise UserError(
                f"{self.path}: the images are not of one size: {files[0]} is {sizes[0][0]} x {sizes[0][1]}, "
                f"{files[other]} is {sizes[other][0]} x {sizes[other][1]}. Give `size: [height, width]`, to which "
                "all are stretched."
            )
        return sizes[0]

    def _channels(self, files: list[Path], looks: list[Look]) -> int:
        if self.channels != "auto":
            return self.channels
        other = next((place for place, found in enumerate(looks) if found.colour != looks[0].colour), None)
        if other is not None:
            kinds = ("in colours", "grey") if looks[0].colour else ("grey", "in colours")
            raise UserError(
                f"{self.path}: {files[0]} is {kinds[0]}, {files[other]} is {kinds[1]}. Say what all are to be with "
                "`channels: 1` or `channels: 3`."
            )
        return 3 if looks[0].colour else 1


def _folders(told: str, root: Path) -> list[str]:
    """The names of the folders in `root`, sorted. Raises UserError where it is no folder, or has none."""
    try:
        entries = sorted(
            entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")
        )
    except FileNotFoundError:
        raise UserError(
            f"{told}: there is no such folder in {os.path.abspath(root.parent)}.{sibling(root)}"
        ) from None
    except NotADirectoryError:
        raise UserError(
            f"{told}: expected a folder that holds one for each class. Received: a file."
        ) from None
    except OSError as error:
        raise UserError(f"{told}: cannot be read: {error.strerror}.") from None
    if not entries:
        raise UserError(f"{told}: expected a folder for each class, with its images in it. There is none.")
    return entries


def _listing(told: str, root: Path, names: list[str], train: Folder | None = None) -> Folder:
    """The images of the classes `names`, numbered as in `train` where there is one. Raises UserError."""
    classes = tuple(names) if train is None else train.classes
    if len(classes) < 2:
        raise UserError(
            f"{told}: expected at least two folders, one for each class. Received: only {listed(classes)}."
        )
    if unknown := [name for name in names if name not in classes]:
        raise UserError(
            f"{told}: expected the train part's classes {listed(classes)}. Received: {listed(unknown)} besides."
        )
    files: list[Path] = []
    labels: list[int] = []
    for name in names:
        inside = sorted(
            Path(folder) / file
            for folder, _, found in os.walk(root / name)
            for file in found
            if file.lower().endswith(SUFFIXES) and not file.startswith(".")
        )
        if not inside:
            raise UserError(
                f"{told}/{name}: expected images ({', '.join(SUFFIXES)}). There is none. Remove the folder, or put "
                "images into it."
            )
        files += inside
        labels += [classes.index(name)] * len(inside)
    return Folder(classes, files, np.array(labels, np.int32))


def _pieces(files: list[Path]) -> Iterator[list[Path]]:
    for start in range(0, len(files), AT_ONCE):
        yield files[start : start + AT_ONCE]


def kept(root: Path, files: list[Path], options: object, read) -> np.ndarray:
    """(files, height, width, channels) uint8, mapped: what was kept of these files, or is read and kept now. Raises UserError."""
    home = Path(os.environ.get("NNTRAIN_CACHE") or os.path.expanduser("~/.cache/nntrain")) / "images"
    path = home / f"{root.resolve().name or 'images'}-{_key(root, files, options)}.npy"
    try:
        return read_npy(home, path.name)
    except UserError:  # not there, or damaged
        pass
    with image_files.strict_about_size():
        shape, images = read(files)
        try:
            home.mkdir(parents=True, exist_ok=True)
            needed, free = int(np.prod(shape)), shutil.disk_usage(home).free
            if needed > free:
                raise UserError(
                    f"{home}: {needed / 1e9:,.1f} GB are needed to keep the images, but {free / 1e9:,.1f} GB are "
                    "free. Give a smaller `size`, or set NNTRAIN_CACHE to a folder with more room."
                )
            _write(path, shape, images, files)
        except OSError as error:
            raise UserError(
                f"{path}: cannot be written: {error.strerror or error}. Set NNTRAIN_CACHE to another folder."
            ) from None
    return read_npy(home, path.name)


def _key(root: Path, files: list[Path], options: object) -> str:
    """Of all that the kept bytes depend on."""
    from PIL import __version__ as pillow

    digest = hashlib.sha256(repr((VERSION, pillow, str(root.resolve()), options)).encode())
    for file in files:
        try:
            state = file.stat()
        except OSError as error:
            raise UserError(f"{file}: cannot be read: {error.strerror}.") from None
        digest.update(
            repr((str(file.relative_to(root)), state.st_size, state.st_mtime_ns)).encode(
                "utf-8", "surrogatepass"
            )
        )
    return digest.hexdigest()[:16]


def _write(path: Path, shape: tuple[int, ...], images: Iterator[np.ndarray], files: list[Path]) -> None:
    """A .npy file, which gets its name once it is whole. A full disk is an error here; in a mapped file it would be a crash."""
    total = sum(file.stat().st_size for file in files)
    progress = begin_progress(
        f"Reading {len(files):,} images ({total / 1e6:.1f} MB), to keep them in {path}."
    )
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as to:
            np.lib.format.write_array_header_1_0(to, {"descr": "|u1", "fortran_order": False, "shape": shape})
            done = 0
            for file, image in zip(files, images, strict=True):
                to.write(image.tobytes())
                done += file.stat().st_size
                progress(done, total)
            to.flush()
            os.fsync(to.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
