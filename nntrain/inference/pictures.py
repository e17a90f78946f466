"""Pictures: image files and folders of them as samples of a network, read as its training images were."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nntrain.data.conform.arrays import conform_array, unlabeled
from nntrain.data.conform.unusable import MOST_NAMED, OnError, Unusable, UnusableSamples
from nntrain.data.dataset import Dataset
from nntrain.data.files.download import begin_progress
from nntrain.data.files.opening import similar_name
from nntrain.data.images import image_files
from nntrain.data.images.folders import split_folders, subfolders
from nntrain.data.images.form import ImageForm, form_of
from nntrain.data.images.formats import suffixes
from nntrain.data.images.reading import decoded, report
from nntrain.data.images.walk import PassedOver, images_below, name_text
from nntrain.data.sources.image_folder import ImageFolder
from nntrain.errors import DataError, UserError
from nntrain.inference.given import is_source, read_source
from nntrain.inference.inputs import Samples
from nntrain.inference.predict import Predictions, joined, predict, remarks
from nntrain.inference.trained import Trained
from nntrain.paths import resolved, with_places

ARRAYS = (
    ".csv",
    ".gz",
    ".npy",
    ".npz",
    ".tsv",
    ".parquet",
    ".feather",
    ".xlsx",
    ".jsonl",
    ".ndjson",
)  # which a network trained on image files takes too
AT_ONCE = 1024  # images that are in memory
BYTES_AT_ONCE = 1 << 28
COLUMN = "file"


@dataclass(frozen=True)
class Pictures:
    """Image files, and the form in which the network takes them."""

    form: ImageForm
    names: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    skip: bool = False  # whether broken ones are left out, as a source says


def pictures_of(trained: Trained, inputs: Sequence[str], name: str, sources: bool = True) -> Pictures | None:
    """The image files that `inputs` name: files, folders and, if allowed, sources of images. None where these are other samples.

    Raises UserError.
    """
    if trained.trained_on.unit or trained.trained_on.holds_texts:
        return None
    found = [_pictures(trained, text, name, sources) for text in inputs]
    pictures = [part for part in found if part is not None]
    if not pictures:
        return None
    if len(pictures) < len(found):
        other = inputs[found.index(None)]
        raise UserError(f"images cannot be combined with other samples. Received: {other}", place=name)
    if len({part.form for part in pictures}) > 1:
        raise UserError("the sources differ in `background` or `range`", place=name)
    return replace(
        pictures[0],
        names=[text for part in pictures for text in part.names],
        files=[file for part in pictures for file in part.files],
        notes=tuple(note for part in pictures for note in part.notes),
        skip=all(part.skip for part in pictures),
    )


def _pictures(trained: Trained, text: str, name: str, sources: bool) -> Pictures | None:
    form, path = form_of(trained.trained_on), Path(with_places(text))
    if sources and text == "-":
        return None
    if sources and is_source(text):
        source, folder = read_source(text, name)
        return (
            _of_source(source, folder, _required(trained, form, text))
            if isinstance(source, ImageFolder)
            else None
        )
    if path.is_dir():
        return _below(_required(trained, form, text), text, path)
    suffix = path.suffix.lower()
    trained_on_files = trained.trained_on.image_form is not None
    if suffix not in suffixes() and not (trained_on_files and suffix not in ARRAYS):
        return None
    if not path.exists():
        message = f"no such file in {os.path.abspath(path.parent)}.{similar_name(path)}"
        raise DataError(message.removesuffix("."), place=text)
    return Pictures(_required(trained, form, text), [text], [path])


def _required(trained: Trained, form: ImageForm | None, text: str) -> ImageForm:
    if form is not None:
        return form
    train = trained.trained_on
    if train.is_bytes or len(train.input_shape) < 3:
        reason = f"the network was not trained on images, but on samples of shape {train.input_shape}"
        raise UserError(f"{reason}. Received: image files.", "Pass a CSV, .npz or .npy file.", text)
    raise UserError(
        "the network was trained on numbers in a unit that image files do not have, which hold 0 to 255",
        "Pass an .npz or .npy file in the unit of the training data.",
        text,
    )


def _of_source(source: ImageFolder, folder: Path, form: ImageForm) -> Pictures:
    """The images of its test split, else of its training split, labelled or not."""
    root, passed = resolved(folder, source.path), PassedOver()
    splits = split_folders(source.path, subfolders(source.path, root, passed))
    part = splits.get("test") or splits.get("train") or ""
    found = _below(
        source.in_form(form), os.path.join(source.path, part) if part else source.path, root / part
    )
    return replace(found, skip=source.on_broken == "skip")


def _below(form: ImageForm, name: str, folder: Path) -> Pictures:
    passed = PassedOver()
    files = images_below(folder, passed)
    if not files:
        received = ", ".join(passed.counts) or "none"
        raise DataError(f"expected images. Received: {received}.", place=name)
    names = [os.path.join(name, file.relative_to(folder)) for file in files]
    return Pictures(form, names, files, passed.notes)


def predict_pictures(
    trained: Trained, pictures: Pictures, probabilities: bool = False, on_error: OnError = "stop"
) -> Predictions:
    """One prediction per image file, with the file's name.

    For files that cannot be read there is none, or a blank one, as `on_error` says; for "stop" raises UnusableSamples.
    """
    if pictures.skip and on_error == "stop":
        on_error = "skip"
    broken: dict[int, DataError] = {}
    parts: list[Part] = []
    for piece in _pieces(pictures):
        broken |= piece.broken
        stops = bool(broken) and on_error == "stop"
        found = None if stops or not len(piece.x) else _predicted(trained, piece, probabilities, on_error)
        parts.append((piece, found))
    some = next((found for _, found in parts if found is not None), None)
    if some is None or (broken and on_error == "stop"):
        raise UnusableSamples(*report(broken))
    empty = replace(some.take(np.arange(0)), ids=(COLUMN, ()), remarks=())
    whole = [_answered(piece, found or empty, on_error) for piece, found in parts]
    result = joined([""] * len(whole), whole)
    assert result.ids is not None
    reasons = [f"{error.place}: {error.message}" for error in list(broken.values())[:MOST_NAMED]]
    unusable = Unusable(np.zeros(0, bool), tuple(reasons), len(broken))
    about = remarks([unusable], len(broken), len(pictures.files), on_error)
    return replace(result, ids=None, files=result.ids[1], remarks=(*about, *result.remarks))


def _predicted(trained: Trained, piece: "Piece", probabilities: bool, on_error: OnError) -> Predictions:
    names = tuple(piece.names[row] for row in piece.rows)
    return predict(trained, Samples(samples(trained, piece.x), ids=(COLUMN, names)), probabilities, on_error)


def _answered(piece: "Piece", found: Predictions, on_error: OnError) -> Predictions:
    """With a blank row for each file that cannot be read, if there is to be one."""
    if on_error != "blank":
        return found
    return replace(found.placed(piece.rows, len(piece.names)), ids=(COLUMN, tuple(piece.names)))


def samples(trained: Trained, x: np.ndarray) -> Dataset:
    """Images x (count, height, width, channels) as samples of the network, some of which take them flat."""
    return unlabeled(trained.trained_on, conform_array("images", trained.trained_on, x))


def read_all(pictures: Pictures) -> np.ndarray:
    """(images, height, width, channels) uint8. Raises UnusableSamples for files that cannot be read."""
    pieces = list(_pieces(pictures))
    if broken := {number: error for piece in pieces for number, error in piece.broken.items()}:
        raise UnusableSamples(*report(broken))
    return np.concatenate([piece.x for piece in pieces])


@dataclass(frozen=True)
class Piece:
    """Some of the files."""

    names: list[str]
    rows: np.ndarray  # of those that can be read, counted within the piece
    x: np.ndarray  # (rows, height, width, channels) uint8
    broken: dict[int, DataError]  # the others, by position among all files


Part = tuple[Piece, Predictions | None]


def _pieces(pictures: Pictures) -> Iterator[Piece]:
    count = len(pictures.files)
    size = max(1, min(AT_ONCE, BYTES_AT_ONCE // math.prod(pictures.form.shape)))
    progress = begin_progress(f"Reading {count:,} images") if count > size else None
    for start in range(0, count, size):
        with image_files.strict_about_size():
            found = list(decoded(pictures.files[start : start + size], pictures.form))
        readable = [image.pixels for image in found if image.pixels is not None]
        yield Piece(
            [name_text(name) for name in pictures.names[start : start + size]],
            np.array([row for row, image in enumerate(found) if image.pixels is not None], np.int64),
            np.stack(readable) if readable else np.empty((0, *pictures.form.shape), np.uint8),
            {start + row: image.error for row, image in enumerate(found) if image.error is not None},
        )
        if progress is not None:
            progress(min(start + size, count), count)
