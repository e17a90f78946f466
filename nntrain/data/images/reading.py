"""Reading: the form that many image files have in common, then their pixels, a few at a time."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from nntrain.data.files.download import begin_progress
from nntrain.data.images import image_files
from nntrain.data.images.form import WHITE, ImageForm
from nntrain.data.images.image_files import ImageInfo
from nntrain.errors import DataError

T = TypeVar("T")
Headers = Sequence[tuple[Path, ImageInfo]]

READ_AHEAD = 256  # images that threads read ahead of the one in use,
READ_AHEAD_BYTES = 1 << 28  # unless they are larger than this together
THREADS = min(8, os.cpu_count() or 1)  # each holds one image of the file's own size
MOST_REPORTED = 10  # broken images in one error


@dataclass(frozen=True)
class Wanted:
    """What is known of the images' form beforehand; None is taken from the images."""

    size: tuple[int, int] | None = None
    channels: int | None = None
    background: tuple[int, int, int] = WHITE
    range: tuple[float, float] | None = None

    @classmethod
    def exactly(cls, form: ImageForm) -> "Wanted":
        return cls((form.height, form.width), form.channels, form.background, form.range)


@dataclass(frozen=True)
class Survey:
    """What the headers of the files say."""

    form: ImageForm
    deep: int = 0  # images of more than 8 bits per value
    coarse: int = 0  # images of 16 bits per value of which the upper 8 are read


@dataclass(frozen=True)
class Decoded:
    """An image file: its pixels (height, width, channels) uint8, or why it has none; and a hash of its contents."""

    pixels: np.ndarray | None
    error: DataError | None
    digest: str


def survey(name: str, files: Sequence[Path], wanted: Wanted) -> Survey:
    """The form of all images that can be read. Raises DataError at `name` where they have none in common."""
    infos = list(_in_threads(_attempting(image_files.read_info, wanted.size is None), files))
    readable = [(file, info) for file, info in zip(files, infos, strict=True) if isinstance(info, ImageInfo)]
    if not readable:
        errors = enumerate(info for info in infos if isinstance(info, DataError))
        raise broken_error(name, dict(errors))
    size = wanted.size or _common_size(name, readable)
    channels = wanted.channels or _common_channels(name, readable)
    deep = [file for file, info in readable if info.deep]
    low_high = wanted.range or _common_range(deep)
    form = ImageForm(*size, channels, wanted.background, low_high)
    return Survey(form, len(deep), sum(info.coarse for _, info in readable))


class Reading:
    """One pass over image files: iterates over the pixels of those that can be read, and keeps what is known of all.

    `sizes` are those of the files, in bytes, for the progress. Raises DataError at the end for images that cannot be read, if
    `strict` or if they are all.
    """

    def __init__(
        self,
        name: str,
        files: Sequence[Path],
        sizes: Sequence[int],
        form: ImageForm,
        strict: bool,
        to: str = "",
    ):
        self.name, self.files, self.sizes, self.form, self.strict = name, files, sizes, form, strict
        self.to = to  # where the images go, in words
        self.broken: dict[int, DataError] = {}  # by position among the files
        self.digests: list[str] = []  # of the contents of each file

    def __iter__(self) -> Iterator[np.ndarray]:
        total = sum(self.sizes)
        progress = begin_progress(f"Reading {len(self.files):,} images ({total / 1e6:.1f} MB){self.to}")
        done = 0
        for number, (found, size) in enumerate(zip(decoded(self.files, self.form), self.sizes, strict=True)):
            self.digests.append(found.digest)
            if found.error is not None:
                self.broken[number] = found.error
            elif found.pixels is not None and not (self.strict and self.broken):
                yield found.pixels
            done += size
            progress(done, total)
        if self.broken and (self.strict or len(self.broken) == len(self.files)):
            raise broken_error(self.name, self.broken)


def decoded(files: Sequence[Path], form: ImageForm) -> Iterator[Decoded]:
    """The files in their order, read by threads that never hold more than a few images of the files' own sizes."""

    def read(file: Path) -> Decoded:
        digest = ""
        try:
            content = image_files.read_content(file)
            digest = image_files.digest(content)
            return Decoded(image_files.read(file, content, form), None, digest)
        except DataError as error:
            return Decoded(None, error, digest)

    fitting = READ_AHEAD_BYTES // (form.height * form.width * form.channels)
    return _in_threads(read, files, max(1, min(READ_AHEAD, fitting)))


def broken_error(name: str, errors: Mapping[int, DataError]) -> DataError:
    """One error for all images that cannot be read, for a source."""
    message, hint, place = report(errors, name)
    return DataError(message, f"{hint.rstrip('.')}, or set `on_broken: skip`.", place)


def report(errors: Mapping[int, DataError], name: str = "") -> tuple[str, str, str]:
    """Message, hint and place of one error for all images that cannot be read; a single one keeps its own."""
    first, *others = errors.values()
    if not others:
        return first.message, first.hint or "Remove the file.", first.place
    shown = [first, *others][:MOST_REPORTED]
    lines = [f"  {error.place}: {error.message}" for error in shown]
    if more := len(errors) - len(shown):
        lines.append(f"  and {more:,} more")
    message = "\n".join([f"{len(errors):,} images cannot be read:", *lines])
    return message, "Replace or remove them.", name


def _in_threads(function: Callable[[Path], T], files: Sequence[Path], ahead: int = READ_AHEAD) -> Iterator[T]:
    with ThreadPoolExecutor(min(THREADS, ahead)) as threads:
        for start in range(0, len(files), ahead):
            yield from threads.map(function, files[start : start + ahead])


def _attempting(function: Callable[..., T], *arguments: object) -> Callable[[Path], T | DataError]:
    """The function of a file, with the errors of bad files as values."""

    def attempt(file: Path) -> T | DataError:
        try:
            return function(file, *arguments)
        except DataError as error:
            return error

    return attempt


def _common_size(name: str, readable: Headers) -> tuple[int, int]:
    first, expected = readable[0]
    for file, info in readable:
        if (info.height, info.width) != (expected.height, expected.width):
            raise DataError(
                f"the images have different sizes: {first} is {expected.height} x {expected.width}, {file} is "
                f"{info.height} x {info.width}",
                "Set `size: [height, width]` to resize all images.",
                name,
            )
    return expected.height, expected.width


def _common_channels(name: str, readable: Headers) -> int:
    kinds = {info.colour: file for file, info in reversed(readable)}
    if len(kinds) == 2:
        raise DataError(
            f"the images differ in channels: {kinds[False]} is grey, {kinds[True]} is in colour",
            "Set `channels: 1` or `channels: 3` for all images.",
            name,
        )
    return 3 if True in kinds else 1


def _common_range(deep: Sequence[Path]) -> tuple[float, float] | None:
    """The smallest and the largest value of images with more than 8 bits; None where there are none."""
    ranges = [
        found
        for found in _in_threads(_attempting(image_files.read_range), deep, THREADS)
        if not isinstance(found, DataError)
    ]
    if not ranges:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)
