"""Served: a trained network, and what a server needs to know of the samples that it takes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nntrain.data.images.form import ImageForm, form_of
from nntrain.data.sources.digits import Digits
from nntrain.data.sources.mnist import Mnist
from nntrain.data.tables.dates import DateParts, dates_of, parts_among
from nntrain.data.tables.features import OneHot, columns
from nntrain.data.words import Words, words_among
from nntrain.heads import Head
from nntrain.inference.predict import RECONSTRUCTION_ERROR, gives_probabilities, target_names
from nntrain.inference.trained import Trained
from nntrain.losses.weighted_sum import WeightedSum

Kind = Literal["text", "image", "table", "array"]
COLOURS = (1, 3)


@dataclass(frozen=True)
class Column:
    """An input column: a number, whose mean and standard deviation are known if it was standardized, a category, a date, or a text."""

    name: str
    start: int  # the position of its first feature
    text: OneHot | None
    mean: float | None = None
    std: float | None = None
    date: DateParts | None = None
    words: Words | None = None

    @property
    def moment(self) -> str:
        """What a date holds: month, date, date-time or time; empty for other columns."""
        if self.date is None:
            return ""
        cycles = {part.split()[0] for part in self.date.parts}
        if "year" not in cycles:
            return "time"
        return "date-time" if "hour" in cycles else "date" if "weekday" in cycles else "month"


@dataclass(frozen=True)
class Picture:
    """Images as an array of numbers: their shape, the number that stands for white, and how those of the training were made."""

    height: int
    width: int
    channels: int
    white: float
    bright: bool  # strokes are bright on a dark ground
    box: tuple[int, int] | None = None  # the height and width of the box into which a drawn digit is scaled
    centre: Literal["mass", "box"] = "box"


class Served:
    """A trained network under a name."""

    def __init__(self, trained: Trained, name: str):
        self.trained, self.name = trained, name
        self.data = trained.trained_on
        self.form: ImageForm | None = form_of(self.data)  # of image files; None where it takes none

    @cached_property
    def kind(self) -> Kind:
        if self.data.unit:
            return "text"
        if self.picture is not None:
            return "image"
        return "table" if self.columns and not self.sequential else "array"

    @property
    def sequential(self) -> bool:
        data = self.data
        return data.lengths is not None or data.per_step or data.consecutive or len(data.input_shape) != 1

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table; empty where they have no names."""
        data = self.data
        if not data.feature_names:
            return ()
        known = self.trained.config.data.standardize and len(data.shift) == len(data.feature_names)
        bent = {curve.place for curve in data.curves}
        found: list[Column] = []
        dates = dates_of(data.feature_names)
        for name, start, text in words_among(columns(data.feature_names, data.one_hot), data.words):
            if isinstance(text, Words):
                found.append(Column(name, start, None, words=text))
            elif name in dates:
                parts = parts_among(data.feature_names, dates[name])
                if not found or found[-1].name != dates[name]:
                    found.append(Column(dates[name], start, None, date=DateParts(dates[name], parts, start)))
            elif known and text is None and start not in bent and data.scale is not None:
                found.append(
                    Column(name, start, text, float(data.shift[start]), float(1 / data.scale[start]))
                )
            else:
                found.append(Column(name, start, text))
        return tuple(found)

    @cached_property
    def picture(self) -> Picture | None:
        """The samples as images, where they are some."""
        shape, source = self.data.input_shape, self.trained.config.data.source
        if isinstance(source, Digits):  # scaled to the height of 8, as its authors did
            return Picture(8, 8, 1, 1.0, True, (8, 8), "box")
        white = 255.0 if self.data.is_bytes else 1.0
        if self.form is not None:
            dark_ground = self.data.image_form is None or self.form.background < (128, 128, 128)
            box = (20, 20) if isinstance(source, Mnist) else None
            return Picture(*self.form.shape, white, dark_ground, box, "mass" if box else "box")
        if len(shape) == 3 and shape[2] in COLOURS and not self.columns:
            return Picture(*shape, white, True)
        return None

    @property
    def classes(self) -> tuple[str, ...]:
        return () if self.data.unit else self.data.classes

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the numbers that it predicts; empty for classes."""
        if self.data.classes or self.data.heads:
            return ()
        if self.trained.reconstructs:
            return (RECONSTRUCTION_ERROR,)
        return self.trained.config.loss.value_names(target_names(self.data))

    @property
    def heads(self) -> tuple[tuple[Head, tuple[str, ...]], ...]:
        """Several targets of different kinds, and the names of the numbers that are predicted for each."""
        loss = self.trained.config.loss
        return (
            tuple((term.head, term.names()) for term in loss.terms) if isinstance(loss, WeightedSum) else ()
        )

    @property
    def head_names(self) -> list[str]:
        """The keys of a prediction of several targets."""
        return [name for head, names in self.heads for name in ((head.name,) if head.classes else names)]

    @property
    def probabilistic(self) -> bool:
        """Whether it can tell the probability of each class."""
        if self.data.heads:
            return gives_probabilities(self.trained.config.loss)
        return bool(self.classes) and self.trained.config.loss.probabilistic

    @property
    def plain(self) -> bool:
        """Whether arrays of its samples need nothing but scaling: no gaps to fill, no steps to pad."""
        data = self.data
        needs_more = data.unit or data.vocabulary or data.per_step or data.consecutive
        return not (needs_more or data.lengths is not None or data.fill is not None or data.curves)
