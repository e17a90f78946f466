"""Image folders: one folder of images per class, or a table of labels; cached as bytes and memory-mapped."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from nntrain.data.arrays import Task, task_like
from nntrain.data.dataset import Dataset, Reader, Splits
from nntrain.data.images.blank import blank_warnings
from nntrain.data.images.cache import ImageCache, Images
from nntrain.data.images.folders import ImageOrigin, LabelledFiles, Scan, scan
from nntrain.data.images.form import ImageForm, form_of
from nntrain.data.images.label_table import LabelColumns, Rows
from nntrain.data.images.labels import scan_labelled
from nntrain.data.images.reading import Wanted, broken_error
from nntrain.data.images.walk import counted, name_text
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.csv_file import CsvFile, Name
from nntrain.errors import DataError
from nntrain.options import PathName, Several, mistake, shown
from nntrain.paths import resolved

Side = Annotated[int, Field(ge=1, le=8192)]
Byte = Annotated[int, Field(ge=0, le=255)]
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}
LISTS = {"size": ("height", "width"), "background": ("red", "green", "blue"), "range": ("low", "high")}
MOST_NAMED = 3  # of the images that are left out


def exactly(count: int) -> Any:
    """The number of entries of a list, for the JSON Schema."""
    return Field(json_schema_extra={"minItems": count, "maxItems": count})


class ImageFolder(Reader, name="image_folder"):
    """Your own images, one folder per class or with a CSV file of `labels`.

    PNG, JPEG, GIF, BMP, WebP, TIFF and the other formats that Pillow reads. The classes are the folders' names in alphabetical order.
    Folders named `train` (or `training`), `test` (`testing`) and `validation` (`valid`, `val`), in capitals or not, are splits that
    hold the folders of the classes. The folders inside a class belong to it, linked ones included. Hidden files, thumbnails
    (`@eaDir`, `__MACOSX`) and files of other formats are passed over and counted.

    All images are resized to one size once and cached as bytes in `$NNTRAIN_CACHE/images`, or `~/.cache/nntrain/images`, from where
    they are memory-mapped: they may be larger than memory. A changed file renews the cache. EXIF orientation is applied; of several
    frames the first is read.
    """

    example: ClassVar = {"path": "photographs", "size": [64, 64]}

    path: PathName = Field(min_length=1, description="the folder of the classes' folders")
    size: Side | Annotated[Several[Side], exactly(2)] | None = Field(
        None,
        description="[height, width] that all images are resized to, or one number for both; default: the size that all "
        "images have",
    )
    channels: Literal["auto", 1, 3] = Field("auto", description="1: grey; 3: colour; auto: as all images are")
    background: Literal["white", "black"] | Annotated[Several[Byte], exactly(3)] = Field(
        "white",
        description="the colour that shows through transparent pixels; or [red, green, blue], each 0 to 255",
    )
    range: Annotated[Several[float], exactly(2)] | None = Field(
        None,
        description="[low, high], the values that become 0 and 255 in images with more than 8 bits per value; default: "
        "the smallest and the largest value of all of them",
    )
    on_broken: Literal["stop", "skip"] = Field(
        "stop",
        description="what to do about images that cannot be read, or that are missing where `labels` names them: stop with one "
        "error for all of them, or leave them out",
    )
    labels: PathName | None = Field(
        None,
        min_length=1,
        description="a CSV file with a line per image: its file and its label; folders are then no classes. Files are paths below "
        "`path`, or names, with suffix or without",
    )
    file: Name | None = Field(
        None, description="the column of `labels` with the files; default: the one that names images"
    )
    label: Name | None = Field(
        None,
        description="the column of `labels` to predict; default: the only other one, or one named label, class, category or target",
    )
    split: Name | None = Field(
        None,
        description="the column of `labels` that says train, validation or test; default: the folders of these names, if the "
        "images are in such",
    )
    task: Task = Field(
        "auto",
        description="whether labels are classes or numbers; auto: text, and whole numbers with at most 20 distinct values, are "
        "classes. Requires `labels`",
    )

    @field_validator("on_broken", mode="before")
    @classmethod
    def _as_in_version_0_1(cls, value: Any) -> Any:
        return "stop" if value == "error" else value

    @model_validator(mode="after")
    def _labels_for_columns(self) -> "ImageFolder":
        if self.labels is None:
            for name in ("file", "label", "split"):
                if getattr(self, name) is not None:
                    raise mistake(
                        f"`{name}` requires `labels`, whose column it is", "Set `labels` to a CSV file."
                    )
            if self.task != "auto":
                raise mistake("`task` requires `labels`: folders are classes", "Remove `task`.")
        return self

    @field_validator(*LISTS)
    @classmethod
    def _as_many_entries(cls, value: Any, info: ValidationInfo) -> Any:
        entries = LISTS[str(info.field_name)]
        if isinstance(value, tuple) and len(value) != len(entries):
            raise mistake(f"expected [{', '.join(entries)}]. Received: {list(value)}.")
        return value

    @field_validator("channels", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> Any:
        if isinstance(value, bool):  # equal to 1 in Python
            raise mistake(f"expected 1, 3 or 'auto'. Received: {shown(value)}.")
        return value

    def load(self, folder: Path) -> Splits:
        return self._load(folder)

    def load_like(self, folder: Path, train: Dataset) -> Splits:
        """In the form of the images of `train`, whatever the sizes of these; a class without images may be missing."""
        source = (
            self if self.labels is None else self.model_copy(update={"task": task_like(self.task, train)})
        )
        return source._load(folder, form_of(train), train.classes)

    def _load(self, folder: Path, form: ImageForm | None = None, classes: tuple[str, ...] = ()) -> Splits:
        root = resolved(folder, self.path)
        found = self.scan_files(folder, classes)
        images = self._images(root, found.files, form)
        notes = (*found.notes, *found.passed.notes, *_notes(root, found.files, images))
        warnings = (*found.warnings, *((images.warning,) if images.warning else ()))
        splits, first, row = {}, 0, 0
        for name, part in found.parts.items():
            kept = part.without({number - first for number in images.broken})
            x = images.x[row : row + len(kept.files)]
            first, row = first + len(part.files), row + len(kept.files)
            splits[name] = Dataset(
                x,
                kept.labels,
                kept.classes,
                target_names=kept.target_names,
                image_form=images.form,
                origin=ImageOrigin(kept.files),
                notes=notes,
                warnings=(*warnings, *_blank_warnings(name, x, kept)),
            )
        return Splits(**splits)

    def scan_files(self, folder: Path, classes: tuple[str, ...] = ()) -> Scan:
        """The images with their labels, by split, without reading them. Raises DataError."""
        root = resolved(folder, self.path)
        if self.labels is None:
            return scan(self.path, root, classes)
        if not resolved(folder, self.labels).exists() and (root / self.labels).is_file():
            raise DataError(
                f"no such file in {folder.absolute()}",
                f"Set `labels: {self.path}/{self.labels}`: paths count from the folder of the config.",
                self.labels,
            )
        columns = LabelColumns(self.labels, self.file, self.label, self.split, self.task)
        return scan_labelled(
            self.path, root, columns, partial(read_table, folder, self.labels), self.on_broken == "stop"
        )

    def _images(self, root: Path, files: list[Path], form: ImageForm | None) -> Images:
        """From the cache, else from the files. Raises DataError."""
        cache = ImageCache(root, files, self.wanted())
        images = cache.find()
        if form is not None and (images is None or images.form != form):
            cache = ImageCache(root, files, Wanted.exactly(self.in_form(form)))
            images = cache.find()
        strict = self.on_broken == "stop"
        if images is None:
            return cache.fill(self.path, strict)
        if strict and images.broken:
            raise broken_error(self.path, images.broken)
        return images

    def without_labels(self, path: str) -> "ImageFolder":
        """The same for another folder, with one folder per class."""
        columns = dict.fromkeys(("labels", "file", "label", "split"))
        return self.model_copy(update={**columns, "task": "auto", "path": path})

    def wanted(self) -> Wanted:
        size = (self.size, self.size) if isinstance(self.size, int) else self.size
        red, green, blue = self.background if isinstance(self.background, tuple) else COLOURS[self.background]
        return Wanted(
            None if size is None else (size[0], size[1]),
            None if self.channels == "auto" else self.channels,
            (red, green, blue),
            None if self.range is None else (self.range[0], self.range[1]),
        )

    def in_form(self, form: ImageForm) -> ImageForm:
        """The form of a training's images with this source's own background and range. Raises DataError for another size."""
        own = self.wanted()
        for option, wanted, expected in (
            ("size", own.size, (form.height, form.width)),
            ("channels", own.channels, form.channels),
        ):
            if wanted is not None and wanted != expected:
                raise DataError(
                    f"{option}: expected {_plain(expected)}, as in training. Received: {_plain(wanted)}.",
                    "Remove the option: images are read as in training.",
                    self.path,
                )
        if "background" in self.model_fields_set:
            form = replace(form, background=own.background)
        return form if own.range is None else replace(form, range=own.range)


def _blank_warnings(name: str, x: np.ndarray, part: LabelledFiles) -> tuple[str, ...]:
    labels = part.labels if part.classes else np.zeros(len(x), np.int32)
    return blank_warnings(name, x, labels, part.classes or ("",))


def read_table(folder: Path, path: str, header: bool) -> tuple[CsvFile, Rows]:
    """A CSV file and its rows."""
    source = Csv(path=path, header=header)
    with source.rows(folder) as rows:
        file = source.begin(rows)
        return file, list(file.rows)


def _plain(value: int | tuple[int, int]) -> str:
    return str(list(value) if isinstance(value, tuple) else value)


def _notes(root: Path, files: list[Path], images: Images) -> tuple[str, ...]:
    found = []
    if images.broken:
        names = [name_text(files[number].relative_to(root)) for number in images.broken]
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        found.append(
            f"left out: {counted(len(names), 'image')} that cannot be read: {', '.join(names[:MOST_NAMED])}{more}"
        )
    if images.survey.deep and images.form.range is not None:
        low, high = images.form.range
        found.append(
            f"{counted(images.survey.deep, 'image')} of more than 8 bits: {low:,g} to {high:,g} become 0 to 255 (`range`)"
        )
    if images.survey.coarse:
        found.append(f"{counted(images.survey.coarse, 'image')} of 16 bits: the upper 8 are used")
    return tuple(found)
