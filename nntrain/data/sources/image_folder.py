"""Image folders: one folder of images per class, cached as bytes and memory-mapped."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.files.opening import resolved
from nntrain.data.images import image_files
from nntrain.data.images.cache import cached
from nntrain.data.images.folders import scan
from nntrain.data.images.image_files import ImageInfo
from nntrain.errors import DataError
from nntrain.options import Several, mistake, shown

READ_AHEAD = 256  # images that threads read ahead of the one being written
Side = Annotated[int, Field(ge=1, le=8192)]


class ImageFolder(Reader, name="image_folder"):
    """Your own images, one folder per class: PNG, JPEG, GIF, BMP or WebP.

    The classes are the folders' names in alphabetical order. Folders named `train`, `test` and `validation` (or `val`) are splits
    that hold the folders of the classes.

    All images are resized to one size once and cached as bytes in `$NNTRAIN_CACHE/images`, or `~/.cache/nntrain/images`, from where
    they are memory-mapped: they may be larger than memory. A changed file renews the cache.
    """

    example: ClassVar = {"path": "photographs", "size": [64, 64]}

    path: str = Field(min_length=1, description="the folder of the classes' folders")
    size: Side | Annotated[Several[Side], Field(json_schema_extra={"minItems": 2, "maxItems": 2})] | None = (
        Field(
            None,
            description="[height, width] that all images are resized to, or one number for both; default: the size that all "
            "images have",
        )
    )
    channels: Literal["auto", 1, 3] = Field("auto", description="1: grey; 3: colour; auto: as all images are")

    @field_validator("size")
    @classmethod
    def _two_sides(cls, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) != 2:
            raise mistake(f"expected [height, width]. Received: {list(value)}.")
        return value

    @field_validator("channels", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # equal to 1 in Python
            raise mistake(f"expected 1, 3 or 'auto'. Received: {shown(value)}.")
        return value

    def load(self, folder: Path) -> Splits:
        root = resolved(folder, self.path)
        parts = scan(self.path, root)
        files = [file for part in parts.values() for file in part.files]
        x = cached(root, files, (self.size, self.channels), self._read)
        splits, start = {}, 0
        for name, part in parts.items():
            splits[name] = Dataset(x[start : start + len(part.files)], part.labels, part.classes)
            start += len(part.files)
        return Splits(**splits)

    def _read(self, files: list[Path]) -> tuple[tuple[int, ...], Iterator[np.ndarray]]:
        """The shape of all images together, and the images one by one."""
        with ThreadPoolExecutor() as threads:
            infos = [info for some in _pieces(files) for info in threads.map(image_files.read_info, some)]
        size, channels = self._size(files, infos), self._channels(files, infos)

        def images() -> Iterator[np.ndarray]:
            with ThreadPoolExecutor() as threads:
                for some in _pieces(files):
                    yield from threads.map(lambda file: image_files.read(file, size, channels), some)

        return (len(files), *size, channels), images()

    def _size(self, files: list[Path], infos: list[ImageInfo]) -> tuple[int, int]:
        if isinstance(self.size, tuple):
            return self.size[0], self.size[1]
        if self.size is not None:
            return self.size, self.size
        sizes = [(info.height, info.width) for info in infos]
        other = next((number for number, size in enumerate(sizes) if size != sizes[0]), None)
        if other is not None:
            raise DataError(
                f"the images have different sizes: {files[0]} is {sizes[0][0]} x {sizes[0][1]}, {files[other]} is "
                f"{sizes[other][0]} x {sizes[other][1]}",
                "Set `size: [height, width]` to resize all images.",
                self.path,
            )
        return sizes[0]

    def _channels(self, files: list[Path], infos: list[ImageInfo]) -> int:
        if self.channels != "auto":
            return self.channels
        other = next((number for number, info in enumerate(infos) if info.colour != infos[0].colour), None)
        if other is not None:
            grey, colour = (other, 0) if infos[0].colour else (0, other)
            raise DataError(
                f"the images differ in channels: {files[grey]} is grey, {files[colour]} is in colour",
                "Set `channels: 1` or `channels: 3` for all images.",
                self.path,
            )
        return 3 if infos[0].colour else 1


def _pieces(files: list[Path]) -> Iterator[list[Path]]:
    for start in range(0, len(files), READ_AHEAD):
        yield files[start : start + READ_AHEAD]
