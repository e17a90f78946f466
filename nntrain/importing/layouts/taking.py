"""Taking: one attempt to fill a slot from a module, which keeps count of what it used."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.importing.module import Module, Shape, Tensor
from nntrain.importing.slots import Slot


class Misfit(Exception):
    """Why a module does not fit a slot."""


@dataclass(frozen=True)
class Value:
    """An array for a parameter or a state, the tensors that it comes from, and how it was turned."""

    array: np.ndarray
    sources: tuple[Tensor, ...]
    how: str = ""


class Taking:
    """Rules `take` the tensors that they expect and `put` what they make of them."""

    def __init__(self, module: Module, slot: Slot):
        self.module, self.slot = module, slot
        self.values: dict[str, Value] = {}
        self._used: set[str] = set()

    def shape(self, parameter: str) -> Shape:
        """Of a parameter of the slot. Raises Misfit where it has none."""
        if parameter not in self.slot.shapes:
            raise Misfit(f"{self.slot} has no {parameter}")
        return self.slot.shapes[parameter]

    def has(self, key: str) -> bool:
        return key in self.module.tensors

    def needs(self, parameter: str) -> bool:
        return parameter in self.slot.shapes

    def tensor(self, key: str) -> Tensor:
        """Raises Misfit where the module has none."""
        if key not in self.module.tensors:
            raise Misfit(f"{self.module} has no {key}")
        self._used.add(key)
        return self.module.tensors[key]

    def take(self, key: str, *shapes: Shape) -> np.ndarray:
        """The values in the first of these shapes; the others are the same values with axes of one place.

        Raises Misfit for another shape, which is compared before anything is loaded, or another type of numbers.
        """
        tensor = self.tensor(key)
        if tensor.shape not in shapes:
            message = f"{tensor.name} has shape {shown(tensor.shape)}; {self.slot} needs {shown(shapes[0])}"
            raise Misfit(message)
        if not tensor.is_real:
            raise Misfit(f"{tensor.name} holds {tensor.dtype}, not real numbers")
        return tensor.load().reshape(shapes[0])

    def put(self, parameter: str, array: np.ndarray, *keys: str, how: str = "") -> None:
        self.values[parameter] = Value(array, tuple(self.module.tensors[key] for key in keys), how)

    def copy(self, parameter: str, key: str, how: str = "") -> None:
        """One that needs no turning."""
        self.put(parameter, self.take(key, self.shape(parameter)), key, how=how)

    def bias(self, parameter: str = "bias", key: str = "bias") -> None:
        """A bias, which both sides have or neither."""
        if self.has(key) and not self.needs(parameter):
            raise Misfit(f"{self.module} has a {key}, and {self.slot} has none (`use_bias: true`)")
        if self.needs(parameter) and not self.has(key):
            raise Misfit(f"{self.module} has no {key}, and {self.slot} has one (`use_bias: false`)")
        if self.needs(parameter):
            self.copy(parameter, key)

    def finished(self) -> dict[str, Value]:
        """Raises Misfit if anything is left on either side."""
        if missing := [name for name in self.slot.shapes if name not in self.values]:
            raise Misfit(f"{self.module} has nothing for {', '.join(map(self.slot.full, missing))}")
        if unused := [key for key in self.module.tensors if key not in self._used]:
            raise Misfit(f"{self.slot} has nothing for {', '.join(f'{self.module}.{key}' for key in unused)}")
        for name, value in self.values.items():
            if value.array.shape != self.slot.shapes[name]:
                raise Misfit(f"{self.slot.full(name)} has another shape")
        return self.values


Rule = Callable[[Taking], None]


def shown(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
