"""Picture: the base class of all pictures of a run. A subclass in a module of this folder registers itself by its name."""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from nntrain.errors import DataError

if TYPE_CHECKING:
    from nntrain.network.network import Network
    from nntrain.training.setup import Setup

Moment = Literal["during", "start", "end"]


class Subject:
    """What pictures are computed from: a prepared config, and the trained network, which is made when a picture asks for it."""

    def __init__(self, setup: "Setup", trained: "Callable[[], Network]"):
        self.setup = setup
        self._trained = trained

    @cached_property
    def network(self) -> "Network":
        """The network with the parameters of the best checkpoint; available at the end of training."""
        return self._trained()

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The outputs (samples, ...) of the network for new inputs (samples, *input_shape) in the units of the training data."""
        from nntrain.data.conform.arrays import unlabeled
        from nntrain.inference.evaluate import predictions

        train = self.setup.splits.train
        return predictions(self.network, unlabeled(train, x.astype(train.x.dtype)))


class Picture(ABC):
    """A picture of a run, drawn from the run folder alone, so that it can be redrawn at any time.

    `class Loss(Picture, name="loss")` registers the picture; its files are NAME.png and, for its arrays, NAME.npz. Importing
    a module of pictures loads neither matplotlib nor numba: `collect` and `draw` import what they need.
    """

    name: ClassVar[str]
    title: ClassVar[str]  # one sentence: what the picture shows
    files: ClassVar[tuple[str, ...]]  # by default NAME.png
    moment: ClassVar[Moment] = "end"  # "during": redrawn while training; "start", "end": drawn once

    def __init_subclass__(cls, *, name: str, **options: object):
        super().__init_subclass__(**options)
        if name in registered:
            raise TypeError(
                f"two pictures are named {name!r}: {registered[name].__qualname__} and {cls.__qualname__}"
            )
        cls.name = name
        cls.files = cls.__dict__.get("files", (f"{name}.png",))
        registered[name] = cls

    @property
    def stored(self) -> str:
        """The file of the run folder that holds the arrays of `collect`."""
        return f"{self.name}.npz"

    @abstractmethod
    def applies(self, subject: Subject) -> bool:
        """Whether a run of this setup has this picture. Cheap; called at the start of training."""

    def collect(self, subject: Subject) -> dict[str, np.ndarray] | None:
        """The arrays that `draw` needs, computed in the training process; None where the run's tables suffice."""
        return None

    def can_draw(self, folder: Path) -> bool:
        """Whether a run folder holds what `draw` needs."""
        return (folder / self.stored).is_file()

    @abstractmethod
    def draw(self, folder: Path) -> None:
        """Draws `files` from the contents of the run folder; the same contents give the same bytes. Raises UserError."""

    def arrays(self, folder: Path) -> dict[str, np.ndarray]:
        """The stored arrays. Raises DataError where the file is missing or corrupt."""
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

    def __init__(self, path: Path, arrays: "np.lib.npyio.NpzFile"):
        super().__init__(arrays)
        self.path = path

    def __missing__(self, name: str) -> np.ndarray:
        raise DataError(f"missing array: {name!r}", place=str(self.path))


registered: dict[str, type[Picture]] = {}
