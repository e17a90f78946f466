"""Image cache: the images of a folder in one .npy file of bytes, which later runs memory-map."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nntrain.data.files.manifest import UNREADABLE, size_text, state_of, write_manifest
from nntrain.data.files.npy import read_npy
from nntrain.data.images import image_files
from nntrain.data.images.form import ImageForm
from nntrain.data.images.reading import Reading, Survey, Wanted, survey
from nntrain.data.system_memory import memory_bytes
from nntrain.errors import DataError
from nntrain.files import replacing
from nntrain.paths import cache_folder

VERSION = 2  # of the cached bytes; files of another version are not used


def image_folder() -> Path:
    """Where the cached images of all folders are."""
    return cache_folder() / "images"


@dataclass(frozen=True)
class Images:
    """The images of a folder; those that cannot be read are left out."""

    x: np.ndarray  # (images, height, width, channels) uint8
    survey: Survey
    broken: dict[int, DataError]  # by position among the files
    warning: str = ""

    @property
    def form(self) -> ImageForm:
        return self.survey.form


class ImageCache:
    """The cache of these files, read as `wanted`: a .npy file, and a manifest that tells whether it is up to date.

    The manifest knows size, times, inode and contents of each file: of a file with another time or inode the contents are compared,
    so that swapped files are noticed, and copied ones are not read again.
    """

    def __init__(self, root: Path, files: Sequence[Path], wanted: Wanted):
        self.root, self.files, self.wanted = root.resolve(), files, wanted
        self.names = [os.fsdecode(file.relative_to(root)) for file in files]
        self.home = image_folder()
        self.stem = self._stem(wanted)
        self.manifest = self.home / f"{self.stem}.json"

    def _stem(self, wanted: Wanted) -> str:
        from PIL import __version__ as pillow

        key = hashlib.sha256(repr((VERSION, pillow, str(self.root), wanted)).encode("utf-8", "replace"))
        return f"{self.root.name or 'images'}-{key.hexdigest()[:16]}"

    @cached_property
    def states(self) -> list[list[int]]:
        """Size, times and inode of each file, as they were before it is read. Raises DataError."""
        return [state_of(file) for file in self.files]

    @property
    def _sizes(self) -> list[int]:
        return [state[0] for state in self.states]

    def find(self) -> Images | None:
        """The images, memory-mapped; None where the cache is missing, corrupt or out of date."""
        try:
            manifest, saved = self._saved()
            if saved["names"] != self.names or not self._unchanged(saved, manifest):
                return None
            form = ImageForm.of(saved["form"])
            broken = {
                int(number): DataError(message, hint, str(self.files[int(number)]))
                for number, (message, hint) in saved["broken"].items()
            }
            x = read_npy(self.home, saved["images"])
            if x.dtype != np.uint8 or x.shape != (len(self.files) - len(broken), *form.shape):
                return None
            return Images(x, Survey(form, saved["deep"], saved["coarse"]), broken)
        except (DataError, *UNREADABLE):
            return None

    def _saved(self) -> tuple[Path, dict[str, Any]]:
        """The manifest and its content. That of a form in full points to the one whose images have this form."""
        saved: dict[str, Any] = json.loads(self.manifest.read_bytes())
        if "see" not in saved:
            return self.manifest, saved
        other = self.home / saved["see"]
        return other, json.loads(other.read_bytes())

    def _unchanged(self, saved: dict[str, Any], manifest: Path) -> bool:
        """Whether the files have the contents that the manifest knows."""
        touched = [
            number
            for number, (now, then) in enumerate(zip(self.states, saved["states"], strict=True))
            if now != then
        ]
        for number in touched:
            same_size = self.states[number][0] == saved["states"][number][0]
            if not same_size or _digest(self.files[number]) != saved["digests"][number]:
                return False
        if touched:
            with contextlib.suppress(OSError):  # then the contents are compared again next time
                write_manifest(manifest, {**saved, "states": self.states})
        return True

    def fill(self, name: str, strict: bool) -> Images:
        """Reads the images into the cache, or into memory where it cannot be written.

        Raises DataError at `name`; with `strict` also for images that cannot be read, without caching the others.
        """
        with image_files.strict_about_size():
            found = survey(name, self.files, self.wanted)
            needed = len(self.files) * int(np.prod(found.form.shape))
            try:
                self.home.mkdir(parents=True, exist_ok=True)
                if needed > (free := shutil.disk_usage(self.home).free):
                    raise OSError(0, f"{size_text(needed)} needed, {size_text(free)} free")
                return self._filled(name, found, strict)
            except OSError as error:
                reason = error.strerror or str(error)
            return self._in_memory(name, found, strict, needed, reason)

    def _filled(self, name: str, found: Survey, strict: bool) -> Images:
        previous = self._current()
        state = hashlib.sha256(repr((self.names, self.states)).encode("utf-8", "replace")).hexdigest()[:8]
        path = self.home / f"{self.stem}-{state}.npy"
        images = Reading(name, self.files, self._sizes, found.form, strict, f" into the cache {path}")
        with replacing(path) as to:
            # Plain writes: a full disk would crash a memory-mapped file.
            _write_header(to, (len(self.files), *found.form.shape))
            for pixels in images:
                to.write(pixels.tobytes())
            to.seek(0)
            _write_header(to, (len(self.files) - len(images.broken), *found.form.shape))
        manifest = {
            "source": str(self.root),
            "images": path.name,
            "names": self.names,
            "states": self.states,
            "digests": images.digests,
            "broken": {number: (error.message, error.hint) for number, error in images.broken.items()},
            "form": found.form.to_dict(),
            "deep": found.deep,
            "coarse": found.coarse,
        }
        try:
            write_manifest(self.manifest, manifest)
            # The same images serve who knows their form, such as an evaluation of the network trained on them.
            exactly = self.home / f"{self._stem(Wanted.exactly(found.form))}.json"
            if exactly != self.manifest:
                write_manifest(exactly, {"see": self.manifest.name})
        except OSError:
            path.unlink()
            raise
        if previous not in ("", path.name):
            with contextlib.suppress(OSError):  # on Windows, a file that another process has mapped
                (self.home / previous).unlink()
        return Images(read_npy(self.home, path.name), found, images.broken)

    def _in_memory(self, name: str, found: Survey, strict: bool, needed: int, reason: str) -> Images:
        if needed > memory_bytes():
            raise DataError(
                f"the images need {size_text(needed)}, more than the memory, and their cache cannot be written: {reason}",
                "Use a smaller `size`, or set NNTRAIN_CACHE to a folder with more space.",
                str(self.home),
            )
        x = np.empty((len(self.files), *found.form.shape), np.uint8)
        images, count = Reading(name, self.files, self._sizes, found.form, strict), 0
        for pixels in images:
            x[count] = pixels
            count += 1
        warning = (
            f"the cache of the images cannot be written ({self.home}: {reason}): they stay in memory, "
            f"{size_text(needed)}, and each run reads them again\nhint: Set NNTRAIN_CACHE to a folder that can be written to."
        )
        return Images(x[:count], found, images.broken, warning)

    def _current(self) -> str:
        """The name of the .npy file that the manifest names; empty where there is none."""
        try:
            return str(json.loads(self.manifest.read_bytes())["images"])
        except UNREADABLE:
            return ""


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """NumPy leaves room in it, so that its length does not depend on the number of images."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _digest(file: Path) -> str:
    """Empty for a file that cannot be read, as in the manifest."""
    try:
        return image_files.digest(image_files.read_content(file))
    except DataError:
        return ""
