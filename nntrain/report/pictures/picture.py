"""Picture: the base class of all pictures. A subclass in a module below this folder registers itself by its name."""

import dataclasses
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, dataclass_transform

import numpy as np

from nntrain.errors import DataError
from nntrain.report.pictures.drawing import animation, canvas

if TYPE_CHECKING:
    from nntrain.report.pictures.subject import Subject
    from nntrain.search.groups import Group

Moment = Literal["during", "start", "end", "asked"]
Takes = Literal["config", "run", "names", "crossval", "sweep"]


def option(default: Any, help: str) -> Any:
    """An option of a picture: a typed field of its class, and on the command line `--NAME VALUE` with this help."""
    return dataclasses.field(default=default, metadata={"help": help})


@dataclass_transform(kw_only_default=True, field_specifiers=(option,))
class Picture(ABC):
    """A picture of a config, of a run, or of several runs: arrays that `collect` computes, and a figure that `figure` draws from them.

    `class Confusion(Picture, name="confusion")` registers the picture for `nntrain plot confusion`. Its options are typed fields.
    The two steps are apart, so that a run can collect while it has its network and data, and another process can draw.
    Importing a module of pictures loads neither matplotlib nor numba: `collect` and `figure` import what they need.
    The same arrays give the same bytes.
    """

    name: ClassVar[str]
    title: ClassVar[str]  # one sentence: what the picture shows
    takes: ClassVar[tuple[Takes, ...]] = (
        "run",
    )  # what it can be drawn of; "names" are passed as the option `names`, for `compute`
    of_runs: ClassVar[str] = ""  # the picture that is drawn instead where one of names is given runs
    of_sweeps: ClassVar[str] = ""  # the picture that is drawn instead of a sweep
    applies_to: ClassVar[str] = (
        ""  # what `applies` demands, such as "classifiers"; for the error where it does not
    )
    hint: ClassVar[str] = ""  # how a config or run comes to have it
    costly: ClassVar[bool] = (
        False  # takes more than a few seconds, so that only asking for it by name draws it
    )
    several: ClassVar[bool] = False  # whether it shows several runs together
    moment: ClassVar[Moment] = (
        "asked"  # "during": redrawn while training; "start", "end": drawn once by `fit`
    )
    files: ClassVar[tuple[str, ...]]  # what `fit` draws, in the run folder; by default plots/NAME.png
    suffixes: ClassVar[tuple[str, ...]] = (".png", ".svg")  # of the files that it can be written to

    def __init_subclass__(cls, *, name: str, **options: object):
        super().__init_subclass__(**options)
        if name in registered:
            raise TypeError(
                f"two pictures are named {name!r}: {registered[name].__qualname__} and {cls.__qualname__}"
            )
        cls.name = name
        cls.files = cls.__dict__.get("files", (f"{FOLDER}/{name}.png",))
        registered[name] = dataclasses.dataclass(kw_only=True, eq=False)(cls)

    @property
    def stored(self) -> str:
        """The file of the run folder that holds the arrays of `collect`, where `fit` draws the picture."""
        return f"{FOLDER}/{self.name}.npz"

    @property
    def group_taken(self) -> "Group | None":
        """The kind of group of runs that it is drawn of; None for a picture of anything else."""
        return next((each for each in self.takes if each == "crossval" or each == "sweep"), None)

    @property
    def group(self) -> str:
        """The folder of the picture's module, such as "training"."""
        return type(self).__module__.removeprefix(f"{__package__}.").split(".")[0]

    def applies(self, subject: "Subject") -> bool:
        """Whether it can be drawn of this config or run, with its options at their defaults. Cheap."""
        return True

    def collect(self, subject: "Subject") -> Mapping[str, np.ndarray] | None:
        """The arrays that `figure` needs; None where the run's tables suffice. Raises UserError with the reason where it cannot."""
        return None

    def compute(self) -> Mapping[str, np.ndarray]:
        """The arrays of a picture of names, from the option `names`. Raises UserError for a name that is not known."""
        raise NotImplementedError

    @abstractmethod
    def figure(self, *drawn: "Drawn") -> Any:
        """The matplotlib Figure, one `Drawn` per config or run, or one for all names. Called within `canvas.styled`. Raises UserError."""

    def frames(self, *drawn: "Drawn") -> Iterable[Any]:
        """The figures of an animation, for a picture whose `suffixes` include .gif and .webp."""
        raise NotImplementedError

    def write(self, path: Path, *drawn: "Drawn", style: canvas.Style = "light") -> None:
        """Draws into a file whose suffix is one of `suffixes`. Raises UserError."""
        with canvas.styled(style):
            if path.suffix in animation.SUFFIXES:
                animation.save_animation(self.frames(*drawn), path)
            else:
                canvas.save(self.figure(*drawn), path)

    def draw_stored(self, folder: Path) -> None:
        """Draws `files` from the contents of a run folder alone."""
        drawn = Drawn(folder.resolve().name, self.stored_arrays(folder), folder)
        with canvas.styled("light"):
            figure = self.figure(drawn)
            for file in self.files:
                (folder / file).parent.mkdir(exist_ok=True)
                canvas.save(figure, folder / file)

    def stored_arrays(self, folder: Path) -> "Arrays":
        """The stored arrays; none for a picture that is drawn from the run's tables. Raises DataError if the file is missing or corrupt."""
        if type(self).collect is Picture.collect:
            return Arrays(folder)
        path = folder / self.stored
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return Arrays(path, arrays)
        except FileNotFoundError:
            raise DataError(
                "no such file", "train the run again to draw this picture", place=str(path)
            ) from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            raise DataError("the file is corrupt or not an .npz archive", place=str(path)) from None


class Arrays(dict[str, np.ndarray]):
    """Arrays by name; a missing one is a DataError that names the file."""

    def __init__(self, path: Path, arrays: "Mapping[str, np.ndarray] | np.lib.npyio.NpzFile" = {}):  # noqa: B006
        super().__init__(arrays)
        self.path = path

    def __missing__(self, name: str) -> np.ndarray:
        raise DataError(f"missing array: {name!r}", place=str(self.path))


@dataclasses.dataclass(frozen=True)
class Drawn:
    """What a figure is drawn from: the collected arrays of a config or a run, by whose name it is titled."""

    name: str
    arrays: Arrays
    folder: Path | None = None  # of a run

    @property
    def run(self) -> Path:
        """The run folder, for a picture that is drawn from its tables."""
        assert self.folder is not None, "a picture of tables takes runs"
        return self.folder


FOLDER = "plots"  # of a run folder
registered: dict[str, type[Picture]] = {}
