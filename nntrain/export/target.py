"""Target: the base class of the forms in which a network is exported."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nntrain.data.dataset import Splits
from nntrain.errors import UserError
from nntrain.export.program import Program, Step
from nntrain.inference.trained import Trained


@dataclass(frozen=True)
class Exported:
    """Files by name, the main one first, and what to tell about them."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    exact: bool = True  # False: rounded on purpose, so that its results are not compared with the network's


@dataclass(frozen=True)
class Request:
    """What to write, and how."""

    program: Program
    stem: str  # of the file names
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  # of the target: those of `Target.options` that were given
    trained: Trained | None = None  # what the program was made of
    splits: Callable[[], Splits] | None = (
        None  # reads the data of the training, for what has to be measured on them
    )


class Target(ABC):
    """A form of exported networks. Options that only one target has are in `options`."""

    name: ClassVar[str]
    suffix: ClassVar[str]  # of the main file
    options: ClassVar[tuple[str, ...]] = ()  # that it has beside `logits`
    tolerance: ClassVar[float] = 1e-5  # how far the outcome may be from that of `predict`

    @abstractmethod
    def write(self, request: Request) -> Exported:
        """Raises NotExpressible for a layer that the form does not have."""

    def taken(self, x: np.ndarray) -> np.ndarray:
        """Samples x in the precision in which the form takes them."""
        return x

    @abstractmethod
    def run(self, exported: Exported, program: Program, x: np.ndarray) -> np.ndarray | None:
        """The outcome for samples x, computed by what was written; None where nothing on this machine can run it."""


class NotExpressible(UserError):
    """A layer that a form of export does not have."""

    def __init__(self, step: Step, target: str, reason: str = "", hint: str = ""):
        why = f": {reason}" if reason else ""
        super().__init__(
            f"the layer {step.name} ({step.layer.yaml_name}) cannot be exported to {target}{why}", hint
        )
