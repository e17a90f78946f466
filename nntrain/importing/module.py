"""Module: the tensors of one layer in a file of another framework, and what the file says about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array of a file, which is loaded once its shape is known to be right: a file can declare shapes that no memory holds."""

    name: str  # in the file
    shape: Shape
    dtype: str
    load: Callable[[], np.ndarray]

    @classmethod
    def of(cls, name: str, array: np.ndarray) -> "Tensor":
        return cls(name, array.shape, str(array.dtype), lambda: array)

    @property
    def is_real(self) -> bool:
        return self.dtype in ("float16", "bfloat16", "float32", "float64")


@dataclass(eq=False)
class Module:
    """The tensors of a layer by the framework's keys, such as `weight` and `bias`."""

    name: str
    tensors: dict[str, Tensor]
    kinds: frozenset[str] = frozenset()  # the layers of nntrain that it can be, where the file says so
    reverse: bool | None = None  # whether it reads sequences from the end, where the file says so
    channels_first: bool = False  # flattened images and sequences come with their channels first
    options: Mapping[str, object] = field(default_factory=dict)  # what the file knows, by our names
    activation: str | None = None  # that follows it, by our name; "" where the file says that there is none
    refusal: str = ""  # why no layer can take it
    is_optional: bool = False  # it may be something else than a layer, such as the scaling of the data

    def __str__(self) -> str:
        return self.name


@dataclass
class Source:
    """What a file holds."""

    framework: str  # "PyTorch", "Keras", "ONNX" or "nntrain"
    modules: list[Module]
    layout: str  # the rules of `layouts` that turn the arrays: "pytorch", "keras" or "nntrain"
    is_ordered: bool = True  # the modules are in the order in which the file's network defines them
    notes: tuple[str, ...] = ()
    ignored: tuple[
        str, ...
    ] = ()  # names of what no network needs for predictions, such as the state of an optimizer
