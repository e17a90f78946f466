"""Image cache: the images of a folder in one .npy file of bytes, which later runs memory-map."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nntrain.data.files.download import begin_progress
from nntrain.data.files.npy import read_npy
from nntrain.data.images import image_files
from nntrain.errors import DataError
from nntrain.files import replacing

VERSION = 1  # of the cached bytes; files of another version are not used

Read = Callable[[list[Path]], tuple[tuple[int, ...], Iterator[np.ndarray]]]


def cached(root: Path, files: list[Path], options: object, read: Read) -> np.ndarray:
    """(files, height, width, channels) uint8, memory-mapped from the cache. Raises DataError.

    If they are not cached, `read(files)` returns the shape of all images, and the images one by one.
    """
    home = Path(os.environ.get("NNTRAIN_CACHE") or os.path.expanduser("~/.cache/nntrain")) / "images"
    path = home / f"{root.resolve().name or 'images'}-{_key(root, files, options)}.npy"
    try:
        return read_npy(home, path.name)
    except DataError:  # missing or corrupt
        pass
    with image_files.strict_about_size():
        shape, images = read(files)
        try:
            home.mkdir(parents=True, exist_ok=True)
            needed, free = int(np.prod(shape)), shutil.disk_usage(home).free
            if needed > free:
                raise DataError(
                    f"the cache of the images needs {needed / 1e9:,.1f} GB. Free: {free / 1e9:,.1f} GB.",
                    "Use a smaller `size`, or set NNTRAIN_CACHE to a folder with more space.",
                    str(home),
                )
            _write(path, shape, images, files)
        except OSError as error:
            raise DataError(
                f"cannot be written: {error.strerror or error}",
                "Set NNTRAIN_CACHE to another folder.",
                str(path),
            ) from None
    return read_npy(home, path.name)


def _key(root: Path, files: list[Path], options: object) -> str:
    """A hash of everything that the cached bytes depend on."""
    from PIL import __version__ as pillow

    digest = hashlib.sha256(repr((VERSION, pillow, str(root.resolve()), options)).encode())
    for file in files:
        try:
            state = file.stat()
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", place=str(file)) from None
        identity = (str(file.relative_to(root)), state.st_size, state.st_mtime_ns)
        digest.update(repr(identity).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _write(path: Path, shape: tuple[int, ...], images: Iterator[np.ndarray], files: list[Path]) -> None:
    """A .npy file, renamed to `path` when complete. Plain writes: a full disk would crash a memory-mapped file."""
    total = sum(file.stat().st_size for file in files)
    progress = begin_progress(f"Reading {len(files):,} images ({total / 1e6:.1f} MB) into the cache {path}")
    with replacing(path) as to:
        np.lib.format.write_array_header_1_0(to, {"descr": "|u1", "fortran_order": False, "shape": shape})
        done = 0
        for file, image in zip(files, images, strict=True):
            to.write(image.tobytes())
            done += file.stat().st_size
            progress(done, total)
